"""A store whose provider is a folder of files, which a test changes between updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from ml4t_nb import verbs
from ml4t_nb.model import Adjustment
from ml4t_nb.records import UpdateRecord
from ml4t_nb.reports import ReviewReport, RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.workspace import Workspace

__all__ = ["OwnFiles", "year_of_aapl"]

_Change = Callable[[Any], Any]


@cache
def year_of_aapl(folder: Path) -> pd.DataFrame:
    """Real daily bars of 2004, without a split or dividend, as a file has them."""
    ws = Workspace.open(replace(Settings(), home=folder))
    verbs.load(ws, "AAPL", provider="sample", start="2004-01-02", as_of="2004-12-31")
    return verbs.bars(ws, "AAPL")[["open", "high", "low", "close", "volume"]]


@dataclass
class OwnFiles:
    """The bars of a year as the file ACME.csv of a provider, and a store that takes them."""

    folder: Path

    def __post_init__(self) -> None:
        self.table: Any = year_of_aapl(self.folder / "sample").copy()
        (self.folder / "files").mkdir()
        settings = replace(
            Settings(), home=self.folder / "store", files=self.folder / "files", provider="files"
        )
        self.ws = Workspace.open(settings)

    def write(self, change: _Change = lambda table: table, *, until: str = "2004-12-31") -> None:
        """The file up to a date, with the bars changed as ``change`` does."""
        table: Any = change(self.table.copy()).loc[:until]
        table.insert(0, "date", [f"{stamp:%Y-%m-%d}" for stamp in table.index])
        table.to_csv(self.folder / "files" / "ACME.csv", index=False)

    def load(self, as_of: str) -> RunReport:
        return verbs.load(self.ws, "ACME", as_of=as_of)

    def update(self, as_of: str, **options: Any) -> RunReport:  # noqa: ANN401
        return verbs.update(self.ws, "ACME", as_of=as_of, **options)

    def bars(self, adjust: Adjustment = "splits") -> Any:  # noqa: ANN401  # pandas' stubs take no dates as words
        return verbs.bars(self.ws, "ACME", adjust=adjust)

    def review(self, **options: Any) -> ReviewReport:  # noqa: ANN401
        return verbs.review(self.ws, "ACME", **options)

    def undo(self, run: int | None = None, **options: Any) -> RunReport:  # noqa: ANN401
        return verbs.undo(self.ws, "ACME", run=run, **options)

    def findings(self) -> list[tuple[str, str, str]]:
        """Date, rule and state of each."""
        known = self.manifest.findings
        return [(f"{each.stamp:%Y-%m-%d}", each.rule, each.state) for each in known if each.stamp]

    def gaps(self) -> list[tuple[str, str, str | None]]:
        """First date, state and fill of each."""
        return [(f"{gap.start:%Y-%m-%d}", gap.state, gap.filled_by) for gap in self.manifest.gaps]

    @property
    def manifest(self) -> Manifest:
        (dataset,) = self.ws.store.datasets()
        return self.ws.store.snapshot(dataset).manifest

    @property
    def last(self) -> UpdateRecord:
        return self.manifest.recent[-1]

    def files(self) -> dict[Path, tuple[int, bytes]]:
        """Every file of the store, with the time at which it was written, and the folders."""
        paths = sorted(self.ws.settings.home.rglob("*"))
        return {
            path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
            for path in paths
        }
