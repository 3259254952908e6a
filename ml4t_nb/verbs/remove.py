"""The verb that removes datasets, or bars of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.events import Changing
from ml4t_nb.model import AssetClass, DatasetId, Frequency
from ml4t_nb.reports import RemoveReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOf, Class, End, Freq, Home, Selection, Start
from ml4t_nb.verbs.select import days, required, select_named

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["remove"]


@served("job")
@verb
def remove(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    start: Start = None,
    end: End = None,
    forget: bool = False,
    yes: bool = False,
    as_of: AsOf = None,
    home: Home = None,
) -> RemoveReport:
    """Remove datasets, or part of them up to a date or from a date on.

    Parameters
    ----------
    symbol
        Symbols to remove; at least one.
    start
        First date to remove, inclusive.
    end
        Last date to remove, inclusive.
    forget
        Delete their past versions too, and the rows that were replaced or rejected; also those of
        datasets that were removed before.
    yes
        Confirm the removal; without it, list what would be removed and exit with 2.
    """
    from ml4t_nb.pipeline import run_remove
    from ml4t_nb.telling import forget as forget_told

    ws = ws.at(home)
    symbols = required(symbol, "remove")
    range_ = days(start, end)
    moment = ws.resolve_as_of(as_of)
    if forget and range_ != (None, None):
        raise OptionError("--forget removes whole datasets", hint="leave out --start and --end")
    gone = _removed_before(ws, symbols, asset_class, frequency) if forget else ()
    left = [each for each in symbols if each not in {one.symbol for one in gone}]
    stored = select_named(ws, left, asset_class, frequency) if left else ()
    chosen = (*stored, *gone)
    if forget:
        _require_unpinned(ws, chosen)
    if not yes:
        raise OptionError(
            f"remove would delete bars of {', '.join(str(each) for each in chosen)}",
            hint="add --yes to confirm",
        )
    ws.observer(Changing(chosen))
    removed: list[tuple[DatasetId, int | None]] = []
    for each in chosen:
        try:
            with _unpinned(ws, each) if forget else nullcontext():
                bars: int | None = 0
                if each in stored:
                    bars = run_remove(ws.store, each, *range_, moment, limits=ws.limits)
                if forget:
                    ws.store.erase(each)
        except Ml4tError as error:
            if removed:
                done = ", ".join(
                    f"{'bars' if count is None else f'{count:,} bars'} of {other}"
                    for other, count in removed
                )
                error.message += f" (removed before: {done})"
            raise
        removed.append((each, bars))
        if each not in ws.store.stored_as(each.symbol, each.asset_class, each.frequency):
            forget_told(ws.settings.home, each)
    ws.sweep()
    return RemoveReport(tuple(removed), whole=range_ == (None, None))


def _removed_before(
    ws: Workspace,
    symbols: Sequence[str],
    asset_class: AssetClass | None,
    frequency: Frequency | None,
) -> tuple[DatasetId, ...]:
    """Datasets of these symbols that are not stored, of which something is left."""
    from ml4t_nb.storage.past_size import left_by_hand

    now = ws.store.stored_by_symbol(symbols, asset_class, frequency)
    ever = ws.reading(lambda _: 0).store.stored_by_symbol(symbols, asset_class, frequency)
    by_hand = {
        each
        for each in left_by_hand(ws.settings.home)
        if asset_class in (None, each.asset_class) and frequency in (None, each.frequency)
    }
    return tuple(
        each
        for symbol in symbols
        if not now[symbol]
        for each in sorted({*ever[symbol], *(one for one in by_hand if one.symbol == symbol)})
    )


@contextmanager
def _unpinned(ws: Workspace, dataset: DatasetId) -> Iterator[None]:
    """OptionError if a version of the dataset is pinned; until the block ends, none will be."""
    from ml4t_nb.storage.pins import unchanging_pins

    with unchanging_pins(ws.settings.home, timeout_s=ws.settings.lock_timeout):
        _require_unpinned(ws, (dataset,))
        yield


def _require_unpinned(ws: Workspace, datasets: Sequence[DatasetId]) -> None:
    from ml4t_nb.storage.pins import read_pins

    for pin in read_pins(ws.settings.home).values():
        for each in datasets:
            if pin.version_of(each) is not None:
                raise OptionError(
                    f"a version of {each} is pinned as {pin.name!r}",
                    hint=f"keep it, or remove the pin first: pin {pin.name} --remove",
                )
