"""A second provider beside the stored bars: what was planted in it is found, nothing is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.model import Adjustment
from ml4t_nb.render.text import report_text
from ml4t_nb.reports import CompareReport
from ml4t_nb.settings import Settings
from ml4t_nb.verbs import bars, compare, load, update
from ml4t_nb.workspace import Workspace

AS_OF = "2006-01-03"
PRICES = ("open", "high", "low", "close")


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """Three years of AAPL, split 2:1 on 2005-02-28."""
    folder = tmp_path / "files"
    folder.mkdir()
    settings = replace(Settings(), home=tmp_path / "store", files=folder)
    workspace = Workspace.open(settings)
    load(workspace, "AAPL", provider="sample", start="2003-01-02", as_of=AS_OF)
    return workspace


def write(ws: Workspace, change: Callable[[Any], Any], adjust: Adjustment = "splits") -> None:
    """The stored bars as a file of the other provider, changed."""
    stored = bars(ws, "AAPL", adjust=adjust)
    table: Any = change(stored[[*PRICES, "volume"]].copy())
    table.insert(0, "date", [f"{stamp:%Y-%m-%d}" for stamp in table.index])
    assert ws.settings.files is not None
    table.to_csv(ws.settings.files / "AAPL.csv", index=False)


def compared(ws: Workspace, **options: object) -> CompareReport:
    return compare(ws, "AAPL", with_="files", as_of=AS_OF, **options)  # type: ignore[arg-type]


def planted(table: Any) -> Any:  # noqa: ANN401  # pandas' stubs take no dates as words
    table.loc["2004-03-10", "close"] *= 1.02
    table.loc["2004-06-15", list(PRICES)] *= 1.5
    table.loc["2004-07-01", "volume"] *= 40
    return table.drop(table.index[[300, 301]])


def seen(report: CompareReport) -> list[tuple[str, str, float]]:
    return [(f"{d.stamp:%Y-%m-%d}", d.column, round(d.share, 6)) for d in report.differences]


@pytest.mark.parametrize(
    ("adjust", "unit"), [("splits", 1.0), ("splits", 0.01), ("raw", 1.0), ("raw", 100.0)]
)
def test_exactly_what_was_planted_is_found_on_any_basis_and_in_any_unit(
    ws: Workspace, adjust: Adjustment, unit: float
) -> None:
    def change(table: Any) -> Any:  # noqa: ANN401
        table[list(PRICES)] *= unit
        return planted(table)

    write(ws, change, adjust)
    before = {path: path.read_bytes() for path in ws.settings.home.rglob("*") if path.is_file()}

    report = compared(ws)

    bar = [("2004-06-15", name, 0.5) for name in PRICES]
    assert sorted(seen(report)) == [("2004-03-10", "close", 0.02), *sorted(bar)]
    assert seen(report)[-1][0] == "2004-03-10"
    assert report.common == 755
    assert dict(report.agreeing) == {"open": 754, "high": 754, "low": 754, "close": 753}
    assert [f"{stamp:%Y-%m-%d}" for stamp in report.only_stored] == ["2004-03-12", "2004-03-15"]
    assert report.only_other == ()
    assert report.volumes_apart == 1
    factors = [each.factor for each in report.scales]
    expected = [unit] if adjust == "splits" else [2 * unit, unit]
    assert factors == pytest.approx(expected, rel=1e-6)
    after = {path: path.read_bytes() for path in ws.settings.home.rglob("*") if path.is_file()}
    assert after == before


def test_the_report_says_in_words_what_differs(ws: Workspace) -> None:
    write(ws, planted)

    text = report_text(compared(ws))

    assert "2004-03-10  close" in text
    assert "755 bars in common, 2 differ" in text
    assert "only sample has 2 bars: 2004-03-12, 2004-03-15" in text


def test_equal_bars_agree(ws: Workspace) -> None:
    write(ws, lambda table: table)

    report = compared(ws)

    assert (report.common, seen(report), report.scales[0].factor) == (757, [], 1.0)
    assert "✅ 757 bars in common, 0 differ" in report_text(report)


def test_a_range_and_a_tolerance_narrow_what_is_compared(ws: Workspace) -> None:
    write(ws, planted)

    assert seen(compared(ws, start="2004-03-01", end="2004-05-28", tolerance=0.03)) == []


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"with_": None}, OptionError, "compare needs another provider"),
        ({"with_": "nowhere"}, OptionError, "unknown provider 'nowhere'"),
        ({"tolerance": -0.1}, OptionError, "--tolerance -0.1 must be at least 0 and below 1"),
        ({"tolerance": 1}, OptionError, "--tolerance 1 must be at least 0 and below 1"),
        ({"symbol": ["AAPL", "MSFT"]}, OptionError, "compare takes exactly one symbol"),
        ({"start": "2010-01-04"}, OptionError, "equities/daily/AAPL has no bars in this range"),
        ({"as_of": "1999-01-04"}, OptionError, "has bars up to 2006-01-03, later than the as-of"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(
    ws: Workspace, options: dict[str, object], error: type[Ml4tError], message: str
) -> None:
    write(ws, planted)
    given: dict[str, object] = {"symbol": "AAPL", "with_": "files", "as_of": AS_OF, **options}

    with pytest.raises(error, match=message):
        compare(ws, **given)  # type: ignore[arg-type]


def test_providers_without_a_bar_in_common_say_so(ws: Workspace) -> None:
    def weekends(table: Any) -> Any:  # noqa: ANN401
        return table.iloc[:2].set_axis(pd.date_range("2003-01-04", periods=2))

    write(ws, weekends)

    report = compared(ws)

    assert report.common == 0
    assert "no bar in common with files" in report_text(report)


def test_the_bars_of_both_come_with_it_the_other_s_as_it_serves_them(ws: Workspace) -> None:
    def in_pence(table: Any) -> Any:  # noqa: ANN401
        table[list(PRICES)] *= 100
        return planted(table)

    write(ws, in_pence)

    report = compared(ws, start="2004-03-09", end="2004-07-30")

    assert report.stored_bars is not None
    assert report.other_bars is not None
    lacking = report.stored_bars.index.difference(report.other_bars.index)
    assert [f"{stamp:%Y-%m-%d}" for stamp in lacking] == ["2004-03-12", "2004-03-15"]
    ratios = (report.other_bars["close"] / report.stored_bars["close"]).round(6)
    assert ratios["2004-06-14":"2004-06-16"].tolist() == [100, 150, 100]


def test_bars_are_compared_as_they_were_known(ws: Workspace, tmp_path: Path) -> None:
    """As of Friday, before the split, both have the same prices; today's are half of those."""
    then = replace(ws, settings=replace(ws.settings, home=tmp_path / "then"))
    load(then, "AAPL", provider="sample", start="2005-01-03", as_of="2005-02-25")
    write(then, lambda table: table)
    update(then, "AAPL", as_of="2005-03-10")

    now = compare(then, "AAPL", with_="files", as_of="2005-03-10")
    assert [each.factor for each in now.scales] == [pytest.approx(2.0)]
    assert (now.version, now.is_past) == (2, False)
    for options in ({"known_on": "2005-02-25"}, {"version": 1}):
        report = compare(then, "AAPL", with_="files", as_of="2005-03-10", **options)
        assert (report.common, report.differences, report.version) == (38, (), 1)
        assert [each.factor for each in report.scales] == [1.0]
        assert "equities/daily/AAPL as version 1 left it: sample and files" in report_text(report)
