"""The panel of a verb that changes the store: its form, its line, its jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from ml4t_nb.commands.completion import stored
from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.notebook.panels.form import Form
from ml4t_nb.notebook.panels.input_guard import once
from ml4t_nb.notebook.panels.job_view import JobView
from ml4t_nb.notebook.panels.panel_command import ask
from ml4t_nb.render.html import FAINT, error_html
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.reports import ProvidersReport

__all__ = ["ChangePanel"]

Verb: TypeAlias = Literal["load", "update"]

_SHOWN: dict[Verb, tuple[str, ...]] = {
    "load": ("provider", "frequency", "start", "end"),
    "update": ("lookback_days", "fill_gaps", "fill_method", "max_fill"),
}
"""What most runs need, besides the symbols."""

_TITLES: dict[Verb, str] = {"load": "Load", "update": "Update"}
_VIEWS = 5


class ChangePanel:
    """A form that runs ``load`` or ``update`` in the background, and the runs it began.

    Parameters
    ----------
    given
        Values that options begin with, such as the as-of.
    changed
        Called when there is something new to keep; in any thread.
    """

    def __init__(
        self, verb: Verb, *, given: Mapping[str, object], changed: Callable[[], None]
    ) -> None:
        import ipywidgets

        self.verb = verb
        self._given, self._changed = given, changed
        self.views: list[JobView] = []
        self.form = Form(
            verb,
            shown=_SHOWN[verb],
            given=given,
            stored=self._stored(),
            providers=_providers(),
            changed=self._spell,
        )
        self.line = ipywidgets.HTML()
        self.run = once(
            ipywidgets.Button(
                description=_TITLES[verb],
                button_style="primary",
                tooltip="Run it in the background; the notebook stays responsive.",
            )
        )
        self.message = ipywidgets.HTML()
        self._jobs = ipywidgets.VBox()
        self.run.on_click(lambda _: self._start())
        for widget, name in (
            (self.run, "ml4t-run"),
            (self.line, "ml4t-line"),
            (self.message, "ml4t-message"),
        ):
            widget.add_class(name)
        going = ipywidgets.HBox([self.run, self.line], layout={"align_items": "center"})
        self.widget = ipywidgets.VBox([self.form.widget, going, self.message, self._jobs])
        self.widget.add_class(f"ml4t-{verb}")
        self._spell()

    def refresh(self) -> None:
        """Offer the symbols that are stored now."""
        self.form.symbols.offer(self._stored())

    def static_html(self) -> str:
        """The runs, and their results, as a saved notebook keeps them."""
        runs = [view.static_html() for view in self.views]
        return element("div", element("b", _TITLES[self.verb]), runs or ": nothing was run")

    def _stored(self) -> tuple[str, ...]:
        from pathlib import Path

        home = self._given.get("home")
        try:
            return stored(None if home is None else Path(str(home)))
        except Ml4tError:
            return ()  # the run itself will say what is wrong

    def _spell(self) -> None:
        line = element("code", spell(self.form.command, "%ml4t"))
        self.line.value = fragment(line, " ", element("span", "does the same", style=FAINT))

    def _start(self) -> None:
        self.message.value = ""
        try:
            command = self.form.checked()
            if self.verb == "load" and not command.arguments.get("symbol"):
                raise OptionError("load needs a symbol", hint="type one, then press Enter")
            if (same := JOBS.same(command)) is not None:
                raise OptionError(
                    f"job {same.number} is already doing this",
                    hint="wait for it to finish, or cancel it",
                )
        except Ml4tError as error:
            self.message.value = error_html(error)
            return
        view = JobView(JOBS.start(command), changed=self._changed)
        view.job.observe(self._ended)
        self.views = [view, *self.views][:_VIEWS]
        self._jobs.children = [each.widget for each in self.views]

    def _ended(self, job: Job) -> None:
        if job.is_over:
            self.refresh()


def _providers() -> tuple[str, ...]:
    report = ask("providers")
    assert isinstance(report, ProvidersReport)
    return tuple(each.name for each in report.providers)
