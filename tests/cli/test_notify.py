"""What a shell tells the targets of a store, what it says of it, and what it never says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml4t_nb.cli import main
from tests.receivers import Webhook, dead_port, webhook

FAILS = ["update", "NOPE", "-q"]


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


@pytest.fixture
def store(home: Path, hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that tells a webhook, whose URL is in the environment."""
    home.mkdir()
    monkeypatch.setenv("HOOK", hook.url)
    (home / "ml4t.toml").write_text('[notify]\nhook = "$HOOK"\n')
    return home


def shell(store: Path, *words: str, **environ: str) -> subprocess.Popen[str]:
    """One command line as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "ml4t_nb", *words, "--home", str(store)],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def test_processes_at_once_tell_each_change_once(store: Path, hook: Webhook) -> None:
    running = [shell(store, *FAILS) for _ in range(4)]
    ended = [(process.communicate(), process.returncode) for process in running]

    assert {code for _, code in ended} == {1}
    assert hook.titles == ["ml4t-data: NOPE failed"]


def test_a_shell_tells_without_being_asked_and_says_nothing_more_of_it(
    store: Path, hook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    del store
    assert main(FAILS) == 1
    assert hook.titles == ["ml4t-data: NOPE failed"]
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert main([*FAILS, "--no-notify"]) == 1


@pytest.mark.parametrize("words", [FAILS, ["update", "NOPE"], ["update", "NOPE", "ALSO", "-q"]])
def test_a_dead_target_costs_one_line_and_no_exit_code(
    store: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--no-notify"]) == 1
    before = "".join(capsys.readouterr())
    with dead_port() as port:
        (store / "ml4t.toml").write_text(f'[notify]\ndead = "json://127.0.0.1:{port}/s3cr3t"\n')
        assert main(words) == 1

    after = "".join(capsys.readouterr())
    assert after.count("\n") == before.count("\n") + 1
    assert "⚠️ dead could not be told: " in after
    assert "s3cr3t" not in after


def test_a_test_says_who_received_it_and_fails_if_one_did_not(
    store: Path, hook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["notify", "--test"]) == 0
    assert "✅ sent" in capsys.readouterr().out
    (store / "ml4t.toml").write_text('[notify]\nhook = "$HOOK"\nmail = "mailtos://s3cr3t"\n')

    assert main(["notify", "--test"]) == 1

    assert hook.titles == ["Test message"] * 2
    said = "".join(capsys.readouterr())
    assert [each.split() for each in said.splitlines()[:3]] == [
        ["Target", "Sent", "to", "Told", "of", "Knows", "of", "Test"],
        ["hook", "json://…", "all", "0", "conditions", "✅", "sent"],
        ["mail", "…", "all", "0", "conditions", "❌", "not", "sent"],
    ]
    assert "❌ mail: apprise does not know what to do with its URL" in said
    assert "s3cr3t" not in said


@pytest.mark.usefixtures("store")
def test_what_targets_know_is_shown_and_printed_as_a_document(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(FAILS)
    capsys.readouterr()

    assert main(["notify"]) == 0
    assert "equities/daily/NOPE: failed, told on " in capsys.readouterr().out
    assert main(["notify", "--json"]) == 0
    (target,) = json.loads(capsys.readouterr().out)["targets"]
    (condition,) = target.pop("conditions")
    assert (condition["dataset"], condition["state"]) == ("equities/daily/NOPE", "failed")
    assert target == {
        "name": "hook",
        "url": "json://…",
        "on": ["failed", "vanishing", "late", "suspect", "restated", "recovered"],
        "error": "",
        "arrived": None,
    }


def test_a_store_without_targets_says_how_to_name_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()

    assert main(["notify"]) == 0
    assert "tells nobody" in capsys.readouterr().out
    assert main(["notify", "--test"]) == 2
    assert "there is nobody to tell" in capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_without_the_extra_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)

    for words in (["notify", "--test"], ["notify"]):
        assert main(words) == 2
        assert "pip install 'ml4t-nb[notify]'" in capsys.readouterr().err
    assert main(FAILS) == 1
    assert "pip install 'ml4t-nb[notify]'" in capsys.readouterr().err


def test_no_secret_is_logged_whatever_is_logged(store: Path, hook: Webhook) -> None:
    (store / "ml4t.toml").write_text(
        '[notify]\nhook = "$HOOK"\n'
        'wrong = "s3cr3t://x"\nopen = "mailto://me:s3cr3t@example.org"\ndead = "json://a:s3cr3t@127.0.0.1:9"\n'
    )
    for words in (["update", "NOPE"], ["update", "NOPE", "--json"], ["notify", "--test"]):
        process = shell(store, *words, ML4T_DATA_LOG_LEVEL="DEBUG")
        out, err = process.communicate()
        assert process.returncode == 1
        assert "s3cr3t" not in out + err
    assert hook.titles == ["ml4t-data: NOPE failed", "Test message"]


def test_what_sends_is_imported_when_there_is_something_to_send(store: Path, hook: Webhook) -> None:
    program = (
        "import sys; from ml4t_nb.cli import main\n"
        "main(['load', 'AAPL', '-p', 'sample', '--start', '2005-01-03', '--as-of', '2005-01-10',"
        f" '--notify', '--home', {str(store)!r}])\n"
        "print('apprise' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "False"
    assert hook.taken == []
