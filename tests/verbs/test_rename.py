"""A share that is listed under another name: its history goes on under that one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.core.adjust import undo_splits
from ml4t_nb.core.bars import Bars, concat
from ml4t_nb.errors import DatasetNotFound, Ml4tError, OptionError, Overtaken, Suspicious
from ml4t_nb.finding import Decision, Finding
from ml4t_nb.model import LoadArguments, NextStep, Span
from ml4t_nb.records import FormerName, Source
from ml4t_nb.reports import RunReport
from ml4t_nb.workspace import Workspace
from tests.verbs.two_names import (
    NOW,
    PRICES,
    Listed,
    bars_of,
    manifest,
    opened,
    symbols,
    two_names,
)

AS_OF = "2022-04-14"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return two_names(tmp_path / "home")


def rename(ws: Workspace, old: str = "FB", new: str = "META", **options: Any) -> RunReport:  # noqa: ANN401
    return verbs.rename(ws, (old, new), **{"as_of": AS_OF, **options})


def change(ws: Workspace, symbol: str, **fields: Any) -> None:  # noqa: ANN401
    """Leave something else in a manifest."""
    state = manifest(ws, symbol)
    with ws.store.transaction(state.dataset) as tx:
        tx.commit(replace(state, **fields), state.recent[-1])


def assert_bars(ws: Workspace, expected: Bars, symbol: str = "META") -> None:
    stored = verbs.bars(ws, symbol)
    pd.testing.assert_frame_equal(stored, expected, check_freq=False, check_exact=True)


def test_the_history_goes_on_under_the_new_name(ws: Workspace) -> None:
    before = manifest(ws, "META")

    report = rename(ws)

    assert symbols(ws) == ["META"]
    assert_bars(ws, bars_of())
    after = manifest(ws, "META")
    assert after.former_names == (FormerName("FB", date(2022, 3, 31)),)
    assert (after.updated, after.config) == (before.updated, before.config)
    # The bars before the first of the new name have not been compared with its provider's.
    assert after.verified is None
    (result,) = report.results
    assert (report.verb, result.record.verb, result.record.outcome) == (
        "rename",
        "rename",
        "changed",
    )
    # 2022-02-22 to 2022-03-24.
    assert result.record.added == 23
    assert result.record.notes == ("FB until 2022-03-31: 23 bars taken over",)
    assert not [*(ws.settings.home / "data").rglob("FB/*")]
    assert [*(ws.settings.home / "versions").rglob("FB/*.parquet")]


def test_the_next_update_compares_and_goes_on(ws: Workspace) -> None:
    provider = ws.provider("listed")
    assert isinstance(provider, Listed)
    rename(ws)
    provider.bars = {"META": bars_of()}

    (result,) = verbs.update(ws, as_of=AS_OF).results

    assert (result.record.outcome, result.record.verdict) == ("unchanged", "same")
    assert_bars(ws, bars_of())


def test_bars_on_another_basis_are_brought_to_that_of_the_new_name(tmp_path: Path) -> None:
    new = bars_of("2022-03-25")
    split = new.copy()
    split.loc[pd.Timestamp("2022-04-06", tz="UTC"), "split"] = 2.0
    is_before = split.index < pd.Timestamp("2022-04-06", tz="UTC")
    split.loc[is_before, [*PRICES]] /= 2
    split.loc[is_before, "volume"] *= 2
    ws = two_names(tmp_path / "home", new=split)

    report = rename(ws)

    earlier = bars_of(last="2022-03-24").copy()
    earlier[[*PRICES]] /= 2
    earlier["volume"] *= 2
    assert_bars(ws, concat([earlier, split]))
    (note,) = report.results[0].record.notes
    assert note == "FB until 2022-03-31: 23 bars taken over, their prices divided by 2"


def test_a_scale_that_no_split_explains_is_taken_if_all_bars_share_it(tmp_path: Path) -> None:
    ws = two_names(tmp_path / "home", new=undo_splits(bars_of("2022-03-25"), 1.5))

    rename(ws)

    stored = verbs.bars(ws, "META")
    assert stored["close"].iloc[0] == 150.0
    assert stored["close"].pct_change().abs().max() < 0.02


def test_prices_a_hundred_times_the_old_ones_are_another_unit(tmp_path: Path) -> None:
    ws = two_names(tmp_path / "home", new=undo_splits(bars_of("2022-03-25"), 100))

    with pytest.raises(Suspicious, match="100 times the stored ones"):
        rename(ws)

    assert symbols(ws) == ["FB", "META"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"2022-03-28": 1.01}, "1 of 5 bars differ: close of 2022-03-28 124 and 125.24"),
        ({f"2022-03-{d}": 1 + d / 1000 for d in (25, 28, 29)}, "3 of 5 bars differ in price"),
        ({f"2022-03-{d}": 1 + d / 300 for d in range(25, 32)}, "5 of 5 bars differ in price"),
    ],
)
def test_bars_that_differ_are_named_and_nothing_changes(
    tmp_path: Path, changed: dict[str, float], words: str
) -> None:
    new = bars_of("2022-03-25").copy()
    for day, factor in changed.items():
        if day in new.index:
            new.loc[day, [*PRICES]] *= factor
    ws = two_names(tmp_path / "home", new=new)
    before = manifest(ws, "FB"), manifest(ws, "META")

    with pytest.raises(Suspicious, match="META contradict those of equities/daily/FB: ") as refused:
        rename(ws)

    assert words in refused.value.message
    assert (manifest(ws, "FB"), manifest(ws, "META")) == before


def test_another_volume_is_no_other_share(tmp_path: Path) -> None:
    new = bars_of("2022-03-25").copy()
    new.loc["2022-03-31", "volume"] = 9.0
    ws = two_names(tmp_path / "home", new=new)

    rename(ws)

    assert_bars(ws, concat([bars_of(last="2022-03-24"), new]))


@pytest.mark.parametrize("common", [0, 2])
def test_without_three_bars_in_common_the_load_that_brings_them_is_named(
    tmp_path: Path, common: int
) -> None:
    first = {0: "2022-04-01", 2: "2022-03-30"}[common]
    ws = two_names(tmp_path / "home", new=bars_of(first))
    dataset = manifest(ws, "META").dataset

    with pytest.raises(OptionError, match=f"FB and .*META have {common} bars in common") as refused:
        rename(ws)

    step = NextStep("load", dataset, source=LoadArguments("listed", start=date(2022, 3, 25)))
    assert refused.value.advice == ("load those first: ", step)
    provider = ws.provider("listed")
    assert isinstance(provider, Listed)
    provider.bars["META"] = bars_of()
    verbs.load(ws, "META", start="2022-03-25", as_of=AS_OF)
    rename(ws)
    assert_bars(ws, bars_of())


def test_a_new_name_that_is_not_stored_is_refused_with_the_same_load(ws: Workspace) -> None:
    verbs.remove(ws, "META", yes=True, as_of=AS_OF)

    with pytest.raises(DatasetNotFound, match="equities/daily/META is not stored") as refused:
        rename(ws)

    dataset = replace(manifest(ws, "FB").dataset, symbol="META")
    step = NextStep("load", dataset, source=LoadArguments("listed", start=date(2022, 3, 25)))
    assert refused.value.advice == ("load it with the last bars of the old name: ", step)


@pytest.mark.parametrize(
    ("words", "options", "error", "told"),
    [
        (("FB", "FB"), {}, OptionError, "rename takes two symbols"),
        (("FB",), {}, OptionError, "rename takes two symbols"),
        (("FB", "META", "IBM"), {}, OptionError, "rename takes two symbols"),
        (("NOPE", "META"), {}, DatasetNotFound, "No existing data found for 'NOPE'"),
        (("FB", "META"), {"on": "soon"}, OptionError, "'soon' is not a valid date"),
        (("FB", "META"), {"on": "2022-04-15"}, OptionError, "--on 2022-04-15 is not from"),
        (("FB", "META"), {"on": "2022-02-18"}, OptionError, "--on 2022-02-18 is not from"),
        (
            ("FB", "META"), {"on": "2022-03-23"}, OptionError,
            "FB has 1 bar after 2022-03-23 that equities/daily/META lacks",
        ),
        (("FB", "META"), {"as_of": "2022-03-30"}, Overtaken, "was updated as of 2022-04-01 20:30"),
    ],
)  # fmt: skip
def test_what_cannot_be_renamed_is_refused_in_one_sentence_and_nothing_changes(
    ws: Workspace,
    words: tuple[str, ...],
    options: dict[str, Any],
    error: type[Ml4tError],
    told: str,
) -> None:
    before = manifest(ws, "FB"), manifest(ws, "META")

    with pytest.raises(error, match=told) as refused:
        verbs.rename(ws, words, **{"as_of": AS_OF, **options})

    assert refused.value.hint
    assert "\n" not in refused.value.message
    assert (manifest(ws, "FB"), manifest(ws, "META")) == before


def test_bars_after_the_date_are_no_loss_if_the_new_name_has_them_too(ws: Workspace) -> None:
    rename(ws, on="2022-03-25")

    assert manifest(ws, "META").former_names == (FormerName("FB", date(2022, 3, 25)),)
    assert_bars(ws, bars_of())


def test_bars_in_another_currency_are_not_joined(ws: Workspace) -> None:
    config = manifest(ws, "FB").config
    change(ws, "FB", config=replace(config, currency="GBp"))
    change(ws, "META", config=replace(config, currency="GBP"))

    with pytest.raises(OptionError, match="FB is in GBp and equities/daily/META in GBP"):
        rename(ws)


def test_a_bar_that_the_new_name_lacks_is_taken_from_the_old_one(tmp_path: Path) -> None:
    new = bars_of("2022-03-25").drop(pd.Timestamp("2022-03-29", tz="UTC"))
    ws = two_names(tmp_path / "home", new=new)
    assert len(manifest(ws, "META").gaps) == 1

    rename(ws)

    assert manifest(ws, "META").gaps == ()
    assert_bars(ws, bars_of())


def test_gaps_keep_their_state(tmp_path: Path) -> None:
    old = bars_of(last="2022-03-31").drop(pd.to_datetime(["2022-03-02", "2022-03-08"], utc=True))
    ws = two_names(tmp_path / "home", old=old)
    verbs.gaps(ws, "FB", close="strike", start="2022-03-08", end="2022-03-08", as_of=AS_OF)
    verbs.gaps(ws, "FB", refill="zero", start="2022-03-02", end="2022-03-02", as_of=AS_OF)
    expected = manifest(ws, "FB").gaps

    rename(ws)

    assert manifest(ws, "META").gaps == expected
    assert [(each.state, each.filled_by, each.reason) for each in expected] == [
        ("open", "zero", ""), ("closed", None, "strike"),
    ]  # fmt: skip
    filled = verbs.bars(ws, "META").query("filled")
    assert [f"{stamp:%m-%d}" for stamp in filled.index] == ["03-02"]


def test_findings_and_decisions_go_on_under_the_new_name(ws: Workspace) -> None:
    fb, meta = manifest(ws, "FB").dataset, manifest(ws, "META").dataset
    at = datetime(2022, 3, 1, tzinfo=UTC)
    accepted = Decision(NOW, "review", "merger day", 7)
    common = Finding(datetime(2022, 3, 28, tzinfo=UTC), "spike", "far", values=(1.0,), opened=2)
    change(
        ws, "FB",
        findings=(
            Finding(None, "unknown symbol", "not known", step=NextStep("end", fb), opened=4),
            Finding(at, "spike", "far", opened=3),
            Finding(at, "frozen", "same", opened=3, state="accepted", decision=accepted),
            replace(common, state="accepted", decision=accepted),
        ),
    )  # fmt: skip
    change(ws, "META", findings=(common,))

    rename(ws)

    number = manifest(ws, "META").sequence
    unknown, frozen, spike, decided = manifest(ws, "META").findings
    assert (unknown.rule, unknown.state, unknown.step) == (
        "unknown symbol", "accepted", NextStep("end", meta),
    )  # fmt: skip
    assert unknown.decision == Decision(NOW, "rename", "listed as META", number)
    assert (spike.rule, spike.state, spike.opened) == ("spike", "open", 0)
    # Commits of the old dataset have numbers of their own.
    assert frozen.decision == replace(accepted, version=0)
    assert (decided.opened, decided.state, decided.decision) == (2, "accepted", frozen.decision)


def test_whose_the_bars_are_is_known_afterwards(tmp_path: Path) -> None:
    other = Listed({"FB": bars_of(last="2022-03-31")}, name="other")
    ws = opened(tmp_path / "home", Listed({"META": bars_of("2022-03-25")}), other)
    verbs.load(ws, "FB", provider="other", as_of="2022-04-01")
    verbs.load(ws, "META", as_of=AS_OF)
    span = Span(datetime(2022, 3, 1, tzinfo=UTC), datetime(2022, 3, 3, tzinfo=UTC))
    change(ws, "FB", sources=(Source(span, "third"),))

    rename(ws)

    found = [
        (each.provider, f"{each.span.start:%m-%d}", f"{each.span.end:%m-%d}")
        for each in manifest(ws, "META").sources
    ]
    assert found == [
        ("other", "02-22", "02-28"), ("third", "03-01", "03-02"), ("other", "03-03", "03-24"),
    ]  # fmt: skip


def test_a_chain_of_names_keeps_them_all(tmp_path: Path) -> None:
    ws = two_names(tmp_path / "home")
    rename(ws)
    provider = ws.provider("listed")
    assert isinstance(provider, Listed)
    provider.bars = {"XYZ": bars_of("2022-04-07")}
    verbs.load(ws, "XYZ", as_of=AS_OF)

    rename(ws, "META", "XYZ", on="2022-04-11")

    assert symbols(ws) == ["XYZ"]
    assert manifest(ws, "XYZ").former_names == (
        FormerName("FB", date(2022, 3, 31)), FormerName("META", date(2022, 4, 11)),
    )  # fmt: skip
    assert_bars(ws, bars_of(), "XYZ")
    for name in ("FB", "META", "XYZ"):
        assert_bars(ws, bars_of(), name)


def test_a_name_that_is_a_former_one_is_no_new_name(ws: Workspace) -> None:
    rename(ws)
    provider = ws.provider("listed")
    assert isinstance(provider, Listed)
    provider.bars = {"FB": bars_of("2022-04-01"), "XYZ": bars_of()}
    verbs.load(ws, ("FB", "XYZ"), start="2022-04-01", as_of=AS_OF)

    for old in ("META", "XYZ"):
        with pytest.raises(OptionError, match="FB was renamed to META after 2022-03-31: as a new"):
            rename(ws, old, "FB")

    assert symbols(ws) == ["FB", "META", "XYZ"]


def test_a_rename_that_is_done_says_so(ws: Workspace) -> None:
    rename(ws)

    with pytest.raises(DatasetNotFound, match="FB was renamed to META after 2022-03-31"):
        rename(ws)


def test_the_basis_of_the_new_name_holds(tmp_path: Path) -> None:
    """As-traded bars with a split among them, taken over into split-adjusted ones."""
    traded = undo_splits(bars_of(last="2022-03-08"), 2)
    late = bars_of("2022-03-09", "2022-03-31").copy()
    late.loc[pd.Timestamp("2022-03-09", tz="UTC"), "split"] = 2.0
    raw = Listed({"FB": concat([traded, late])}, basis="as-traded", name="raw")
    ws = opened(tmp_path / "home", Listed({"META": bars_of("2022-03-25")}), raw)
    verbs.load(ws, "FB", provider="raw", as_of="2022-04-01")
    verbs.load(ws, "META", as_of=AS_OF)
    assert manifest(ws, "FB").config.basis == "as-traded"

    rename(ws)

    expected = bars_of().copy()
    expected.loc[pd.Timestamp("2022-03-09", tz="UTC"), "split"] = 2.0
    assert_bars(ws, expected)
    assert manifest(ws, "META").config.basis == "split-adjusted"


def test_what_an_interrupted_rename_left_is_ended_by_the_same_one(
    ws: Workspace, tmp_path: Path
) -> None:
    shutil.copytree(ws.settings.home, tmp_path / "before")
    rename(ws)
    done = manifest(ws, "META")
    # The first commit was made, and the removal was not.
    for part in ("state", "data"):
        place = "equities/daily/FB"
        shutil.rmtree(ws.settings.home / part / place, ignore_errors=True)
        shutil.copytree(tmp_path / "before" / part / place, ws.settings.home / part / place)
    assert_bars(ws, bars_of(last="2022-03-31"), "FB")

    rename(ws)

    assert symbols(ws) == ["META"]
    assert manifest(ws, "META") == done


def test_logged_rows_and_what_is_refused_go_on_under_the_new_name(tmp_path: Path) -> None:
    old = bars_of(last="2022-03-31").copy()
    old.loc["2022-03-04", [*PRICES]] *= 3
    ws = two_names(tmp_path / "home", old=old)
    provider = ws.provider("listed")
    assert isinstance(provider, Listed)
    spoilt = bars_of(last="2022-03-31").copy()
    spoilt.loc["2022-03-04", [*PRICES]] = old.loc["2022-03-04", [*PRICES]]
    spoilt.loc["2022-03-30", "volume"] = 7.0
    spoilt.loc["2022-03-31", "close"] = float("nan")
    provider.bars["FB"] = spoilt
    verbs.update(ws, "FB", as_of="2022-04-01")
    verbs.review(ws, "FB", rule="spike", reject="a typing error", as_of="2022-04-01")
    snapshot = ws.store.snapshot(manifest(ws, "FB").dataset)
    revised, rejected = snapshot.revised_rows(), snapshot.rejected_rows()
    assert list(revised["version"]) == [2, 3]
    assert list(rejected["version"]) == [2]
    assert [each.version for each in snapshot.manifest.refusals] == [3]

    rename(ws)

    after = ws.store.snapshot(manifest(ws, "META").dataset)
    # The old dataset had three commits: the last of them is number -1 of the new one.
    for before, found in ((revised, after.revised_rows()), (rejected, after.rejected_rows())):
        pd.testing.assert_frame_equal(found, before.assign(version=before["version"] - 4))
    assert [each.version for each in after.manifest.refusals] == [-1]
    assert [(each.state, f"{each.start:%m-%d}") for each in after.manifest.gaps] == [
        ("rejected", "03-04"),
    ]  # fmt: skip


def test_a_bar_that_was_rejected_under_the_old_name_stays_out_under_the_new_one(
    tmp_path: Path,
) -> None:
    whole = bars_of().copy()
    whole.loc["2022-03-04", [*PRICES]] *= 3
    ws = two_names(tmp_path / "home", old=whole[:"2022-03-31"], new=whole["2022-03-25":])
    verbs.review(ws, "FB", rule="spike", reject="a typing error", as_of="2022-04-01")
    rename(ws)
    provider = ws.provider("listed")
    assert isinstance(provider, Listed)
    provider.bars["META"] = whole

    verbs.update(ws, as_of=AS_OF)

    assert pd.Timestamp("2022-03-04", tz="UTC") not in verbs.bars(ws, "META").index


@pytest.mark.parametrize("ratio", [2.0, 1.5])
def test_a_rejected_bar_stays_out_on_another_basis_too(tmp_path: Path, ratio: float) -> None:
    """Named by a split since, or by none."""
    whole = bars_of().copy()
    whole.loc["2022-03-04", [*PRICES]] *= 3
    on = pd.Timestamp("2022-04-06", tz="UTC")
    now = whole.copy()
    is_before = now.index < (on if ratio == 2 else now.index[-1] + pd.Timedelta(days=1))
    now.loc[is_before, [*PRICES]] /= ratio
    now.loc[is_before, "volume"] *= ratio
    if ratio == 2:
        now.loc[on, "split"] = 2.0
    ws = two_names(tmp_path / "home", old=whole[:"2022-03-31"], new=now["2022-03-25":])
    verbs.review(ws, "FB", rule="spike", reject="a typing error", as_of="2022-04-01")
    rename(ws)
    provider = ws.provider("listed")
    assert isinstance(provider, Listed)
    provider.bars["META"] = now

    (result,) = verbs.update(ws, as_of=AS_OF).results

    assert result.record.outcome == "unchanged", result.record
    left = now.drop(pd.Timestamp("2022-03-04", tz="UTC"))
    assert list(verbs.bars(ws, "META").index) == list(left.index)
