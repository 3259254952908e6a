"""Runs that tell the targets of their store: one message a run, each change once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event as Flag

import pytest

import ml4t_nb
from ml4t_nb.errors import OptionError
from ml4t_nb.events import silent
from ml4t_nb.execution.execute import call
from ml4t_nb.model import Command
from ml4t_nb.providers import Answer, Request
from ml4t_nb.providers.sample.provider import SampleProvider
from ml4t_nb.reports import RunReport
from ml4t_nb.workspace import utc_now
from tests.receivers import Webhook, dead_port, refusing, webhook
from tests.verbs.own_files import OwnFiles


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


@pytest.fixture
def own(tmp_path: Path, home: Path, hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> OwnFiles:
    """A store with the bars of a file up to 10 December 2004, that tells the webhook."""
    del home
    own = OwnFiles(tmp_path)
    own.write(until="2004-12-10")
    own.load("2004-12-10")
    targets(own, f'hook = "{hook.url}"')
    for name in ("home", "files", "provider"):
        monkeypatch.setenv(f"ML4T_DATA_{name.upper()}", str(getattr(own.ws.settings, name)))
    return own


def targets(own: OwnFiles, text: str) -> None:
    (own.ws.settings.home / "ml4t.toml").write_text(f"[notify]\n{text}\n")


def told_file(own: OwnFiles) -> Path:
    return own.ws.settings.home / "state" / "notices" / "told.json"


def update(as_of: str, *symbols: str) -> RunReport:
    return ml4t_nb.update(symbols or ("ACME",), as_of=as_of, notify=True)


def test_one_message_tells_all_that_a_run_changed_and_no_later_one_repeats_it(
    own: OwnFiles, hook: Webhook
) -> None:
    home = own.ws.settings.home
    ml4t_nb.load("AAPL", provider="sample", start="2004-01-02", as_of="2005-02-25")

    report = update("2005-03-01", "AAPL", "NOPE")
    update("2005-03-02", "AAPL", "NOPE")

    assert hook.taken == [hook.taken[0]]
    assert hook.titles == ["ml4t-data: 1 failed, 1 restated"]
    (body,) = hook.bodies
    assert body == (
        f"Store {home}, as of 2005-03-01 21:30 UTC\n"
        "\n"
        "1 failed\n"
        "  NOPE: No existing data found for 'NOPE'\n"
        "\n"
        "1 restated\n"
        "  AAPL: restated 2:1 (split 2005-02-28): history replaced, 292 bars\n"
        "\n"
        "Next:\n"
        f"  ml4t-data history -s AAPL --home {home}\n"
        f"  ml4t-data load -s NOPE --home {home}"
    )
    assert [(each.target, each.notices, each.error) for each in report.deliveries] == [
        ("hook", 2, "")
    ]


def test_a_failure_is_told_once_and_its_end_once(own: OwnFiles, hook: Webhook) -> None:
    file = own.folder / "files" / "ACME.csv"
    file.rename(file.with_suffix(".moved"))
    update("2004-12-13")
    update("2004-12-13")
    assert hook.titles == ["ml4t-data: ACME failed"]

    own.write(until="2004-12-13")
    update("2004-12-13")
    update("2004-12-13")
    assert hook.titles[1:] == ["ml4t-data: ACME recovered"]
    assert "  ACME: up to date" in hook.bodies[1]


def test_one_evening_without_a_bar_is_not_late_and_two_are(own: OwnFiles, hook: Webhook) -> None:
    # The tenth was a Friday; the file has no bar of Monday yet, nor of Tuesday.
    update("2004-12-10")
    update("2004-12-13")
    assert hook.taken == []
    update("2004-12-14")
    update("2004-12-15")
    assert hook.titles == ["ml4t-data: ACME late"]
    assert "  ACME: 2 sessions behind" in hook.bodies[0]

    own.write(until="2004-12-15")
    update("2004-12-15")
    assert hook.titles[1:] == ["ml4t-data: ACME recovered"]


def test_a_finding_makes_it_suspect_until_it_is_decided(own: OwnFiles, hook: Webhook) -> None:
    def spoilt(table: object) -> object:
        table.loc["2004-12-13", ["high", "close"]] *= 10  # type: ignore[attr-defined]  # a frame
        return table

    own.write(spoilt, until="2004-12-14")
    update("2004-12-14")
    assert hook.titles == ["ml4t-data: ACME suspect"]
    assert "finding to decide: " in hook.bodies[0]

    ml4t_nb.review("ACME", accept="as it was", as_of="2004-12-14")
    update("2004-12-14")
    assert hook.titles[1:] == ["ml4t-data: ACME recovered"]


def test_nobody_is_told_of_another_time_or_by_a_person_who_sees_it_unless_it_is_typed(
    own: OwnFiles, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*, tells: bool, **options: object) -> None:
        command = Command("update", {"symbol": ("NOPE",), **options})
        call(command, watch=silent, tells=tells)

    run(tells=True, as_of="2004-12-13")
    run(tells=False)
    run(tells=True, notify=False)
    ml4t_nb.update("NOPE")
    ml4t_nb.load("NOPE", as_of="2004-12-13")
    with monkeypatch.context() as patch:
        patch.setenv("ML4T_DATA_AS_OF", "2004-12-13")
        run(tells=True)
    assert hook.taken == []
    assert not told_file(own).exists()

    # As a service has it, which runs as of the time that it looked.
    run(tells=True, as_of=utc_now() - timedelta(minutes=5))
    assert hook.titles == ["ml4t-data: NOPE failed"]


def test_to_tell_nobody_is_an_error_before_anything_is_asked(own: OwnFiles) -> None:
    targets(own, "")

    with pytest.raises(OptionError, match=r"there is nobody to tell: .* names no target"):
        update("2004-12-13")
    with pytest.raises(OptionError, match="there is nobody to tell"):
        ml4t_nb.notify(test=True)


@pytest.mark.usefixtures("own")
def test_a_target_that_does_not_take_the_message_is_told_later_what_is_so_then(
    hook: Webhook,
) -> None:
    ml4t_nb.load("AAPL", provider="sample", start="2004-01-02", as_of="2005-02-25")
    hook.status = 503

    report = update("2005-03-01", "AAPL", "NOPE")
    assert [(each.target, each.error) for each in report.deliveries] == [
        ("hook", "the message was not taken")
    ]
    assert [each.record.outcome for each in report] == ["changed", "failed"]

    hook.status = 200
    update("2005-03-02", "AAPL")
    assert hook.titles == ["ml4t-data: AAPL restated"]
    update("2005-03-03", "AAPL", "NOPE")
    assert hook.titles[1:] == ["ml4t-data: NOPE failed"]


def test_dead_and_wrong_targets_keep_nothing_from_the_others(own: OwnFiles, hook: Webhook) -> None:
    with dead_port() as port:
        wrong = f'dead = "json://127.0.0.1:{port}"\nnobody = "json://127.0.0.1:{refusing()}"'
        unset = (
            'odd = "s3cr3t://a"\nunset = "$ML4T_NOT_SET"\nmail = "mailto://a:s3cr3t@example.org"'
        )
        targets(own, f'{wrong}\n{unset}\nhook = "{hook.url}"')

        report = update("2004-12-13", "NOPE")

    assert hook.titles == ["ml4t-data: NOPE failed"]
    errors = {each.target: each.error for each in report.deliveries}
    assert [name for name, error in errors.items() if not error] == ["hook"]
    assert "line 5, [notify]: unset: $ML4T_NOT_SET is not set" in errors["unset"]
    assert "write mailtos://" in errors["mail"]
    assert "s3cr3t" not in repr(report)


@pytest.mark.parametrize("text", ["on = ['fail']", "hook = {urls = 'a'}"])
def test_settings_that_cannot_be_meant_break_no_run(own: OwnFiles, text: str) -> None:
    targets(own, text)

    (delivery,) = update("2004-12-13").deliveries

    assert "ml4t.toml, line 2, [notify" in delivery.error


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"[]", b'{"form": "told 0"}', b"{}"])
def test_what_was_told_is_told_once_more_where_it_is_not_known_any_more(
    own: OwnFiles, hook: Webhook, content: bytes | None
) -> None:
    update("2004-12-13", "NOPE")
    if content is None:
        told_file(own).unlink()
    else:
        told_file(own).write_bytes(content)

    for _ in range(3):
        update("2004-12-13", "NOPE")

    assert hook.titles == ["ml4t-data: NOPE failed"] * 2


def test_a_store_in_which_nothing_can_be_kept_is_told_of_all_the_same(
    own: OwnFiles, hook: Webhook
) -> None:
    folder = told_file(own).parent
    folder.mkdir(parents=True)
    (folder / "lock").mkdir()  # as where a disk is full, or was made read-only

    for _ in range(2):
        report = update("2004-12-13", "NOPE")
        assert [(each.target, each.error) for each in report.deliveries] == [("hook", "")]

    assert hook.titles == ["ml4t-data: NOPE failed"] * 2


@pytest.mark.usefixtures("own")
def test_without_the_extra_a_run_says_so_and_tells_when_it_is_installed(
    hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "apprise", None)
        (delivery,) = update("2004-12-13", "NOPE").deliveries
        assert update("2004-12-13", "ACME").deliveries == ()
    assert "pip install 'ml4t-nb[notify]'" in delivery.error

    update("2004-12-13", "NOPE")
    assert hook.titles == ["ml4t-data: NOPE failed"]


@pytest.mark.usefixtures("own")
def test_what_an_interrupted_run_restated_is_told_by_the_next(
    hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ("AAPL", "IBM")
    ml4t_nb.load(both, provider="sample", start="2004-01-02", as_of="2005-02-25")
    fetch, cancel, is_over = SampleProvider.fetch, Flag(), Flag()

    def interrupted(provider: SampleProvider, request: Request) -> Answer:
        if request.dataset.symbol == "IBM":
            cancel.set()
            is_over.wait()
        return fetch(provider, request)

    arguments = {"symbol": both, "as_of": "2005-03-01", "notify": True, "workers": 1}
    with monkeypatch.context() as patch:
        patch.setattr(SampleProvider, "fetch", interrupted)
        report = call(Command("update", arguments), watch=silent, cancel=cancel)
    is_over.set()
    assert isinstance(report, RunReport)
    assert (report.stopped, report.deliveries, hook.taken) == ("interrupted", (), [])

    update("2005-03-01", "IBM")
    assert hook.titles == ["ml4t-data: AAPL restated"]


def test_no_secret_is_kept_or_shown(own: OwnFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as other:
        monkeypatch.setenv("HOOK", other.url)
        targets(own, 'hook = "$HOOK"\ndead = "json://me:s3cr3t@127.0.0.1:9"')
        report = update("2004-12-13", "NOPE")
        tested = ml4t_nb.notify(test=True)
    home = own.ws.settings.home

    assert other.titles == ["ml4t-data: NOPE failed", "Test message"]
    shown = repr(report), repr(tested), tested.to_frame().to_csv()
    kept = [each.read_bytes() for each in home.rglob("*") if each.is_file()]
    assert "s3cr3t" not in "".join(shown)
    assert b"s3cr3t" in (home / "ml4t.toml").read_bytes()
    assert sum(b"s3cr3t" in each for each in kept) == 1
    assert json.loads(told_file(own).read_text())["targets"]


def test_a_target_is_tested_whatever_it_is_told_of(own: OwnFiles, hook: Webhook) -> None:
    targets(own, f'on = ["late"]\nhook = "{hook.url}"\ndead = "json://127.0.0.1:{refusing()}"')

    before, after = ml4t_nb.notify(), ml4t_nb.notify(test=True)

    assert [(each.name, each.arrived) for each in before.targets] == [
        ("hook", None),
        ("dead", None),
    ]
    assert [(each.name, each.url, each.on, each.arrived) for each in after.targets] == [
        ("hook", "json://…", ("late",), True),
        ("dead", "json://…", ("late",), False),
    ]
    assert hook.titles == ["Test message"]
    assert f"{own.ws.settings.home}" in hook.bodies[0]
    frame = after.to_frame()
    assert [*frame["arrived"]] == [True, False]
    assert [*frame["on"]] == ["late", "late"]
