"""`sync`: what universes declare is loaded or updated, and what else is stored only reported."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import (
    Interrupted,
    OptionError,
    ProviderError,
    RangeRefused,
    SettingsInvalid,
)
from ml4t_nb.events import Event, Finished
from ml4t_nb.providers import Request
from ml4t_nb.reports import SyncReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import DAYS, Scripted, evening, rising

CORE = """
[defaults]
provider = "sample"
start = 2005-01-03

[[universe]]
name = "core"
symbols = ["AAPL", "MSFT"]

[[universe]]
name = "weeks"
symbols = ["IBM"]
frequency = "weekly"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def ws(home: Path) -> Workspace:
    return Workspace.open(Settings(home=home))


def declare(home: Path, text: str) -> Path:
    path = home / "ml4t.toml"
    path.write_text(text)
    return path


def done(report: SyncReport) -> list[tuple[str, str, str, int]]:
    return [
        (str(each.dataset), each.record.verb, each.record.outcome, each.record.added)
        for each in report
    ]


def test_what_is_missing_is_loaded_the_rest_updated_and_others_are_left_alone(
    ws: Workspace, home: Path
) -> None:
    path = declare(home, CORE)
    verbs.load(ws, "MSFT", provider="sample", start="2005-01-03", as_of="2005-02-01")
    verbs.load(ws, "GOOG", provider="sample", start="2005-01-03", as_of="2005-02-01")

    report = verbs.sync(ws, as_of="2005-02-04")

    assert done(report) == [
        ("equities/daily/AAPL", "load", "changed", 24),
        ("equities/daily/MSFT", "update", "changed", 3),
        ("equities/weekly/IBM", "load", "changed", 5),
    ]
    assert [str(each) for each in report.undeclared] == ["equities/daily/GOOG"]
    assert report.universes == (("core", 2), ("weeks", 1))
    assert report.declared_in == path
    assert report.results[1].first == report.results[0].first
    stored = {str(each.dataset): each.rows for each in verbs.list_(ws).datasets}
    assert stored["equities/daily/GOOG"] == 21

    again = verbs.sync(ws, as_of="2005-02-04")
    assert [row[1:] for row in done(again)] == [("update", "unchanged", 0)] * 3


def test_one_universe_may_be_named_and_those_of_the_others_are_not_undeclared(
    ws: Workspace, home: Path
) -> None:
    declare(home, CORE)
    verbs.sync(ws, as_of="2005-02-04")

    report = verbs.sync(ws, "weeks", as_of="2005-02-11")

    assert done(report) == [("equities/weekly/IBM", "update", "changed", 1)]
    assert report.undeclared == ()


def test_a_file_in_the_current_folder_declares_instead(ws: Workspace, home: Path) -> None:
    declare(home, CORE)
    here = declare(Path.cwd(), CORE.replace("AAPL", "FB").replace("2005-01-03", "2012-06-01"))

    report = verbs.sync(ws, "core", as_of="2012-06-05")
    assert report.declared_in == here
    assert done(report) == [
        ("equities/daily/FB", "load", "changed", 3),
        ("equities/daily/MSFT", "load", "changed", 3),
    ]


def test_without_a_universe_or_with_an_unknown_one_it_is_said_what_to_write(
    ws: Workspace, home: Path
) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        verbs.sync(ws)
    files = f"{Path.cwd() / 'ml4t.toml'} or {home / 'ml4t.toml'}"
    assert refused.value.message == f"no universe is declared in {files}"
    example = refused.value.hint.removeprefix("write one there: ")

    declare(home, example.replace("2010-01-04", '2005-01-03, provider = "sample"'))
    assert [str(each.dataset) for each in verbs.sync(ws, as_of="2005-02-04")] == [
        "equities/daily/AAPL",
        "equities/daily/MSFT",
    ]
    with pytest.raises(OptionError) as unknown:
        verbs.sync(ws, ["core", "cor"])
    assert unknown.value.message == "unknown universe 'cor'"
    assert unknown.value.hint == "did you mean 'core'?"
    with pytest.raises(OptionError, match="an empty list of universes selects nothing"):
        verbs.sync(ws, [])


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ('provider = "yahuu"', "unknown provider 'yahuu'", "did you mean 'yahoo'?"),
        ('fallback = ["simple"]', "unknown provider 'simple'", "did you mean 'sample'?"),
        ('calendar = "XLOM"', "unknown calendar 'XLOM'", "did you mean 'XLON'?"),
    ],
)
def test_what_the_file_names_must_be_there_before_anything_is_loaded(
    ws: Workspace, home: Path, line: str, message: str, hint: str
) -> None:
    path = declare(home, f'[[universe]]\nname = "core"\nsymbols = ["AAPL"]\n{line}\n')

    with pytest.raises(SettingsInvalid) as refused:
        verbs.sync(ws, as_of="2005-02-04")
    assert refused.value.message == f"{path}, line 4, [[universe]]: {message}"
    assert hint in refused.value.hint
    assert verbs.list_(ws).datasets == ()


def test_a_dataset_stored_otherwise_than_declared_is_updated_and_the_line_is_named(
    ws: Workspace, home: Path
) -> None:
    path = declare(home, CORE.replace('frequency = "weekly"', 'calendar = "XLON"'))
    verbs.load(ws, "AAPL", provider="synthetic", start="2005-01-03", as_of="2005-02-01")
    verbs.load(ws, "IBM", provider="sample", start="2005-01-03", as_of="2005-02-01")

    report = verbs.sync(ws, as_of="2005-02-04")

    aapl, msft, ibm = report.results
    assert msft.record.outcome == "changed"
    assert aapl.record.error is not None
    assert aapl.record.error.message == (
        f"{path}, line 3, [defaults]: equities/daily/AAPL is stored from synthetic, not from sample"
    )
    assert ibm.record.error is not None
    assert ibm.record.error.message == (
        f"{path}, line 13, [[universe]]: equities/daily/IBM is stored on the calendar XNYS, "
        "not XLON"
    )
    # As they are stored: 21 sessions of January and the first of February, and three more.
    assert (aapl.rows, ibm.rows) == (24, 24)
    assert (aapl.record.provider, ibm.record.provider) == ("synthetic", "sample")


@pytest.fixture
def scripted(home: Path) -> tuple[Workspace, Scripted]:
    provider = Scripted(rising("2024-01-02", "2024-03-29"))
    settings = Settings(home=home, provider="scripted")
    return Workspace(settings, _opened={"scripted": provider}), provider


ACME = '[[universe]]\nname = "core"\nsymbols = ["ACME"]\n'


def test_an_earlier_start_is_loaded_once_even_if_there_is_nothing_so_early(
    scripted: tuple[Workspace, Scripted], home: Path
) -> None:
    ws, provider = scripted
    declare(home, f"{ACME}start = 2024-02-26")
    assert done(verbs.sync(ws, as_of=evening("2024-03-01")))[0][1:] == ("load", "changed", 5)

    for start, added in (("2024-02-19", 5), ("2023-12-25", 34)):
        declare(home, f"{ACME}start = {start}")
        (loaded,) = done(verbs.sync(ws, as_of=evening("2024-03-01")))
        assert loaded[1:] == ("load", "changed", added)
        provider.asked.clear()
        assert done(verbs.sync(ws, as_of=evening("2024-03-01")))[0][1:] == (
            "update",
            "unchanged",
            0,
        )
        assert min(each.span.start.date() for each in provider.asked) >= date(2024, 1, 2)
    # A start that begins between two sessions lacks nothing.
    declare(home, f"{ACME}start = 2023-12-23")
    assert done(verbs.sync(ws, as_of=evening("2024-03-01")))[0][1] == "update"


def test_up_to_an_end_it_is_loaded_and_then_nothing_is_asked(
    scripted: tuple[Workspace, Scripted], home: Path
) -> None:
    ws, provider = scripted
    declare(home, f"{ACME}start = 2024-02-26\nend = 2024-03-08")
    for day, verb, added in (("2024-03-01", "load", 5), ("2024-03-05", "update", 2)):
        assert done(verbs.sync(ws, as_of=evening(day)))[0][1:] == (verb, "changed", added)
    (late,) = verbs.sync(ws, as_of=evening("2024-03-20"))
    assert (late.record.verb, late.record.added) == ("load", 3)
    assert late.last is not None
    assert late.last.date() == date(2024, 3, 8)

    provider.asked.clear()
    (still,) = verbs.sync(ws, as_of=evening("2024-03-25"))
    assert (still.record.verb, still.record.outcome, still.rows) == ("load", "unchanged", 10)
    assert provider.asked == []


@pytest.mark.parametrize("answers", ["refuses", "has none"])
def test_what_is_before_the_listing_is_asked_for_once(
    scripted: tuple[Workspace, Scripted], home: Path, answers: str
) -> None:
    """Three days at a time, eight pieces a commit, of a symbol listed on 2024-02-12."""
    ws, provider = scripted
    listed = evening("2024-02-11")

    def refusal(request: Request) -> ProviderError | None:
        is_before = request.span.start < listed
        return RangeRefused("not listed then", provider="scripted") if is_before else None

    provider.limits = replace(DAYS, max_span={"daily": timedelta(days=3)})
    provider.bars = provider.bars[provider.bars.index > listed]
    provider.fails = refusal if answers == "refuses" else provider.fails
    declare(home, f"{ACME}start = 2024-01-02")

    first, *nights = (verbs.sync(ws, as_of=evening(f"2024-03-0{day}")) for day in (1, 4, 5))

    # A request of the tenth to the twelfth is refused.
    bars = 14 if answers == "refuses" else 15
    assert done(first)[0][1:] == ("load", "changed", bars)
    assert [done(each)[0][1:] for each in nights] == [("update", "changed", 1)] * 2


def test_a_start_before_the_listing_is_refused_once(
    scripted: tuple[Workspace, Scripted], home: Path
) -> None:
    ws, provider = scripted
    provider.limits = replace(DAYS, max_span={"daily": timedelta(days=3)})
    declare(home, f"{ACME}start = 2024-02-26")
    verbs.sync(ws, as_of=evening("2024-03-01"))
    provider.fails = lambda request: (
        RangeRefused("not listed then", provider="scripted")
        if request.span.start < evening("2024-02-23")
        else None
    )
    declare(home, f"{ACME}start = 2024-01-02")

    refused, *nights = (
        verbs.sync(ws, as_of=evening(f"2024-03-0{day}")).results[0].record for day in (1, 4, 5)
    )

    assert refused.error is not None
    assert (refused.outcome, refused.error.message) == ("failed", "not listed then")
    assert [(each.verb, each.outcome) for each in nights] == [("update", "changed")] * 2


def test_a_start_before_the_listing_loads_all_since_the_listing(
    scripted: tuple[Workspace, Scripted], home: Path
) -> None:
    """The listing lies in the middle of what one commit asks for."""
    ws, provider = scripted
    listed = evening("2024-02-11")
    provider.limits = replace(DAYS, max_span={"daily": timedelta(days=3)})
    declare(home, f"{ACME}start = 2024-02-26")
    verbs.sync(ws, as_of=evening("2024-03-01"))
    provider.bars = provider.bars[provider.bars.index > listed]
    provider.fails = lambda request: (
        RangeRefused("not listed then", provider="scripted")
        if request.span.start < listed
        else None
    )
    declare(home, f"{ACME}start = 2024-01-02")

    for day in (1, 4, 5):
        verbs.sync(ws, as_of=evening(f"2024-03-0{day}"))

    stored = verbs.bars(ws, "ACME")
    # A request that begins before the listing is refused whole: at most two sessions are lost.
    assert stored.index[0] <= pd.Timestamp("2024-02-14", tz="UTC")
    assert stored.index[-1] == pd.Timestamp("2024-03-05", tz="UTC")
    expected = provider.bars.loc[stored.index[0] : stored.index[-1], "close"]
    assert stored["close"].tolist() == expected.tolist()
    assert verbs.health(ws, as_of=evening("2024-03-05")).datasets[0].state == "healthy"


@pytest.mark.parametrize(("on", "added"), [("2024-03-01", 5), ("2024-03-05", 7)])
def test_of_a_symbol_that_ended_nothing_is_asked_up_to_the_declared_end(
    scripted: tuple[Workspace, Scripted], home: Path, on: str, added: int
) -> None:
    ws, provider = scripted
    declare(home, f"{ACME}start = 2024-02-26\nend = 2024-03-08")
    verbs.sync(ws, as_of=evening("2024-03-01"))
    verbs.end(ws, "ACME", on=on, as_of=evening("2024-03-06"))
    provider.asked.clear()

    for day in ("2024-03-07", "2024-03-11", "2024-03-12"):
        (row,) = done(verbs.sync(ws, as_of=evening(day)))
        assert row[2:] == ("unchanged", 0)
    assert provider.asked == []
    # Bars before are loaded all the same, and after nothing is declared.
    declare(home, f"{ACME}start = 2024-02-19\nend = 2024-03-08")
    assert done(verbs.sync(ws, as_of=evening("2024-03-12")))[0][1:] == ("load", "changed", added)
    declare(home, f"{ACME}start = 2024-03-06\nend = 2024-03-08")
    assert done(verbs.sync(ws, as_of=evening("2024-03-12")))[0][2:] == ("unchanged", 0)


def test_a_symbol_under_its_former_name_is_the_dataset_it_became(
    scripted: tuple[Workspace, Scripted], home: Path
) -> None:
    ws, _ = scripted
    verbs.load(ws, ["ACME", "NEW"], start="2024-02-26", as_of=evening("2024-03-01"))
    verbs.rename(ws, ["ACME", "NEW"], on="2024-03-01", as_of=evening("2024-03-01"))
    declare(home, ACME)

    (result,) = verbs.sync(ws, as_of=evening("2024-03-04"))
    assert str(result.dataset) == "equities/daily/NEW"
    assert result.record.verb == "update"
    assert result.record.notes[0] == "ACME was renamed to NEW after 2024-03-01"


def test_a_provider_that_is_given_updates_and_does_not_become_the_dataset_s_own(
    scripted: tuple[Workspace, Scripted], home: Path
) -> None:
    ws, provider = scripted
    other = Scripted(provider.bars, name="other")
    ws._opened["other"] = other
    verbs.load(ws, "ACME", start="2024-02-26", as_of=evening("2024-03-01"))
    declare(home, f'{ACME}start = 2024-01-02\nprovider = "scripted"')

    (result,) = verbs.sync(ws, provider="other", as_of=evening("2024-03-04"))
    assert (result.record.verb, result.record.provider, result.rows) == ("update", "other", 6)
    (own,) = verbs.list_(ws).datasets
    assert own.provider == "scripted"


def test_a_shell_prints_what_was_done_and_what_is_in_no_universe(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = declare(home, CORE)
    store = ["--home", str(home)]
    assert main(["load", "GOOG", "-p", "sample", "--as-of", "2005-02-01", "-q", *store]) == 0
    assert main(["sync", "core", "-v", "--as-of", "2005-02-04", *store]) == 0
    printed = capsys.readouterr().out

    assert "2 datasets: 2 loaded" in printed
    assert "1 dataset stored and in no universe: equities/daily/GOOG" in printed
    assert f"universes of {path}: core (2 symbols)" in printed
    assert main(["sync", "--as-of", "2005-02-04", *store]) == 0
    assert "3 datasets: 1 loaded, 2 unchanged" in capsys.readouterr().out
    assert main(["sync", "--as-of", "2005-02-11", "-q", *store]) == 0
    assert capsys.readouterr().out == ""

    assert main(["sync", "core", "--as-of", "2005-02-14", "--json", *store]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["universes"] == [{"name": "core", "symbols": 2}]
    assert document["declared_in"] == str(path)
    assert document["undeclared"] == ["equities/daily/GOOG"]
    assert [each["verb"] for each in document["results"]] == ["update", "update"]
    assert main(["sync", "cores", *store]) == 2


def test_a_sync_that_is_interrupted_still_says_what_was_declared(home: Path) -> None:
    path = declare(home, CORE)

    def watch(event: Event) -> None:
        if isinstance(event, Finished):
            raise KeyboardInterrupt

    verbs.load(Workspace.open(Settings(home=home)), "IBM", provider="sample", as_of="2005-02-25")
    ws = Workspace.open(Settings(home=home), observer=watch)

    with pytest.raises(Interrupted) as caught:
        verbs.sync(ws, "core", workers=1, as_of="2005-02-25")

    report = caught.value.report
    assert isinstance(report, SyncReport)
    assert (report.universes, report.declared_in) == ((("core", 2),), path)
    assert [each.symbol for each in report.undeclared] == ["IBM"]
    assert report.stopped == "interrupted"
    assert len(report) + len(report.left) == 2
