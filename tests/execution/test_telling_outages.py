"""What is told of an outage: each dataset that is late by it, once, whether it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import ProviderError, ProviderUnavailable
from ml4t_nb.notice import Notice
from ml4t_nb.providers import Request
from ml4t_nb.render.text import report_text
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.verbs.notify import tell_run
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import Scripted, evening, rising
from tests.receivers import webhook
from tests.yahoo.client import NoWaiting

NAMES = tuple(f"ACME{number}" for number in range(6))
DECLARED = """
[[universe]]
name = "core"
symbols = [{symbols}]
start = 2024-01-02
provider = "scripted"
{more}
"""


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Workspace, Scripted]:
    monkeypatch.chdir(tmp_path)
    provider = Scripted(rising("2024-01-02", "2024-03-29"))
    settings = Settings(home=tmp_path, provider="scripted")
    return Workspace(settings, cancel=NoWaiting(), _opened={"scripted": provider}), provider


def declare(ws: Workspace, more: str = "", hook: str = "") -> None:
    symbols = ", ".join(f'"{each}"' for each in NAMES)
    text = DECLARED.format(symbols=symbols, more=more)
    (ws.settings.home / "ml4t.toml").write_text(f'[notify]\nhook = "{hook}"\n{text}')


@pytest.mark.parametrize("verb", ["update", "sync"])
def test_in_a_long_outage_every_dataset_is_late_once_and_then_recovers(
    scripted: tuple[Workspace, Scripted], verb: str
) -> None:
    ws, provider = scripted
    told: list[list[tuple[str, str]]] = []

    def compose(report: RunReport, notices: Sequence[Notice]) -> tuple[str, str]:
        told.append([(each.dataset.symbol, each.state) for each in notices])
        assert report.verb == verb
        return "title", "body"

    def run(day: str) -> RunReport:
        report: RunReport = getattr(verbs, verb)(ws, as_of=evening(day), workers=1)
        tell_run(ws, report, compose)
        return report

    with webhook() as hook:
        declare(ws, hook=hook.url)
        verbs.sync(ws, as_of=evening("2024-03-01"))
        provider.fails = lambda _: ProviderUnavailable("away", provider="scripted")
        reached = [run(day) for day in ("2024-03-19", "2024-03-20")]
        provider.fails = lambda _: None
        run("2024-03-21")

    assert all(report.left for report in reached)
    late, recovered = ([(name, state) for name in NAMES] for state in ("late", "recovered"))
    assert [sorted(each) for each in told] == [late, recovered]


def test_what_is_whole_up_to_its_declared_end_is_not_late(
    scripted: tuple[Workspace, Scripted],
) -> None:
    ws, _ = scripted
    with webhook() as hook:
        declare(ws, more="end = 2024-03-01", hook=hook.url)
        for day in ("2024-03-01", "2024-03-19", "2024-03-20"):
            report = verbs.sync(ws, as_of=evening(day))
            assert tell_run(ws, report, lambda _, __: ("title", "body")) == ()


def away(name: str) -> Callable[[Request], ProviderError]:
    return lambda _: ProviderUnavailable(f"{name} is away", provider=name)


def test_of_two_providers_that_are_down_each_dataset_is_late_for_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {"first": NAMES, "second": tuple(f"BOLT{number}" for number in range(6))}
    bars = rising("2024-01-02", "2024-03-29")
    opened = {name: Scripted(bars, name=name) for name in names}
    settings = Settings(home=tmp_path)
    ws = Workspace(settings, cancel=NoWaiting(), _opened=dict(opened))
    (tmp_path / "ml4t.toml").write_text(
        "".join(
            DECLARED.format(symbols=", ".join(f'"{each}"' for each in symbols), more="")
            .replace('"core"', f'"{name}"')
            .replace('"scripted"', f'"{name}"')
            for name, symbols in names.items()
        )
    )
    verbs.sync(ws, as_of=evening("2024-03-01"))
    for name, provider in opened.items():
        provider.fails = away(name)

    report = verbs.update(ws, as_of=evening("2024-03-19"), workers=1)

    left = report.left_by_reason
    assert [*left] == ["first is away", "second is away"]
    assert {each.symbol[:4] for each in left["first is away"]} == {"ACME"}
    assert {each.symbol[:4] for each in left["second is away"]} == {"BOLT"}
    assert report.stopped == "first is away; second is away"
    assert {str(each.symbol): each for each in report.left} == {
        str(each.symbol): each for own in left.values() for each in own
    }
    said = report_text(report)
    assert "not reached: ACME3, ACME4, ACME5 (first is away)" in said
    assert "not reached: BOLT3, BOLT4, BOLT5 (second is away)" in said


def test_what_was_told_of_a_dataset_is_forgotten_with_it(
    scripted: tuple[Workspace, Scripted],
) -> None:
    ws, provider = scripted
    told: list[list[tuple[str, str]]] = []

    def compose(report: RunReport, notices: Sequence[Notice]) -> tuple[str, str]:
        del report
        told.append([(each.dataset.symbol, each.state) for each in notices])
        return "title", "body"

    def run(day: str) -> None:
        tell_run(ws, verbs.update(ws, as_of=evening(day), workers=1), compose)

    def known() -> set[str]:
        (target,) = verbs.notify(ws).targets
        return {each.dataset.symbol for each in target.conditions}

    with webhook() as hook:
        declare(ws, hook=hook.url)
        verbs.sync(ws, as_of=evening("2024-03-01"))
        provider.fails = lambda _: ProviderUnavailable("away", provider="scripted")
        for day in ("2024-03-19", "2024-03-20"):
            run(day)
        assert known() == set(NAMES)
        provider.fails = lambda _: None

        verbs.remove(ws, "ACME0", yes=True)
        verbs.remove(ws, "ACME1", end="2024-12-31", yes=True)
        verbs.remove(ws, "ACME2", end="2024-01-31", yes=True)
        assert known() == {"ACME2", "ACME3", "ACME4", "ACME5"}
        verbs.load(ws, ["ACME0", "ACME1"], start="2024-01-02", as_of=evening("2024-03-21"))
        run("2024-03-22")

    recovered = {name for name, state in told[-1] if state == "recovered"}
    assert recovered == {"ACME2", "ACME3", "ACME4", "ACME5"}
    assert {state for _, state in told[-1]} == {"recovered"}
