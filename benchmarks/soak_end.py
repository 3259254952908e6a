"""What must be true of a store when everybody has left and it has been updated once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from pandas.testing import assert_frame_equal

from benchmarks.soak_market import FIRST_DAY, dataset, instant, shown, when_all_is_served
from benchmarks.soak_work import SYMBOLS, opened
from ml4t_nb import verbs
from ml4t_nb.errors import DatasetNotFound
from ml4t_nb.reports import RunReport

__all__ = ["healed"]


def healed(home: Path, today: int) -> list[str]:
    """What does not hold, some weeks later; empty if the store is the market's own and tidy."""
    later = when_all_is_served(today)
    return [fault for symbol in SYMBOLS for fault in _healed(home, symbol, later)]


def _healed(home: Path, symbol: str, today: int) -> Iterator[str]:
    ws, as_of = opened(home), instant(today)
    try:
        ws.store.snapshot(dataset(symbol))
        reports = [verbs.update(ws, symbol, as_of=as_of)]
        # Asked for again even where two empty answers have confirmed a gap.
        if ws.store.snapshot(dataset(symbol)).manifest.gaps:
            again = verbs.gaps(ws, symbol, refetch=True, as_of=as_of).run
            reports += [again] if again is not None else []
    except DatasetNotFound:
        reports = [
            verbs.load(
                ws, symbol, asset_class="crypto", frequency="hourly", start=FIRST_DAY, as_of=as_of
            )
        ]
    yield from _failures(reports)
    yield from _differences(home, symbol, today)
    yield from _litter(home, symbol)
    (judged,) = verbs.health(ws, symbol, verify=True, as_of=as_of).datasets
    if judged.state != "healthy":
        yield f"{symbol} is {judged.state} at the end: {judged.reason}"


def _failures(reports: list[RunReport]) -> Iterator[str]:
    for report in reports:
        for result in report.results:
            if result.record.error is not None:
                yield f"{result.dataset}: the last {report.verb}: {result.record.error.message}"


def _differences(home: Path, symbol: str, today: int) -> Iterator[str]:
    expected = shown(symbol, today)
    snapshot = opened(home).store.snapshot(dataset(symbol))
    for how, bars in (
        ("the reader", snapshot.bars()),
        ("pandas", pd.concat([pd.read_parquet(path) for path in snapshot.files()])),
    ):
        plain = bars if how == "the reader" else bars.set_index("timestamp").drop(columns="symbol")
        try:
            assert_frame_equal(
                plain, expected, check_exact=True, check_freq=False, check_index_type=False
            )
        except AssertionError as error:
            yield f"{symbol} by {how} is not the market's: {error}"


def _litter(home: Path, symbol: str) -> Iterator[str]:
    snapshot = opened(home).store.snapshot(dataset(symbol))
    data, state = (sorted((home / part / f"crypto/hourly/{symbol}").iterdir())
                   for part in ("data", "state"))  # fmt: skip
    if data != sorted(snapshot.files()):
        yield f"{symbol}: files are left over: {[path.name for path in data]}"
    manifest = snapshot.manifest
    files = (*manifest.rejected, *manifest.revisions, *manifest.records)
    logs = (file.file for file in files)
    wanted = sorted(["lock", f"m.{manifest.sequence:08d}.json", *logs])
    if [path.name for path in state] != wanted:
        yield f"{symbol}: manifests or logs are left over: {[path.name for path in state]}"
