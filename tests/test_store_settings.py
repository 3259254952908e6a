"""``ml4t.toml`` in a store's folder: read by each run, and refused before anything is fetched."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.model import SessionOverride
from ml4t_nb.settings import Settings
from ml4t_nb.store_settings import StoreSettings
from ml4t_nb.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    folder = tmp_path / "files"
    folder.mkdir()
    return Workspace.open(Settings(home=tmp_path / "home", provider="files", files=folder))


def set_up(ws: Workspace, content: str | bytes) -> Path:
    home = ws.settings.home
    home.mkdir(exist_ok=True)
    raw = content if isinstance(content, bytes) else content.encode()
    (home / "ml4t.toml").write_bytes(raw)
    return home / "ml4t.toml"


def write(ws: Workspace, *, days: int, spoilt: int, factor: float = 1.5) -> None:
    """Days of small moves up and down, with one close too high."""
    rows = ["Date,Open,High,Low,Close,Volume"]
    for at in range(days):
        close = (10.0 + 0.1 * (at % 2)) * (factor if at == spoilt else 1.0)
        day = date(2023, 1, 1) + timedelta(days=at)
        rows.append(f"{day},10,{max(close, 10.2)},9.9,{close},{1000 + at}")
    assert ws.settings.files is not None
    (ws.settings.files / "ACME.csv").write_text("\n".join(rows))


def rules_found(ws: Workspace, as_of: str) -> list[str]:
    report = verbs.load(ws, "ACME", calendar="24/7", as_of=as_of)
    (done,) = report.results
    return [each.rule for each in done.findings]


def test_without_a_file_all_tables_are_empty(tmp_path: Path) -> None:
    assert StoreSettings.read(tmp_path).rules == {}
    assert StoreSettings.read(tmp_path / "nothing").rules == {}


def test_a_rule_is_tuned_for_one_dataset_or_switched_off_for_all(ws: Workspace) -> None:
    write(ws, days=60, spoilt=40)
    assert rules_found(ws, "2023-03-01") == ["spike"]

    for content in (
        '[rules."equities/daily/ACME"]\nspike_factor = 2',
        '\ufeff[rules]\noff = ["spike"]',
        "[rules]\nspike_sigmas = 1000",
    ):
        verbs.remove(ws, "ACME", yes=True)
        set_up(ws, content)
        assert rules_found(ws, "2023-03-01") == [], content
    verbs.remove(ws, "ACME", yes=True)
    set_up(ws, '[rules."equities/daily/OTHER"]\nspike_factor = 2')
    assert rules_found(ws, "2023-03-01") == ["spike"]


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("[rules]\nspike = \n", "is not TOML: Invalid value (at line 2, column 9)", "correct it"),
        ("\n[rulse]\n", ", line 2: unknown table [rulse]", "did you mean 'rules'?"),
        ("spike_factor = 3", ", line 1: unknown setting 'spike_factor'", "choose from closures"),
        ("rules = 3", ", line 1: rules must be a table, not 3", "write it below [rules]"),
        (
            "[rules]\noff = ['spikes']",
            ", line 2, [rules]: unknown rule 'spikes'",
            "did you mean 'spike'?",
        ),
        (
            "[closures]\nXNYS = '2024-01-09'",
            ", line 2, [closures]: XNYS must be a list of days, not '2024-01-09'",
            'write it as XNYS = ["2024-01-09", "+2024-01-06"]',
        ),
        (
            "[closures]\nXNYS = ['9 January']",
            ", line 2, [closures]: '9 January' of XNYS is not a day",
            "+ before a day that was a session",
        ),
        (
            "[closures]\nXNYS = [3]",
            ", line 2, [closures]: 3 of XNYS is not a day",
            "+ before a day that was a session",
        ),
        (
            "[closures]\nXNYS = ['2024-01-09', '+2024-01-09']",
            ", line 2, [closures]: 2024-01-09 of XNYS is both closed and a session",
            "keep one",
        ),
        (
            "\n[closures]\nXHKB = ['2024-01-09']",
            ", line 3, [closures]: unknown calendar 'XHKB'",
            "did you mean 'XHKG'?",
        ),
        (b"\xff\xfe", "is not UTF-8", "save it as UTF-8"),
    ],
)
def test_a_broken_file_stops_a_run_before_it_fetches_and_no_reading(
    ws: Workspace, content: str | bytes, message: str, hint: str
) -> None:
    write(ws, days=60, spoilt=40, factor=1.0)
    verbs.load(ws, "ACME", calendar="24/7", as_of="2023-02-20")
    path = set_up(ws, content)

    for run, named in ((verbs.update, "ACME"), (verbs.load, "OTHER")):
        with pytest.raises(SettingsInvalid) as refused:
            run(ws, named, as_of="2023-03-01")
        assert str(path) in refused.value.message
        assert message in refused.value.message
        assert hint in refused.value.hint
    assert len(verbs.bars(ws, "ACME")) == 51
    assert [each.rows for each in verbs.list_(ws).datasets] == [51]


def test_closures_of_the_file_join_those_of_the_environment_which_win(ws: Workspace) -> None:
    assert ws.closures == ()
    set_up(ws, "[closures]\nNYSE = ['2024-01-09', 2024-01-10, '+2024-01-06']\n'24/7' = []")
    in_file = [
        SessionOverride("XNYS", date(2024, 1, 6), is_open=True),
        SessionOverride("XNYS", date(2024, 1, 9)),
        SessionOverride("XNYS", date(2024, 1, 10)),
    ]
    assert list(ws.closures) == in_file

    given = (
        SessionOverride("XHKG", date(2023, 9, 1)),
        SessionOverride("XNYS", date(2024, 1, 9), is_open=True),
    )
    both = Workspace.open(replace(ws.settings, closures=given)).closures
    assert list(both) == [given[0], in_file[0], given[1], in_file[2]]


def test_a_day_that_the_file_closes_is_no_gap_whatever_reads_it(ws: Workspace) -> None:
    write(ws, days=60, spoilt=40, factor=1.0)
    assert ws.settings.files is not None
    file = ws.settings.files / "ACME.csv"
    rows = file.read_text().splitlines()
    file.write_text("\n".join(each for each in rows if "2023-02-10" not in each))
    verbs.load(ws, "ACME", calendar="24/7", as_of="2023-02-20")
    (before,) = verbs.gaps(ws, "ACME").datasets
    assert [(each.start.date(), each.state) for each in before.gaps] == [
        (date(2023, 2, 10), "open")
    ]

    set_up(ws, "[closures]\n'24/7' = ['2023-02-10']")
    verbs.update(ws, "ACME", as_of="2023-02-20")
    assert [each.gaps for each in verbs.gaps(ws, "ACME").datasets] == [()]
    assert [each.state for each in verbs.health(ws, as_of="2023-02-20").datasets] == ["healthy"]


def test_health_judges_by_the_closures_and_refuses_a_file_that_cannot_be_read(
    ws: Workspace,
) -> None:
    write(ws, days=60, spoilt=40, factor=1.0)
    verbs.load(ws, "ACME", calendar="24/7", as_of="2023-02-20")
    set_up(ws, "[closures]\n'24/7' = 3")

    with pytest.raises(SettingsInvalid, match="24/7 must be a list of days"):
        verbs.health(ws, as_of="2023-02-20")
    set_up(ws, "[rules]\nspike_facter = 3")
    assert [each.state for each in verbs.health(ws, as_of="2023-02-20").datasets] == ["healthy"]
