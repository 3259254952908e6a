"""Several symbols on one axis, 100 at the first session that all of them have."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.core.bars import as_stamps, make_bars
from ml4t_nb.errors import OptionError
from ml4t_nb.model import DatasetId
from ml4t_nb.render.plots.chart import live_chart
from ml4t_nb.render.plots.rebased import rebased_legend
from ml4t_nb.render.plots.svg import svg_of
from ml4t_nb.render.text import report_text
from ml4t_nb.render.to_json import report_json
from ml4t_nb.reports import PlotReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.render.test_plots import NASTY, drawn, traces


def closes(symbol: str, values: dict[str, float], **more: Any) -> PlotReport:  # noqa: ANN401
    """Bars of those closes; a NaN is missing in a gap."""
    held = {day: value for day, value in values.items() if value == value}  # noqa: PLR0124  # NaN
    numbers = np.array([*held.values()])
    columns = dict.fromkeys(("open", "high", "low", "close"), numbers)
    missing = as_stamps([day for day in values if day not in held])
    name = DatasetId(more.pop("asset_class", "equities"), "daily", symbol)
    zone = more.pop("zone", "America/New_York")
    bars = make_bars(as_stamps([*held]), columns)
    return PlotReport(name, "sample", zone, bars, missing, (), **more)


NAN = float("nan")
STOCK = closes(
    "AAPL", {"2024-01-05": 50.0, "2024-01-08": 40.0, "2024-01-09": NAN, "2024-01-10": 44.0}
)
COIN = closes(
    "BTC-USD",
    {
        "2024-01-06": 10.0, "2024-01-07": 20.0, "2024-01-08": 30.0, "2024-01-09": 60.0,
        "2024-01-10": 15.0,
    },
    asset_class="crypto", zone="UTC",
)  # fmt: skip


def test_each_line_is_100_at_the_first_session_in_common() -> None:
    stock, coin = traces(replace(STOCK, beside=(COIN,)), "symbol")

    # The first day that both have is Monday the 8th.
    assert list(stock["x"]) == [0, 1, 2]
    assert np.array(stock["y"]) == pytest.approx([100, NAN, 110], nan_ok=True)
    assert list(coin["y"]) == [100, 200, 50]
    assert stock["connectgaps"] is False
    assert stock["name"] == "AAPL 44.00 +10.00 %"
    assert coin["name"] == "BTC-USD 15.00 \N{MINUS SIGN}50.00 %"
    assert stock["line"] != coin["line"]
    assert stock["line"]["dash"] != coin["line"]["dash"]
    legend = rebased_legend(replace(STOCK, beside=(COIN,)))
    assert [each.mark for each in legend] == ["line", f"line {coin['line']['dash']}"]


def test_a_day_that_only_another_has_does_not_break_a_line() -> None:
    stock = closes("AAPL", {"2024-01-05": 50.0, "2024-01-08": 40.0})
    coin = closes(
        "BTC-USD",
        {f"2024-01-0{day}": 10.0 for day in range(5, 9)},
        asset_class="crypto",
        zone="UTC",
    )

    line, other = traces(replace(stock, beside=(coin,)), "symbol")

    # Saturday and Sunday have their room, since the coin has bars there.
    assert (list(line["x"]), list(line["y"])) == ([0, 3], [100, 80])
    assert list(other["x"]) == [0, 1, 2, 3]
    title = drawn(replace(stock, beside=(coin,)))["layout"]["title"]
    assert "days of any of their calendars" in title["subtitle"]["text"]


def test_the_range_shows_all_lines_and_each_has_its_tag() -> None:
    layout = drawn(replace(STOCK, beside=(COIN,)))["layout"]

    low, high = layout["yaxis2"]["range"]
    assert (low < 50, high > 200) == (True, True)
    tags = [each for each in layout["annotations"] if each["name"] == "last"]
    assert [(each["text"], each["y"]) for each in tags] == [
        ("<b>AAPL</b>", pytest.approx(110)), ("<b>BTC-USD</b>", 50)
    ]  # fmt: skip


def test_tags_at_one_price_stand_one_above_the_other() -> None:
    same = [replace(STOCK, dataset=DatasetId("equities", "daily", name)) for name in "ABC"]

    tags = drawn(replace(same[0], beside=tuple(same[1:])))["layout"]["annotations"]

    assert sorted(each["yshift"] for each in tags if each["name"] == "last") == [-34, -17, 0]


def test_thinned_lines_keep_their_highest_and_lowest_closes_in_place() -> None:
    stamps = as_stamps(pd.date_range("1980-01-01", periods=9000, freq="D"))
    rng = np.random.default_rng(5)
    reports = []
    for symbol in ("A", "B"):
        prices = np.exp(np.cumsum(rng.normal(0, 0.01, len(stamps))))
        prices[rng.integers(1, len(stamps))] = 1e6
        columns = dict.fromkeys(("open", "high", "low", "close"), prices)
        name = DatasetId("crypto", "daily", symbol)
        bars = make_bars(stamps, columns)
        reports.append(PlotReport(name, "sample", "UTC", bars, as_stamps([]), ()))

    report = replace(reports[0], beside=(reports[1],))

    for line, each in zip(traces(report, "symbol"), reports, strict=True):
        values = each.bars["close"].to_numpy()
        shares = values * (100 / values[0])
        assert len(line["x"]) <= 2500
        assert np.array_equal(shares[list(line["x"])], np.array(line["y"]))
        assert (max(line["y"]), min(line["y"])) == (shares.max(), shares.min())
        assert (line["x"][0], line["x"][-1]) == (0, 8999)
    figure, facts = live_chart(report, (100, 199))
    assert {row for each in figure["data"] for row in each["x"]} == set(range(99, 201))
    assert len(json.dumps(figure)) + len(json.dumps(facts.to_json())) < 300_000


def test_a_living_comparison_says_the_values_of_each_step() -> None:
    figure, facts = live_chart(replace(STOCK, beside=(COIN,)))

    assert facts.is_compared
    assert facts.remarks == {
        0: ("AAPL 40.00 (100.00)", "BTC-USD 30.00 (100.00)"),
        1: ("BTC-USD 60.00 (200.00)",),
        2: ("AAPL 44.00 (110.00)", "BTC-USD 15.00 (50.00)"),
    }
    assert [(each.label, each.value, each.percent, each.sign) for each in facts.legend] == [
        ("AAPL", "44.00", "+10.00 %", "up"),
        ("BTC-USD", "15.00", "\N{MINUS SIGN}50.00 %", "down"),
    ]
    assert json.dumps([figure, facts.to_json()], allow_nan=False)


def test_the_still_picture_names_each_line_and_no_symbol_is_a_tag() -> None:
    nasty = replace(COIN, dataset=DatasetId("crypto", "daily", NASTY))

    text = svg_of(replace(STOCK, beside=(nasty,)))

    root = ET.fromstring(text)  # noqa: S314  # our own
    assert "AAPL 44.00 +10.00 %" in "".join(root.itertext())
    assert "<b>" not in text
    assert "<b>x" not in str(drawn(replace(STOCK, beside=(nasty,))))


@pytest.fixture
def ws(home: Path) -> Workspace:
    settings = Settings.read({"ML4T_DATA_HOME": str(home)}, folder=home.parent)
    ws = Workspace.open(settings)
    verbs.load(ws, ("AAPL", "MSFT"), provider="synthetic", start="2024-01-02", as_of="2024-01-31")
    verbs.load(
        ws, "BTC-USD", provider="synthetic", asset_class="crypto", start="2024-01-02",
        as_of="2024-01-31",
    )  # fmt: skip
    return ws


def test_the_verb_takes_several_symbols(ws: Workspace) -> None:
    report = verbs.plot(ws, ("AAPL", "MSFT", "AAPL"))

    assert [each.dataset.symbol for each in report.beside] == ["MSFT"]
    lines = report_text(report).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "equities/daily/AAPL (synthetic)", "equities/daily/MSFT (synthetic)"
    ]  # fmt: skip
    assert json.loads(report_json(report))["beside"] == ["equities/daily/MSFT"]
    months = verbs.plot(ws, ("AAPL", "MSFT"), frequency="monthly")
    assert json.loads(report_json(months))["frequency"] == "monthly"


def test_symbols_without_a_session_in_common_are_not_compared(ws: Workspace) -> None:
    # A Saturday and a Sunday.
    with pytest.raises(OptionError, match="no session in common"):
        verbs.plot(ws, ("AAPL", "BTC-USD"), start="2024-01-06", end="2024-01-07")


def test_minutes_of_different_calendars_are_not_compared(ws: Workspace) -> None:
    for symbol, kind in (("AAPL", "equities"), ("BTC-USD", "crypto")):
        verbs.load(
            ws, symbol, provider="synthetic", asset_class=kind, frequency="hourly",  # type: ignore[arg-type]  # one of them
            start="2024-01-29", as_of="2024-01-31",
        )  # fmt: skip

    with pytest.raises(OptionError, match="different calendars"):
        verbs.plot(ws, ("AAPL", "BTC-USD"), frequency="hourly")
