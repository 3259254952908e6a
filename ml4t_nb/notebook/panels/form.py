"""A verb's options as fields, and what is in them as a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias

from ml4t_nb.commands.declaration import VERBS, Option, options
from ml4t_nb.model import Command
from ml4t_nb.notebook.panels.fold import Fold
from ml4t_nb.notebook.panels.symbol_field import SymbolField
from ml4t_nb.verbs.arguments import convert

__all__ = ["Form"]

Given: TypeAlias = Mapping[str, object]

_WIDTH = {"description_width": "8em"}


@dataclass(frozen=True, slots=True)
class _Field:
    """An option, and the widget that holds its value."""

    option: Option
    widget: Any

    @property
    def value(self) -> object:
        """What is in it; None for the verb's default."""
        value = self.widget.value
        value = value.strip() if isinstance(value, str) else value
        return None if value in (None, "", self.option.default) else value


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

    @property
    def command(self) -> Command:
        """The verb with its symbols and the options that differ from its defaults, as typed."""
        symbols = {"symbol": self.symbols.symbols} if self.symbols.symbols else {}
        values = {name: field.value for name, field in self._fields.items()}
        given = {name: value for name, value in values.items() if value is not None}
        return Command(self.verb, {**symbols, **given})

    def checked(self) -> Command:
        """The command with its values as the verb takes them.

        Raises
        ------
        OptionError
            If one is invalid: the run is not begun, instead of failing.
        """
        command, known = self.command, {name: each.option for name, each in self._fields.items()}
        arguments = {
            name: convert(value, known[name]) if name in known else value
            for name, value in command.arguments.items()
        }
        return replace(command, arguments=arguments)

    def field(self, name: str) -> Any:  # noqa: ANN401  # ipywidgets has no types
        """The widget of an option."""
        return self._fields[name].widget


def _field(option: Option, given: object, choices: Sequence[str]) -> _Field:
    widget = _widget(option, choices)
    if given is not None:
        widget.value = given.isoformat() if isinstance(given, date) else str(given)
    widget.add_class(f"ml4t-option-{option.name}")
    return _Field(option, widget)


def _widget(option: Option, choices: Sequence[str]) -> Any:  # noqa: ANN401  # ipywidgets has no types
    import ipywidgets

    common: dict[str, Any] = {
        "description": option.name.rstrip("_").replace("_", " "),
        "tooltip": option.help,
        "style": _WIDTH,
        "layout": {"width": "20em"},
    }
    if option.kind == "switch" and option.default is None:
        each = [("as usual", ""), ("yes", True), ("no", False)]
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
