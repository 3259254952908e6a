"""The targets of a store, as ``[notify]`` of its ``ml4t.toml`` names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.notice import NoticeState
from ml4t_nb.options import did_you_mean
from ml4t_nb.settings_file import SettingsTable

__all__ = ["NotifyTarget", "read_targets"]

STATES: tuple[NoticeState, ...] = get_args(NoticeState)

_VARIABLE = re.compile(r"\$(\w+|\{\w+\})")
_SCHEME = re.compile(r"\s*([a-z][a-z0-9]{1,15})://", re.IGNORECASE)
_EXAMPLE = 'write it as {name} = "$ML4T_MAIL", or below [notify.{name}] as url and on'


@dataclass(frozen=True, slots=True)
class NotifyTarget:
    """Whom to tell: a person's mail, a channel of a chat, a program.

    Parameters
    ----------
    url
        What apprise sends to; it may hold a secret, so nothing shows it.
    on
        States to be told.
    error
        Why it cannot be told, in words that show no secret; empty if it can.
    """

    name: str
    url: str = field(repr=False)
    on: tuple[NoticeState, ...] = STATES
    error: str = ""

    @property
    def kind(self) -> str:
        """The scheme of the URL; empty if it has none."""
        found = _SCHEME.match(self.url)
        return found[1].lower() if found else ""


def read_targets(table: SettingsTable, environ: Mapping[str, str]) -> tuple[NotifyTarget, ...]:
    """The targets in ``[notify]``; what ``environ`` has stands for a URL that is ``"$NAME"``.

    One whose URL cannot be had has an error, since the others are to be told all the same.

    Raises
    ------
    SettingsInvalid
        If ``on`` is wrong, or a setting of a target does not exist.
    """
    general = _states(table) if "on" in table else STATES
    return tuple(_target(table, name, general, environ) for name in table if name != "on")


def _target(
    table: SettingsTable,
    name: str,
    general: tuple[NoticeState, ...],
    environ: Mapping[str, str],
) -> NotifyTarget:
    own, key, on = table, name, general
    if isinstance(table[name], Mapping):
        own, key = table.table(name), "url"
        own.require_known(("url", "on"), what="setting of a target")
        on = _states(own) if "on" in own else general
    try:
        return NotifyTarget(name, _url(own, key, name, environ), on)
    except SettingsInvalid as error:
        return NotifyTarget(name, "", on, f"{error.message} ({error.hint})")


def _url(table: SettingsTable, key: str, name: str, environ: Mapping[str, str]) -> str:
    """The target's URL; an error never repeats what stands there, since it may be one."""
    word = table.get(key)
    if not isinstance(word, str) or not word.strip():
        raise table.error(
            key if key in table else None,
            f"{name} needs one URL, or the name of a variable that holds it",
            _EXAMPLE.format(name=name),
        )
    variable = _VARIABLE.fullmatch(word.strip())
    if variable is None:
        return word
    known = variable[1].strip("{}")
    if not (found := environ.get(known, "").strip()):
        raise table.error(
            key, f"{name}: ${known} is not set", f"set {known} where the run starts, as in .env"
        )
    return found


def _states(table: SettingsTable) -> tuple[NoticeState, ...]:
    words = table["on"]
    if not isinstance(words, list) or not words:
        raise table.error("on", "on must be a list of states", f"choose from {', '.join(STATES)}")
    for word in words:
        if word not in STATES:
            raise table.error("on", f"unknown state {word!r}", did_you_mean(f"{word}", STATES))
    return tuple(each for each in STATES if each in words)
