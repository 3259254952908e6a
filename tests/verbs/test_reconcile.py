"""Bars taken from a second provider: exactly what was asked for, on the stored scale and basis."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.cli import main
from ml4t_nb.errors import Ml4tError, OptionError, RangeRefused, Suspicious
from ml4t_nb.model import Adjustment, DatasetId, Frequency
from ml4t_nb.pipeline.compare import OtherBars, fetch_other
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.verbs import bars, compare, export, gaps, load, reconcile, review, undo, update
from ml4t_nb.workspace import Workspace

AAPL = DatasetId("equities", "daily", "AAPL")
AS_OF = "2006-01-03"
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
PRICES = ["open", "high", "low", "close"]
Change = Callable[[Any], Any]

# Six bars before the split of 2005-02-28, and the ex-date itself.
MISSING = ["2004-03-10", "2004-03-11"]
SPIKE = "2004-06-15"
LOST = "2004-07-01"
DIFFERENT = "2004-08-10"


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Three years of AAPL, split 2:1 on 2005-02-28, on the basis of the last bar."""
    ws = Workspace.open(Settings(home=tmp_path_factory.mktemp("truth")))
    load(ws, "AAPL", provider="sample", start="2003-01-02", as_of=AS_OF)
    return bars(ws, "AAPL")


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
    settings = Settings(home=tmp_path / "store", files=tmp_path / "own")
    return Workspace(settings, clock=lambda: NOW)


def as_traded(table: Any) -> Any:  # noqa: ANN401
    """As it was before the split: prices twice as high, volumes half as high."""
    before = table.index < pd.Timestamp("2005-02-28", tz="UTC")
    table.loc[before, PRICES] *= 2
    table.loc[before, "volume"] /= 2
    return table


def write(ws: Workspace, folder: str, table: Any) -> None:  # noqa: ANN401
    table = table[[*PRICES, "volume", "split"]].rename(columns={"split": "splits"})
    table.insert(0, "date", [f"{stamp:%Y-%m-%d}" for stamp in table.index])
    table.to_csv(ws.settings.home.parent / folder / "AAPL.csv", index=False)


def planted(table: Any) -> Any:  # noqa: ANN401
    """The faults of the dataset's own provider."""
    table.loc[SPIKE, "high"] *= 3
    table.loc[LOST, "volume"] = 0.0
    table.loc[DIFFERENT, PRICES] *= 1.01
    return table.drop(pd.DatetimeIndex(MISSING, tz="UTC"))


def loaded(
    ws: Workspace, truth: pd.DataFrame, *, own: Adjustment = "splits", other: Change = lambda t: t
) -> str:
    """The name of the other provider, once the dataset is stored with its faults."""
    table = planted(truth.copy())
    write(ws, "own", as_traded(table) if own == "raw" else table)
    write(ws, "other", other(truth.copy()))
    load(ws, "AAPL", provider="files", as_of=AS_OF)
    return f"files:{ws.settings.home.parent / 'other'}"


def test_it_is_read_before_and_after(ws: Workspace, truth: pd.DataFrame) -> None:
    other = loaded(ws, truth)
    before = bars(ws, "AAPL")
    reconciled(ws, other, "missing,suspect")
    after = bars(ws, "AAPL")
    assert len(after) > len(before)
    undo(ws, "AAPL", as_of=AS_OF)

    assert_frame_equal(bars(ws, "AAPL", version=1), before)
    assert_frame_equal(bars(ws, "AAPL", version=2), after)
    assert_frame_equal(bars(ws, "AAPL", version=3), bars(ws, "AAPL"))


def reconciled(ws: Workspace, other: str, take: str, **options: Any) -> UpdateResult:  # noqa: ANN401
    (result,) = reconcile(ws, "AAPL", with_=other, take=take, as_of=AS_OF, **options).results
    return result


def manifest(ws: Workspace) -> Manifest:
    return ws.store.snapshot(AAPL).manifest


def in_pence(table: Any) -> Any:  # noqa: ANN401
    table[PRICES] *= 100
    return table


def in_lots(table: Any) -> Any:  # noqa: ANN401
    table["volume"] /= 100
    return table


@pytest.mark.parametrize("own", ["splits", "raw"])
@pytest.mark.parametrize("other", [lambda t: t, as_traded, in_pence, in_lots])
def test_exactly_what_was_asked_for_is_taken_on_any_basis_and_in_any_unit(
    ws: Workspace, truth: pd.DataFrame, own: Adjustment, other: Change
) -> None:
    name = loaded(ws, truth, own=own, other=other)
    before = bars(ws, "AAPL")
    raw = bars(ws, "AAPL", adjust="raw")

    first = reconciled(ws, name, "missing,suspect,volume")

    assert (first.record.verb, first.record.provider) == ("reconcile", name)
    assert (first.record.added, first.record.revised) == (2, 2)
    assert first.record.notes[0] == (f"taken from {name}: 2 missing bars, 1 suspect bar, 1 volume")
    after = bars(ws, "AAPL", provenance=True)
    taken = pd.DatetimeIndex([*MISSING, SPIKE, LOST], tz="UTC")
    assert list(after.index[after["provider"] == name]) == list(taken)
    columns = [*PRICES, "volume", "dividend", "split"]
    pd.testing.assert_frame_equal(
        after.loc[taken, columns], truth.loc[taken, columns], rtol=1e-9, check_freq=False
    )
    # What was not asked for is as it was, bit for bit.
    others = before.index.difference(taken)
    assert_frame_equal(after.loc[others, columns], before.loc[others, columns])
    assert_frame_equal(bars(ws, "AAPL", adjust="raw").loc[others], raw.loc[others])

    second = reconciled(ws, name, "different", start="2004-08-01", end="2004-08-31")

    assert (second.record.added, second.record.revised) == (0, 1)
    assert_frame_equal(bars(ws, "AAPL")[columns], truth[columns], rtol=1e-9, check_freq=False)
    report = compare(ws, "AAPL", with_=name, as_of=AS_OF)
    assert (report.differences, report.only_stored, report.only_other) == ((), (), ())


def test_what_was_taken_is_recorded(ws: Workspace, truth: pd.DataFrame) -> None:
    name = loaded(ws, truth)
    start = manifest(ws)
    spiked = [each for each in start.findings if each.rule == "spike"]
    lost = bars(ws, "AAPL").loc[SPIKE]

    result = reconciled(ws, name, "missing,suspect,volume")

    after = manifest(ws)
    assert after.updated == start.updated
    assert after.recent[-1] == result.record
    assert result.record.version == after.sequence == result.version
    assert {(r.column, round(r.old / r.new, 6)) for r in result.record.revisions[:1]} == {
        ("high", 3.0)
    }
    assert after.gaps == ()
    assert [each.version for each in after.refusals] == [after.sequence]
    (spike,) = [each for each in after.findings if each.rule == "spike"]
    assert (spike.state, spiked[0].state) == ("corrected", "open")
    assert spike.decision is not None
    assert (spike.decision.at, spike.decision.by) == (NOW, "reconcile")
    assert spike.decision.reason == f"taken from {name}"
    assert spike.decision.version == after.sequence
    assert [each for each in after.findings if each.is_open and each.severity != "note"] == []
    logged = ws.store.snapshot(AAPL).revised_rows()
    logged = logged[logged["version"] == after.sequence]
    assert sorted(logged["change"]) == ["added", "added", "replaced", "replaced"]
    row = logged[logged["timestamp"] == pd.Timestamp(SPIKE, tz="UTC")].iloc[0]
    assert (row["high"], row["provider"]) == (lost["high"], "files")


def test_filled_bars_are_missing_ones(ws: Workspace, truth: pd.DataFrame) -> None:
    name = loaded(ws, truth)
    gaps(ws, "AAPL", refill="forward", as_of=AS_OF)
    assert bars(ws, "AAPL")["filled"].sum() == 2

    result = reconciled(ws, name, "missing")

    assert (result.record.added, result.record.filled) == (2, 0)
    assert not bars(ws, "AAPL")["filled"].any()
    assert list(bars(ws, "AAPL").loc[MISSING, "close"]) == pytest.approx(
        list(truth.loc[MISSING, "close"])
    )


def test_a_rejected_bar_is_taken_when_rejected_ones_are_asked_for(
    ws: Workspace, truth: pd.DataFrame
) -> None:
    name = loaded(ws, truth)
    with ws.store.transaction(AAPL) as tx:
        state = tx.manifest
        assert state is not None
        rejected = tuple(replace(each, state="rejected") for each in state.gaps)
        record = UpdateRecord(NOW, "review", "files", "changed")
        tx.commit(replace(state, gaps=rejected), record)

    assert reconciled(ws, name, "missing").record.outcome == "unchanged"
    assert reconciled(ws, name, "rejected").record.added == 2
    assert manifest(ws).gaps == ()


def test_only_the_range_is_taken(ws: Workspace, truth: pd.DataFrame) -> None:
    name = loaded(ws, truth)

    result = reconciled(ws, name, "missing,suspect,volume", start="2004-03-11", end="2004-06-15")

    assert (result.record.added, result.record.revised) == (1, 1)
    assert [f"{gap.start:%Y-%m-%d}" for gap in result.gaps] == ["2004-03-10"]
    assert result.record.gaps_open == 1


@pytest.mark.parametrize("own", ["splits", "raw"])
def test_a_suspect_bar_that_both_have_alike_stays_suspect(
    ws: Workspace, truth: pd.DataFrame, own: Adjustment
) -> None:
    def spiked(table: Any) -> Any:  # noqa: ANN401
        table.loc[SPIKE, "high"] *= 3
        return table

    name = loaded(ws, truth, own=own, other=spiked)
    before = manifest(ws)

    result = reconciled(ws, name, "suspect", start=SPIKE, end=SPIKE)

    assert result.record.outcome == "unchanged"
    assert result.record.notes == (
        f"nothing was taken from {name}",
        f"{name} has the same: 2004-06-15",
    )
    assert manifest(ws) == before


def test_a_taken_bar_that_breaks_a_rule_is_a_new_finding(
    ws: Workspace, truth: pd.DataFrame
) -> None:
    def spiked(table: Any) -> Any:  # noqa: ANN401
        table.loc[MISSING[0], "low"] /= 3
        return table

    result = reconciled(ws, loaded(ws, truth, other=spiked), "missing")

    (found,) = result.findings
    assert (f"{found.stamp:%Y-%m-%d}", found.rule) == (MISSING[0], "spike")
    assert found in manifest(ws).findings


@pytest.mark.parametrize("own", ["splits", "raw"])
def test_what_was_taken_is_taken_back_bit_for_bit(
    ws: Workspace, truth: pd.DataFrame, own: Adjustment
) -> None:
    name = loaded(ws, truth, own=own)
    gaps(ws, "AAPL", refill="interpolate", as_of=AS_OF)
    views: tuple[Adjustment, ...] = ("raw", "splits", "all")
    before = [bars(ws, "AAPL", adjust=how, provenance=True) for how in views]
    start = manifest(ws)
    reconciled(ws, name, "missing,suspect,volume")
    reconciled(ws, name, "different", start="2004-08-01", end="2004-08-31")

    undo(ws, "AAPL", as_of=AS_OF)
    undo(ws, "AAPL", as_of=AS_OF)

    after = [bars(ws, "AAPL", adjust=how, provenance=True) for how in views]
    for each, other in zip(after, before, strict=True):
        assert_frame_equal(each, other)
    end = manifest(ws)
    assert (end.findings, end.sources) == (start.findings, ())
    spans = [[(gap.span, gap.state, gap.filled_by) for gap in each.gaps] for each in (start, end)]
    assert spans[0] == spans[1] != []
    assert end.refusals == ()


def test_a_bar_that_a_person_rejected_is_taken_and_stays_decided(
    ws: Workspace, truth: pd.DataFrame
) -> None:
    name = loaded(ws, truth)
    review(ws, "AAPL", rule="spike", reject="three times too high", as_of=AS_OF)
    assert pd.Timestamp(SPIKE, tz="UTC") not in bars(ws, "AAPL").index

    result = reconciled(ws, name, "rejected")

    assert result.record.notes == (f"taken from {name}: 1 rejected bar",)
    assert bars(ws, "AAPL").loc[SPIKE, "high"] == pytest.approx(truth.loc[SPIKE, "high"])
    (spike,) = [each for each in manifest(ws).findings if each.rule == "spike"]
    assert spike.state == "rejected"
    update(ws, "AAPL", lookback_days=1000, as_of="2006-01-04")
    assert bars(ws, "AAPL", provenance=True).loc[SPIKE, "provider"] == name


def test_the_same_answer_of_the_own_provider_does_not_bring_them_back(
    ws: Workspace, truth: pd.DataFrame
) -> None:
    name = loaded(ws, truth)
    reconciled(ws, name, "missing,suspect,volume")
    taken = bars(ws, "AAPL", provenance=True)

    update(ws, "AAPL", lookback_days=1000, as_of="2006-01-04")

    assert_frame_equal(bars(ws, "AAPL", provenance=True).loc[: taken.index[-1]], taken)


def only(first: str, last: str) -> Change:
    return lambda table: table.loc[first:last]


def on_another_scale_from(day: str) -> Change:
    def change(table: Any) -> Any:  # noqa: ANN401
        table.loc[day:, PRICES] *= 0.97
        return table

    return change


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (only("2004-03-10", "2004-03-12"), Suspicious, "2004-03-10 has fewer than three bars in"),
        (only("2004-03-10", "2004-03-11"), RangeRefused, "no bar in common"),
        (on_another_scale_from("2004-03-11"), Suspicious, "2004-03-10 is where the scale between"),
        (on_another_scale_from("2004-03-13"), Suspicious, "2004-03-10 is where the scale between"),
        (on_another_scale_from("2004-03-09"), Suspicious, "2004-03-10 is where the scale between"),
    ],
)
def test_a_join_that_cannot_be_compared_is_refused_and_nothing_changed(
    ws: Workspace, truth: pd.DataFrame, other: Change, error: type[Ml4tError], message: str
) -> None:
    name = loaded(ws, truth, other=other)
    before = stored(ws)

    with pytest.raises(error, match=message) as caught:
        reconciled(ws, name, "missing")

    assert "nothing was changed" in str(caught.value.hint)
    assert stored(ws) == before


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"with_": None}, OptionError, "reconcile needs another provider"),
        ({"with_": "files"}, OptionError, "files is the provider of equities/daily/AAPL itself"),
        ({"with_": "nowhere"}, OptionError, "unknown provider 'nowhere'"),
        ({"take": None}, OptionError, "reconcile needs to know what to take"),
        ({"take": "missing,suspects"}, OptionError, "'suspects' is nothing to take"),
        ({"take": "different"}, OptionError, "--take different alone would replace every bar"),
        ({"tolerance": 1}, OptionError, "--tolerance 1 must be at least 0 and below 1"),
        ({"symbol": ["AAPL", "MSFT"]}, OptionError, "reconcile takes exactly one symbol"),
        ({"as_of": "2005-01-03"}, Ml4tError, "was updated as of 2006-01-03"),
    ],
)
def test_what_cannot_be_taken_is_one_sentence(
    ws: Workspace,
    truth: pd.DataFrame,
    options: dict[str, object],
    error: type[Ml4tError],
    message: str,
) -> None:
    name = loaded(ws, truth)
    before = stored(ws)
    given: dict[str, Any] = {
        "symbol": "AAPL", "with_": name, "take": "missing", "as_of": AS_OF, **options
    }  # fmt: skip

    with pytest.raises(error, match=message) as caught:
        reconcile(ws, **given)

    assert caught.value.hint
    assert stored(ws) == before


@pytest.mark.parametrize(
    ("frequency", "hole", "missing"),
    [
        # From 15:00 in New York on Wednesday to 10:30 on Thursday, and two weeks.
        ("30m", "2024-01-10T20:00Z/2024-01-11T15:30Z", 4),
        ("weekly", "2024-01-22/2024-02-03", 2),
    ],
)
def test_minutes_and_weeks_are_taken_too(
    tmp_path: Path, frequency: Frequency, hole: str, missing: int
) -> None:
    whole = Workspace.open(Settings(home=tmp_path / "whole", provider="synthetic"))
    start = "2024-01-02" if frequency == "30m" else "2023-06-05"
    as_of = "2024-01-16" if frequency == "30m" else "2024-05-31"
    load(whole, "DEMO", frequency=frequency, start=start, as_of=as_of)
    expected = bars(whole, "DEMO")
    (tmp_path / "other").mkdir()
    export(whole, "DEMO", out=tmp_path / "other" / "DEMO.csv")
    ws = Workspace.open(Settings(home=tmp_path / "own", provider="synthetic", synthetic_holes=hole))  # type: ignore[arg-type]  # text
    load(ws, "DEMO", frequency=frequency, start=start, as_of=as_of)
    assert len(bars(ws, "DEMO")) == len(expected) - missing

    name = f"files:{tmp_path / 'other'}"
    (result,) = reconcile(ws, "DEMO", with_=name, take="missing", as_of=as_of).results

    assert (result.record.added, result.gaps) == (missing, ())
    assert_frame_equal(bars(ws, "DEMO"), expected, rtol=1e-12, check_freq=False)


def test_what_another_writer_decided_meanwhile_holds(
    ws: Workspace, truth: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = loaded(ws, truth)

    def closes_the_gap_after(*args: Any) -> OtherBars:  # noqa: ANN401
        fetched = fetch_other(*args)
        gaps(ws, "AAPL", start="2004-03-10", end="2004-03-11", close="a storm", as_of=AS_OF)
        return fetched

    # An observer is told in the caller's thread, while the run goes on: it would be too late.
    monkeypatch.setattr("ml4t_nb.pipeline.reconcile.fetch_other", closes_the_gap_after)

    result = reconciled(ws, name, "missing,volume")

    assert (result.record.added, result.record.revised) == (0, 1)
    assert [gap.state for gap in manifest(ws).gaps] == ["closed"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--take", "missing"], 0),
        (["--take", "rejected"], 0),
        (["--take", "everything"], 2),
        (["--take", "different"], 2),
        (["--take", "missing", "--with", "sample", "--as-of", "2005-01-03"], 1),
    ],
)
def test_the_shell_says_by_its_code_how_it_went(
    ws: Workspace,
    truth: pd.DataFrame,
    words: list[str],
    code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["--with", loaded(ws, truth), "--as-of", AS_OF, *words]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ML4T_DATA_FILES", str(ws.settings.files))
        assert (
            main(["reconcile", "AAPL", *given, "--json", "--home", str(ws.settings.home)]) == code
        )

    document = json.loads(capsys.readouterr().out)
    assert document["verb"] == "reconcile"
    assert ("results" in document) == (code == 0)


@pytest.mark.parametrize("own", ["splits", "raw"])
def test_a_stretch_in_another_unit_is_taken_as_a_whole(
    ws: Workspace, truth: pd.DataFrame, own: Adjustment
) -> None:
    table: Any = truth.copy()
    table.loc["2003-06-02":"2003-07-15", PRICES] *= 100
    write(ws, "own", as_traded(table) if own == "raw" else table)
    write(ws, "other", truth)
    load(ws, "AAPL", provider="files", as_of=AS_OF)
    assert [each.rule for each in manifest(ws).findings if each.is_open] == ["unit"]

    result = reconciled(ws, f"files:{ws.settings.home.parent / 'other'}", "suspect")

    assert result.record.revised == 31
    assert [each.state for each in manifest(ws).findings] == ["corrected"]
    assert_frame_equal(bars(ws, "AAPL")[PRICES], truth[PRICES], rtol=1e-9, check_freq=False)


def test_weeks_that_are_as_traded_are_not_taken_across_a_split(
    ws: Workspace, truth: pd.DataFrame
) -> None:
    weeks: Any = as_traded(truth.copy())[[stamp.weekday() == 0 for stamp in truth.index]]
    write(ws, "own", weeks.drop(pd.Timestamp("2004-03-08", tz="UTC")))
    write(ws, "other", weeks)
    load(ws, "AAPL", provider="files", frequency="weekly", as_of=AS_OF)
    before = stored(ws)

    with pytest.raises(OptionError, match="its split") as caught:
        reconciled(ws, f"files:{ws.settings.home.parent / 'other'}", "missing", frequency="weekly")

    assert caught.value.hint
    assert stored(ws) == before


def test_a_taken_bar_follows_a_split_and_stays_that_of_its_provider(ws: Workspace) -> None:
    day = "2005-02-10"
    load(ws, "AAPL", provider="sample", start="2004-01-02", as_of="2005-02-25")
    table: Any = bars(ws, "AAPL").copy()
    table.loc[day, PRICES] *= 1.01
    write(ws, "other", table)
    name = f"files:{ws.settings.home.parent / 'other'}"
    reconcile(
        ws,
        "AAPL",
        with_=name,
        take="different",
        start="2005-02-01",
        end="2005-02-20",
        as_of="2005-02-25",
    )
    before = bars(ws, "AAPL", provenance=True).loc[day]

    (result,) = update(ws, "AAPL", as_of="2005-03-01").results

    after = bars(ws, "AAPL", provenance=True).loc[day]
    assert result.record.restatement is not None
    assert (after["close"], after["provider"]) == (before["close"] / 2, name)
    assert after["volume"] == before["volume"] * 2


def quoted_in(ws: Workspace, currency: str) -> None:
    with ws.store.transaction(AAPL) as tx:
        state = tx.manifest
        assert state is not None
        config = replace(state.config, currency=currency)
        record = UpdateRecord(NOW, "review", "files", "changed")
        tx.commit(replace(state, config=config), record)


def test_a_price_in_another_currency_is_not_taken(ws: Workspace, truth: pd.DataFrame) -> None:
    loaded(ws, truth)
    quoted_in(ws, "EUR")
    before = stored(ws)

    report = compare(ws, "AAPL", with_="sample", as_of=AS_OF)
    with pytest.raises(Suspicious, match="sample quotes USD, and equities") as caught:
        reconciled(ws, "sample", "missing")

    assert report.notes[0] == "sample quotes USD, where the stored prices are in EUR"
    assert "nothing was changed" in str(caught.value.hint)
    assert stored(ws) == before


def test_a_price_in_another_unit_of_the_currency_is_taken_on_the_scale(
    ws: Workspace, truth: pd.DataFrame
) -> None:
    write(ws, "own", in_pence(planted(truth.copy())))
    load(ws, "AAPL", provider="files", as_of=AS_OF)
    quoted_in(ws, "USX")

    report = compare(ws, "AAPL", with_="sample", as_of=AS_OF)
    result = reconciled(ws, "sample", "missing")

    words = "sample quotes USD, where the stored prices are in USX: 100 USX are 1 USD"
    assert report.notes[0] == words
    assert [each.factor for each in report.scales] == pytest.approx([0.01])
    assert words in result.record.notes
    pence, dollars = (each["close"].loc[MISSING].to_numpy() for each in (bars(ws, "AAPL"), truth))
    assert pence == pytest.approx(100 * dollars)


def test_nothing_to_take_is_said(ws: Workspace, truth: pd.DataFrame) -> None:
    name = loaded(ws, truth)
    before = stored(ws)

    result = reconciled(ws, name, "rejected,missing", start="2005-06-01")

    assert result.record.outcome == "unchanged"
    assert result.record.notes == ("no bar in that range is missing or rejected",)
    assert stored(ws) == before


def stored(ws: Workspace) -> dict[Path, bytes]:
    home = ws.settings.home
    return {
        path.relative_to(home): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.suffix in (".parquet", ".json") and "cache" not in path.parts
    }
