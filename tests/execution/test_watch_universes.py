"""``watch`` beside universes: what is in none is updated, a file that is edited waited for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.exit_codes import code_of
from ml4t_nb.commands.watch import Watch
from ml4t_nb.errors import Ml4tError, SettingsInvalid
from ml4t_nb.execution import watch
from ml4t_nb.model import Command
from ml4t_nb.providers.base import Policy
from ml4t_nb.reports import Report
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import DAYS, Scripted, evening, rising

CORE = '[[universe]]\nname = "core"\nsymbols = ["AAPL"]\nstart = 2024-02-26\n'
HALF = '[[universe]\nname = "co'


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ML4T_DATA_HOME", str(tmp_path / "home"))
    limits = replace(DAYS, delay=timedelta(0), retry=Policy({}))
    provider = Scripted(rising("2024-01-02", "2024-03-29"), limits=limits)
    settings = Settings(home=tmp_path / "home", provider="scripted")
    ws = Workspace(settings, _opened={"scripted": provider})
    verbs.load(ws, ["AAPL", "IBM"], start="2024-02-26", as_of=evening("2024-03-01"))
    verbs.load(ws, ["IBM"], frequency="daily", asset_class="crypto", as_of=evening("2024-03-01"))
    return ws


def watched(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch, files: list[str]
) -> tuple[list[tuple[str, list[str]]], list[Ml4tError]]:
    """The runs of a service, an evening for each text of ``ml4t.toml``, and its complaints."""
    now = [evening("2024-03-04")]
    texts = iter(files)
    runs: list[tuple[str, list[str]]] = []
    complaints: list[Ml4tError] = []

    def edited() -> None:
        try:
            Path("ml4t.toml").write_text(next(texts))
        except StopIteration:
            raise KeyboardInterrupt from None

    def waited(at: datetime, _: object) -> None:
        edited()
        now[0] = max(at, now[0] + timedelta(days=1))

    def carry_out(command: Command) -> Report:
        report = getattr(verbs, command.verb)(ws, **command.arguments)
        runs.append((command.verb, sorted(str(each.dataset) for each in report)))
        return report  # type: ignore[no-any-return]

    monkeypatch.setattr(watch, "_wait_until", waited)
    edited()
    code = watch.keep_current(
        Watch({}, now[0], quiet=True),
        carry_out=carry_out,
        tell=lambda report, _: code_of(report),
        complain=complaints.append,
        clock=lambda: now[0],
    )
    assert code == 0
    return runs, complaints


def test_what_is_in_no_universe_is_updated_as_well(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, complaints = watched(ws, monkeypatch, [CORE])

    assert runs == [
        ("sync", ["equities/daily/AAPL"]),
        ("update", ["crypto/daily/IBM"]),
        ("update", ["equities/daily/IBM"]),
    ]
    assert complaints == []


def test_a_file_that_is_wrong_for_a_while_is_told_once_and_ends_no_service(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, complaints = watched(ws, monkeypatch, [CORE, HALF, HALF, CORE, HALF])

    assert [verb for verb, _ in runs] == ["sync", "update", "update"] * 2
    assert ("sync", ["equities/daily/AAPL"]) in runs[3:]
    assert [type(each) for each in complaints] == [SettingsInvalid] * 2
    with pytest.raises(SettingsInvalid, match="is not TOML"):
        watched(ws, monkeypatch, [HALF])
