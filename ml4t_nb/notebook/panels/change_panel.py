"""The panel of a verb that changes the store: its form, its line, its jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ml4t_nb.commands.completion import stored
from ml4t_nb.commands.declaration import VERBS, Option, options
from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.model import Command
from ml4t_nb.notebook.panels.job_view import JobView
from ml4t_nb.notebook.panels.panel_command import ask
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.widgets import CENTRED, WRAPPED, Fold, Widget, button, field, html
from ml4t_nb.render.html import FAINT, error_html
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.reports import ProvidersReport
from ml4t_nb.verbs.arguments import convert

__all__ = ["ChangePanel"]

Verb: TypeAlias = Literal["load", "update"]

_SHOWN: dict[Verb, tuple[str, ...]] = {
    "load": ("provider", "frequency", "start", "end"),
    "update": ("lookback_days", "fill_gaps", "fill_method", "max_fill"),
}
"""What most runs need, besides the symbols."""

_WIDTH = {"description_width": "8em"}
_VIEWS = 5


class ChangePanel:
    """A form that runs ``load`` or ``update`` in the background, and the runs it began.

    ``given`` are values that options begin with, such as the as-of.
    """

    def __init__(self, verb: Verb, *, given: Mapping[str, object], changed: Changed) -> None:
        from ipywidgets import HBox, VBox

        self.verb = verb
        self._changed = changed
        self.views: list[JobView] = []
        self.form = _Form(verb, given=given, changed=self._spell)
        self.run = button(
            verb.title(),
            "run",
            self._start,
            "Run it in the background; the notebook stays responsive.",
            width=None,
            is_once=True,
            button_style="primary",
        )
        self.line, self.message, self._jobs = html("line"), html("message"), VBox()
        going = HBox([self.run, self.line], layout=CENTRED)
        self.widget = VBox([self.form.widget, going, self.message, self._jobs])
        self.widget.add_class(f"ml4t-{verb}")
        self._spell()

    def refresh(self) -> None:
        """Offer the symbols that are stored now."""
        self.form.refresh()

    def static_html(self) -> str:
        """The runs, and their results, as a saved notebook keeps them."""
        runs = [view.static_html() for view in self.views]
        return element("div", element("b", self.verb.title()), runs or ": nothing was run")

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
        view = JobView(JOBS.start(command), changed=self._changed, opens=True)
        view.job.observe(self._ended)
        self.views = [view, *self.views][:_VIEWS]
        self._jobs.children = [each.widget for each in self.views]

    def _ended(self, job: Job) -> None:
        if job.is_over:
            self.refresh()


@dataclass(frozen=True, slots=True)
class _Field:
    """An option, and the widget that holds its value."""

    option: Option
    widget: Widget

    @property
    def value(self) -> object:
        """What is in it; None for the verb's default."""
        value = self.widget.value
        value = value.strip() if isinstance(value, str) else value
        return None if value in (None, "", self.option.default) else value


class _SymbolField:
    """Symbols, chosen from those stored or typed: a field that offers, and tags of those chosen."""

    def __init__(self, placeholder: str, help_: str, changed: Callable[[], None]) -> None:
        from ipywidgets import Combobox, HBox, TagsInput

        box = Combobox(
            description="symbol",
            placeholder=placeholder,
            continuous_update=False,
            tooltip=help_,
            style=_WIDTH,
            layout={"width": "24em"},
        )
        # Tags alone would do, but offer no suggestions.
        tags = TagsInput(allow_duplicates=False, tooltip=help_, layout={"display": "none"})
        self._changed = changed
        self.box, self.tags = field(box, "symbol", self._add), field(tags, "tags", self._show)
        self.widget = HBox([self.box, self.tags], layout=WRAPPED)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Those chosen, in the order of choosing."""
        return tuple(self.tags.value)

    def _add(self) -> None:
        words = str(self.box.value).replace(",", " ").split()
        if words:
            self.tags.value = list(dict.fromkeys((*self.tags.value, *words)))
            self.box.value = ""

    def _show(self) -> None:
        self.tags.layout.display = "" if self.tags.value else "none"
        self._changed()


class _Form:
    """Fields for the options of one verb; ``given`` are values, not its own, that they begin with.

    The symbols and what most runs need is in sight, all else is folded away.
    """

    def __init__(
        self, verb: Verb, *, given: Mapping[str, object], changed: Callable[[], None]
    ) -> None:
        from ipywidgets import HBox, VBox

        self.verb = verb
        self._home = given.get("home")
        declared = {each.name: each for each in options(VERBS[verb])}
        symbol = declared.pop("symbol")
        takes_all = "stored if none" in symbol.help
        placeholder = "all that are stored" if takes_all else "AAPL, then Enter"
        self.symbols = _SymbolField(placeholder, symbol.help, changed)
        self.refresh()
        providers = ask(ProvidersReport, "providers").providers
        choices = {"provider": [each.name for each in providers]}
        self._fields: dict[str, _Field] = {}
        for name, option in declared.items():
            widget = _widget(option, choices.get(name, option.choices))
            if (value := given.get(name)) is not None:
                widget.value = value.isoformat() if isinstance(value, date) else str(value)
            self._fields[name] = _Field(option, field(widget, f"option-{name}", changed))
        near = [self._fields[name].widget for name in _SHOWN[verb]]
        far = [each.widget for name, each in self._fields.items() if name not in _SHOWN[verb]]
        more = Fold(HBox(far, layout=WRAPPED), "more", title="more options")
        self.widget = VBox([self.symbols.widget, HBox(near, layout=WRAPPED), more.widget])

    def refresh(self) -> None:
        """Offer the symbols that are stored now."""
        try:
            known = stored(None if self._home is None else Path(str(self._home)))
        except Ml4tError:
            known = ()  # the run itself will say what is wrong
        self.symbols.box.options = known

    @property
    def command(self) -> Command:
        """The verb with its symbols and the options that differ from its defaults, as typed."""
        symbols = {"symbol": self.symbols.symbols} if self.symbols.symbols else {}
        values = {name: field.value for name, field in self._fields.items()}
        given = {name: value for name, value in values.items() if value is not None}
        return Command(self.verb, {**symbols, **given})

    def checked(self) -> Command:
        """The command with its values as the verb takes them; OptionError if one is invalid."""
        command, known = self.command, {name: each.option for name, each in self._fields.items()}
        arguments = {
            name: convert(value, known[name]) if name in known else value
            for name, value in command.arguments.items()
        }
        return replace(command, arguments=arguments)

    def field(self, name: str) -> Widget:
        """The widget of an option."""
        return self._fields[name].widget


def _widget(option: Option, choices: Sequence[str]) -> Widget:
    import ipywidgets

    common: dict[str, Any] = {
        "description": option.name.rstrip("_").replace("_", " "),
        "tooltip": option.help,
        "style": _WIDTH,
        "layout": {"width": "20em"},
    }
    if option.kind == "switch" and option.default is not None:
        return ipywidgets.Checkbox(value=bool(option.default), **common)
    is_switch = option.kind == "switch"
    listed = [("yes", True), ("no", False)] if is_switch else [(each, each) for each in choices]
    if listed:
        # Not None, which a dropdown takes for "nothing chosen" and shows as an empty field.
        usual = [] if option.default in choices else [("as usual", "")]
        value = option.default or ""
        return ipywidgets.Dropdown(options=[*usual, *listed], value=value, **common)
    match option.kind:
        case "day" | "moment":
            # Not a picker: it keeps the date before where the one in sight is half typed, or of a
            # year with five digits, and would run with that.
            words = "YYYY-MM-DD" if option.kind == "day" else "YYYY-MM-DD or an instant"
            return ipywidgets.Text(placeholder=words, continuous_update=False, **common)
        case "whole" if option.default is not None:
            return ipywidgets.BoundedIntText(value=option.default, min=1, max=10**6, **common)
        case _:
            value = "" if option.default is None else str(option.default)
            return ipywidgets.Text(value=value, continuous_update=False, **common)
