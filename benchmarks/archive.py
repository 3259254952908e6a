"""What archiving saves, and what reading costs then: minutes as the store writes them, archived.

python -m benchmarks.archive
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pandas as pd

from benchmarks.bars import made
from ml4t_nb import verbs
from ml4t_nb.core.bars import make_bars
from ml4t_nb.model import DatasetConfig, DatasetId
from ml4t_nb.records import UpdateRecord
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.workspace import Workspace

_MINUTES = DatasetId("equities", "1m", "MADE")
_ROUNDS = 25


def main() -> None:
    """Print sizes and times of a store of five years of minutes, before and after."""
    with tempfile.TemporaryDirectory() as folder:
        ws = Workspace(replace(Settings(), home=Path(folder) / "store"))
        _store_made(ws)
        verbs.load(
            ws, "SYNTH", provider="synthetic", frequency="1m", start="2021-01-04",
            as_of="2023-12-29",
        )  # fmt: skip
        for symbol in ("MADE", "SYNTH"):
            size, whole, day = _measured(ws, symbol)
            began = perf_counter()
            verbs.archive(ws, symbol, before="2030-01-01", as_of="2030-01-02")
            seconds = perf_counter() - began
            after = _measured(ws, symbol)
            print(
                f"{symbol}: {size / 1e6:.2f} MB, archived {after[0] / 1e6:.2f} MB "
                f"({after[0] / size - 1:+.1%}) in {seconds:.1f} s; read {whole * 1e3:.1f} ms, "
                f"archived {after[1] * 1e3:.1f} ms ({after[1] / whole:.2f}x); a day of the middle "
                f"{day * 1e3:.2f} ms, archived {after[2] * 1e3:.2f} ms"
            )


def _store_made(ws: Workspace) -> None:
    bars = made("minute")
    index = pd.to_datetime(bars.stamps.astype("int64"), unit="us", utc=True)
    config = DatasetConfig("files", "XNYS", "split-adjusted", 0.1, "weekly", "lz4")
    at = index[-1].to_pydatetime()
    with ws.store.transaction(_MINUTES) as tx:
        tx.put(make_bars(index, {**bars.numbers}))
        tx.commit(Manifest.empty(_MINUTES, config), UpdateRecord(at, "load", "files", "changed"))


def _measured(ws: Workspace, symbol: str) -> tuple[int, float, float]:
    """Bytes of its files, and the least seconds in which all of it, and a day, were read."""
    (dataset,) = ws.store.stored_as(symbol)
    snapshot = ws.store.snapshot(dataset)
    bars = snapshot.bars()
    day = str(bars.index[len(bars) // 2].date())
    every, one = [], []
    for _ in range(_ROUNDS):
        began = perf_counter()
        verbs.bars(ws, symbol)
        every.append(perf_counter() - began)
        began = perf_counter()
        verbs.bars(ws, symbol, start=day, end=day)
        one.append(perf_counter() - began)
    return snapshot.manifest.bytes, min(every), min(one)


if __name__ == "__main__":
    main()
