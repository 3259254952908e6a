"""Wrong numbers planted in what a provider answers: found, said once, and gone when they heal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import date
from io import StringIO
from pathlib import Path

import pytest

from ml4t_nb.cli import main
from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId
from ml4t_nb.storage.store import Store
from tests.replay import Bar, Dividend, Fault, Listing, Replay, Split, sampled
from tests.yahoo.client import PRICES, evening, sessions_of, shares

ACME = DatasetId("equities", "daily", "ACME")
FAULTY, HEALED = 100, 110

# Stands for a volume that is not given.
_MISSING = -1

Spoil = Callable[[Bar], Bar]


def times(factor: float, *names: str) -> Spoil:
    """Some prices of a bar, or all, multiplied."""
    chosen = names or PRICES
    return lambda bar: replace(bar, **{name: getattr(bar, name) * factor for name in chosen})


def spoilt(listing: Listing, rows: Iterable[int], spoil: Spoil) -> Listing:
    wrong = set(rows)
    days = (spoil(bar) if row in wrong else bar for row, bar in enumerate(listing.days))
    return replace(listing, days=tuple(days))


def tenfold(listing: Listing) -> Listing:
    return spoilt(listing, [FAULTY], times(10))


def hundredfold(listing: Listing) -> Listing:
    return spoilt(listing, range(FAULTY, FAULTY + 6), times(100))


def spike(listing: Listing) -> Listing:
    return spoilt(listing, [FAULTY], times(1.3, "high", "close"))


def frozen(listing: Listing) -> Listing:
    first = listing.days[FAULTY]
    return spoilt(listing, range(FAULTY, FAULTY + 5), lambda bar: replace(first, start=bar.start))


def zero(listing: Listing) -> Listing:
    return spoilt(listing, [FAULTY], lambda bar: replace(bar, low=0.0))


def without_volume(listing: Listing) -> Listing:
    return spoilt(listing, [FAULTY], lambda bar: replace(bar, volume=_MISSING))


def paid_twice(listing: Listing) -> Listing:
    days = sessions_of(listing)
    return replace(listing, dividends=tuple(Dividend(days[FAULTY + at], 0.2) for at in (0, 2)))


def without_small_split(listing: Listing) -> Listing:
    """A stretch that a split of 5:4, later, has not restated."""
    return spoilt(listing, range(FAULTY, FAULTY + 3), times(1.25))


@dataclass(frozen=True)
class Planted:
    """A fault, the rule that finds it, from which row to which, and the words that tell it."""

    spoil: Callable[[Listing], Listing]
    rule: str
    first: int
    last: int
    words: str

    def __str__(self) -> str:
        return self.spoil.__name__


FAULTS = (
    # The last bar jumps; with the next one it is a spike.
    Planted(tenfold, "spike", FAULTY, FAULTY, r"factor of 10\.1|% above the prices beside it"),
    Planted(hundredfold, "unit", FAULTY, FAULTY + 5, r"another unit\?"),
    Planted(spike, "spike", FAULTY, FAULTY, "% above the prices beside it"),
    Planted(frozen, "frozen", FAULTY, FAULTY + 4, "5 bars repeat all prices"),
    Planted(zero, "price", FAULTY, FAULTY, "a price that is not positive"),
    Planted(without_volume, "no volume", FAULTY, FAULTY, "no volume"),
    Planted(paid_twice, "repeated dividend", FAULTY + 2, FAULTY + 2, r"reported twice\?"),
    Planted(without_small_split, "basis", FAULTY, FAULTY + 2, "as if without the split"),
)


@dataclass
class Source:
    """A provider that answers with what is listed, the store it fills, and the shell."""

    replay: Replay
    home: Path
    folder: Path | None

    def quote(self, listing: Listing) -> None:
        if self.folder is None:
            lost = [f"{listing.day_of(b.start)}" for b in listing.days if b.volume == _MISSING]
            self.replay.faults = [Fault("null_volume", times=-1, days=tuple(lost))]
            self.replay.market.listings["ACME"] = listing
            return
        cash = {each.day: each.amount for each in listing.dividends}
        ratio = {each.day: each.numerator / each.denominator for each in listing.splits}
        rows = ["Date,Open,High,Low,Close,Volume,Dividend,Split"]
        for day, bar in zip(sessions_of(listing), listing.days, strict=True):
            volume = "" if bar.volume == _MISSING else bar.volume
            prices = ",".join(str(each) for each in bar.prices)
            rows.append(f"{day},{prices},{volume},{cash.get(day, 0)},{ratio.get(day, 1)}")
        (self.folder / "ACME.csv").write_text("\n".join(rows))

    def says(self, verb: str, day: date) -> str:
        """What the verb prints under ``-q`` as of that evening."""
        self.replay.market.now = evening(day)
        words = ["ACME", "-q", "--as-of", evening(day).isoformat()]
        with redirect_stdout(StringIO()) as said:
            assert main([verb, *words]) == 0, said.getvalue()
        return said.getvalue()

    @property
    def findings(self) -> list[Finding]:
        found = Store(self.home).snapshot(ACME).manifest.findings
        return [each for each in found if each.severity != "note"]


@pytest.fixture(params=["yahoo", "files"])
def source(
    request: pytest.FixtureRequest,
    replay: Replay,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Source:
    monkeypatch.setenv("ML4T_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ML4T_DATA_PROVIDER", request.param)
    monkeypatch.setenv("ML4T_DATA_YAHOO_PER_MINUTE", "1000000")
    monkeypatch.setenv("ML4T_DATA_FILES", str(tmp_path))
    monkeypatch.setenv("ML4T_DATA_FILES_BASIS", "as-traded")
    return Source(replay, tmp_path / "home", tmp_path if request.param == "files" else None)


def share() -> Listing:
    """Half a year of a quiet share, with a split of 5:4 near its end."""
    listing = shares(sampled("IBM"), "2005-09-01", "2006-03-31")
    ex = sessions_of(listing)[FAULTY + 7]
    return shares(sampled("IBM"), "2005-09-01", "2006-03-31", split=Split(ex, 5, 4))


def ends_of(finding: Finding) -> tuple[date, date]:
    assert finding.stamp is not None
    return finding.stamp.date(), (finding.end or finding.stamp).date()


@pytest.mark.parametrize("loaded", [HEALED - 2, FAULTY - 1], ids=["load", "update"])
@pytest.mark.parametrize("planted", FAULTS, ids=str)
def test_a_fault_is_found_said_once_and_gone_when_it_heals(
    source: Source, planted: Planted, loaded: int
) -> None:
    true = share()
    days = sessions_of(true)
    source.quote(planted.spoil(true))

    said = [source.says("load", days[loaded])]
    said += [source.says("update", day) for day in days[loaded + 1 : HEALED]]

    told = [each for each in said if "⚠" in each]
    assert len(told) == 1, told
    assert re.search(planted.words, told[0])
    # yfinance answers 0 for a volume that is missing.
    is_counted = source.folder is None and planted.rule == "no volume"
    rule = "zero volume" if is_counted else planted.rule
    ends = (days[planted.first], days[planted.last])
    assert [(each.rule, *ends_of(each)) for each in source.findings if each.is_open] == [
        (rule, *ends)
    ]

    source.quote(true)
    said = [source.says("update", day) for day in days[HEALED : HEALED + 2]]

    assert [each for each in said if "⚠" in each] == []
    assert {each.state for each in source.findings} == {"corrected"}
