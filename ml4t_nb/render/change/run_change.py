"""The bars around what changed, counted: every claim about them rests on these numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ml4t_nb.records import UpdateRecord
from ml4t_nb.reports import ComparedVersions, PlotReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

__all__ = ["RunChange", "run_change"]

_FIELDS = ("close", "open", "high", "low", "volume", "dividend", "split")


@dataclass(frozen=True, slots=True, eq=False)
class RunChange:
    """One run, or two versions, one field of the bars, and what became of each: a row each.

    Parameters
    ----------
    field
        What is drawn: the close, where the run restated; else what it changed most often.
    was, now
        The field before and after; NaN where there was no bar.
    ratios
        ``now`` over ``was``.
    factors
        By what most bars between the same two splits were multiplied; NaN where no restatement is
        said to have moved the bar.
    changed, added, removed
        What the run replaced, brought and took out.
    keeps
        Whether all four prices keep to the factor, but for their rounding.
    moved
        Of which a restatement is said to have moved the prices.
    earlier
        Those that were there before and after, up to the last that was moved.
    odd
        Those of ``earlier`` that did not move with the others.
    counts
        Of each field that was replaced anywhere, on how many bars.
    """

    report: PlotReport
    field: str
    stamps: pd.DatetimeIndex
    was: Floats
    now: Floats
    ratios: Floats
    factors: Floats
    changed: Flags
    added: Flags
    removed: Flags
    keeps: Flags
    moved: Flags
    earlier: Flags
    odd: Flags
    counts: dict[str, int]

    @property
    def record(self) -> UpdateRecord:
        """The run; only where no versions are compared."""
        assert self.report.record is not None
        return self.report.record

    @property
    def versions(self) -> ComparedVersions | None:
        """The versions that are compared; None of a run."""
        return self.report.versions

    @property
    def splits(self) -> tuple[tuple[datetime, float], ...]:
        """Ex-date and ratio of those by which bars are restated."""
        if self.versions is not None:
            return self.versions.splits
        restatement = self.record.restatement
        return () if restatement is None else restatement.splits

    @property
    def names(self) -> tuple[str, str]:
        """What either side is called: ``before`` and ``now``."""
        if self.versions is None:
            return "before", "now"
        return "then", "now" if self.versions.is_newest else f"version {self.versions.now}"

    @property
    def is_restated(self) -> bool:
        """Whether a restatement moved bars, and so the factor is what there is to see."""
        return bool(self.moved.any())

    @property
    def groups(self) -> dict[float, int]:
        """Each factor, from the oldest bars on, and how many bars kept to it."""
        import numpy as np

        kept = self.factors[self.moved & self.keeps]
        factors, firsts, counts = np.unique(kept, return_index=True, return_counts=True)
        order = np.argsort(firsts)
        return dict(zip(factors[order].tolist(), counts[order].tolist(), strict=True))

    @property
    def is_exact(self) -> bool:
        """Whether those that keep to their factor do so to the millionth."""
        assert self.report.changes is not None
        return bool((self.report.changes["prices"][self.moved & self.keeps] == "exact").all())

    @property
    def any_changed(self) -> Flags:
        """Replaced, brought or taken out."""
        return self.changed | self.added | self.removed

    def of_moved(self, column: str) -> Counter[str]:
        """How many of the moved bars have which word in a column of the report's ``changes``."""
        assert self.report.changes is not None
        counts = self.report.changes[column][self.moved].value_counts()
        return Counter({str(word): int(number) for word, number in counts.items()})


def run_change(report: PlotReport) -> RunChange:
    """The change that `plot` reports of one run, or of two versions."""
    import numpy as np
    import pandas as pd

    assert report.before is not None
    assert report.changes is not None
    changes = report.changes
    stamps = pd.DatetimeIndex(changes.index)
    was, now = (bars.reindex(stamps) for bars in (report.before, report.bars))
    kinds = changes["change"].to_numpy()
    counts, weights = {}, {}
    for name in _FIELDS:
        old, new = was[name].to_numpy(float), now[name].to_numpy(float)
        differs = ~((old == new) | (np.isnan(old) & np.isnan(new)))
        weights[name] = int(differs.sum())
        if number := int((differs & (kinds == "replaced")).sum()):
            counts[name] = number
    factors = changes["factor"].to_numpy(float)
    moved = (kinds == "replaced") & np.isfinite(factors) & (factors != 1)
    last = np.flatnonzero(moved)[-1] if moved.any() else -1
    is_both = (kinds == "same") | (kinds == "replaced")
    earlier = is_both & (np.arange(len(stamps)) <= last)
    keeps = (changes["prices"] != "other").to_numpy()
    field = "close" if moved.any() else max(_FIELDS, key=lambda name: weights[name])
    before, after = was[field].to_numpy(float), now[field].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = after / before
    return RunChange(
        report,
        field,
        stamps,
        before,
        after,
        ratios,
        factors,
        changed=kinds == "replaced",
        added=kinds == "added",
        removed=kinds == "removed",
        keeps=keeps,
        moved=moved,
        earlier=earlier,
        odd=earlier & ~(moved & keeps),
        counts=counts,
    )
