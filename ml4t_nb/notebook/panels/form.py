"""A verb's options as fields, and what is in them as the words of a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from ml4t_nb.commands.declaration import VERBS, Option, options
from ml4t_nb.notebook.panels.fold import Fold
from ml4t_nb.notebook.panels.symbol_field import SymbolField
from ml4t_nb.options import as_day, as_moment

__all__ = ["Form"]

Given: TypeAlias = Mapping[str, object]

_WIDTH = {"description_width": "8em"}


@dataclass(frozen=True, slots=True)
class _Field:
    """An option's widget, and the words it stands for now."""

    option: Option
    widget: Any
    words: Callable[[], tuple[str, ...]]


class Form:
    """Fields for the options of one verb.

    Parameters
    ----------
    shown
        Options that are always in sight, the symbols besides; the others fold away.
    given
        Values that options begin with, other than the verb's own.
    stored
        Symbols to offer.
    providers
        Providers to choose from.
    changed
        Called after each change.
    """

    def __init__(
        self,
        verb: str,
        *,
        shown: Sequence[str],
        given: Given,
        stored: Sequence[str],
        providers: Sequence[str],
        changed: Callable[[], None],
    ) -> None:
        import ipywidgets

        self.verb = verb
        declared = {each.name: each for each in options(VERBS[verb])}
        symbol = declared.pop("symbol")
        takes_all = "stored if none" in symbol.help
        self.symbols = SymbolField(
            stored,
            placeholder="all that are stored" if takes_all else "AAPL, then Enter",
            help_=symbol.help,
            changed=changed,
        )
        choices = {"provider": providers}
        self._fields = {
            name: _field(option, given.get(name), choices.get(name, option.choices))
            for name, option in declared.items()
        }
        for field in self._fields.values():
            field.widget.observe(lambda _: changed(), "value")
        near = [self._fields[name].widget for name in shown]
        far = [field.widget for name, field in self._fields.items() if name not in shown]
        wrap = {"flex_flow": "row wrap"}
        self.more = Fold(ipywidgets.HBox(far, layout=wrap), title="more options")
        self.more.widget.add_class("ml4t-more")
        self.widget = ipywidgets.VBox(
            [self.symbols.widget, ipywidgets.HBox(near, layout=wrap), self.more.widget]
        )

    def words(self) -> tuple[str, ...]:
        """The command: the verb, its symbols, and the options that differ from its defaults."""
        symbols = self.symbols.symbols
        # Behind two dashes a symbol may begin with one.
        last = ("--", *symbols) if any(each.startswith("-") for each in symbols) else ()
        given = (word for field in self._fields.values() for word in field.words())
        return (self.verb, *(() if last else symbols), *given, *last)

    def check(self) -> None:
        """Nothing, if the dates that were typed are dates.

        Raises
        ------
        OptionError
            If one is none: the run is not begun, instead of failing.
        """
        for option, widget in ((each.option, each.widget) for each in self._fields.values()):
            if option.kind in ("day", "moment") and (typed := str(widget.value).strip()):
                read = as_day if option.kind == "day" else as_moment
                read(typed, option=option.flags[-1])

    def field(self, name: str) -> Any:  # noqa: ANN401  # ipywidgets has no types
        """The widget of an option."""
        return self._fields[name].widget


def _field(option: Option, given: object, choices: Sequence[str]) -> _Field:
    widget = _widget(option, choices)
    if given is not None:
        widget.value = given.isoformat() if isinstance(given, date) else str(given)
    widget.add_class(f"ml4t-option-{option.name}")
    return _Field(option, widget, lambda: _words(option, widget.value))


def _words(option: Option, value: object) -> tuple[str, ...]:
    if value in (None, "", option.default):
        return ()
    if option.kind == "switch" and isinstance(value, str):
        return (value,)
    if option.kind == "switch":
        return (option.flags[-1] if value else option.off_flags[0],)
    word = str(value).strip()
    # A value that begins with a dash would pass for an option.
    return (f"{option.flags[-1]}={word}",) if word.startswith("-") else (option.flags[-1], word)


def _widget(option: Option, choices: Sequence[str]) -> Any:  # noqa: ANN401  # ipywidgets has no types
    import ipywidgets

    common: dict[str, Any] = {
        "description": option.name.rstrip("_").replace("_", " "),
        "tooltip": option.help,
        "style": _WIDTH,
        "layout": {"width": "20em"},
    }
    if option.kind == "switch" and option.default is None:
        each = [("as usual", ""), ("yes", option.flags[-1]), ("no", option.off_flags[0])]
        return ipywidgets.Dropdown(options=each, value="", **common)
    if option.kind == "switch":
        return ipywidgets.Checkbox(value=bool(option.default), **common)
    if choices:
        # Not None, which a dropdown takes for "nothing chosen" and shows as an empty field.
        usual = [] if option.default in choices else [("as usual", "")]
        each = [*usual, *((choice, choice) for choice in choices)]
        return ipywidgets.Dropdown(options=each, value=option.default or "", **common)
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
