"""The verbs that keep versions under a name: a result can be computed again from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.options import as_symbols
from ml4t_nb.records import Pin, PinnedVersion
from ml4t_nb.reports import PinsReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import (
    AsOfUnused,
    ClassFilter,
    FreqFilter,
    Home,
    KnownOn,
    Selection,
)
from ml4t_nb.verbs.past import as_known, unknown_pin
from ml4t_nb.verbs.select import select

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["pin", "pins"]


@verb
def pin(
    ws: Workspace,
    /,
    name: str = "",
    *,
    symbol: Selection = (),
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    known_on: KnownOn = None,
    remove: bool = False,
    as_of: AsOfUnused = None,
    home: Home = None,
) -> PinsReport:
    """Keep the versions in force of all datasets, or of some, under a name.

    They can be read by it, however often they are restated later, and no retention drops them.

    Parameters
    ----------
    name
        The name: letters, digits, dots, dashes.
    remove
        Remove the pin of that name; its versions are dropped as any others.
    """
    from ml4t_nb.storage.pins import PINNABLE, changing_pins

    ws = ws.at(home)
    ws.resolve_as_of(as_of)
    if not PINNABLE.fullmatch(name):
        what = f"{name!r} is no name of a pin" if name else "pin needs a name"
        raise OptionError(what, hint="letters, digits, dots and dashes, such as paper-2026")
    ws.require_home()
    if remove:
        if symbol or known_on is not None:
            raise OptionError("a pin is removed as a whole", hint="name it, with --remove alone")
        with changing_pins(ws.settings.home, timeout_s=ws.settings.lock_timeout) as known:
            if name not in known:
                raise unknown_pin(name, known)
            del known[name]
        return PinsReport(tuple(known.values()), changed=name, home=ws.settings.home)
    then = as_known(ws, known_on, None)
    chosen = select(then, as_symbols(symbol), asset_class, frequency)
    if not chosen and known_on is not None:
        raise OptionError(
            f"nothing was known on {known_on} that could be pinned", hint="name a later day"
        )
    if not chosen:
        raise OptionError("nothing is stored that could be pinned", hint="load it first")
    with changing_pins(ws.settings.home, timeout_s=ws.settings.lock_timeout) as known:
        if name in known:
            raise OptionError(
                f"there is a pin {name!r} already, of {known[name].at:%Y-%m-%d %H:%M} UTC",
                hint=f"choose another name, or remove it: pin {name} --remove",
            )
        # Of now: nobody drops a version while the pins may change.
        manifests = [then.store.snapshot(each).manifest for each in chosen]
        versions = tuple(PinnedVersion(m.dataset, m.sequence, m.checksum) for m in manifests)
        known[name] = Pin(name, ws.clock(), versions)
    return PinsReport(tuple(known.values()), changed=name, home=ws.settings.home)


@served("read")
@verb
def pins(ws: Workspace, /, *, as_of: AsOfUnused = None, home: Home = None) -> PinsReport:
    """List the names under which versions are kept."""
    from ml4t_nb.storage.pins import read_pins

    ws = ws.at(home)
    ws.resolve_as_of(as_of)
    return PinsReport(tuple(read_pins(ws.settings.home).values()), home=ws.settings.home)
