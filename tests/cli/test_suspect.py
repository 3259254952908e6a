"""A doubtful bar at the shell: told by the run that finds it, and a state from then on."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from ml4t_nb.calendars import calendar
from tests.cli.test_cron import shell

DAYS = calendar("XNYS").span(date(2024, 1, 2), date(2024, 3, 15), "daily")


def write(folder: Path, *, last: date, spike: date) -> None:
    """Bars that move by half a percent, and one of ten times the price."""
    rows = ["timestamp,Open,High,Low,Close,Volume"]
    for at, stamp in enumerate(calendar("XNYS").stamps(DAYS, "daily")):
        if stamp.date() <= last:
            price = (100 + at % 3 / 2) * (10 if stamp.date() == spike else 1)
            prices = f"{price},{price + 0.4},{price - 0.4},{price + 0.2}"
            rows.append(f"{stamp:%Y-%m-%d},{prices},{1000 + 7 * at}")
    (folder / "files").mkdir(exist_ok=True)
    (folder / "files" / "ACME.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture
def found(tmp_path: Path) -> Path:
    """A store whose last update stored a bar of ten times its price."""
    spike = date(2024, 3, 12)
    write(tmp_path, last=date(2024, 3, 8), spike=spike)
    loaded = shell(
        tmp_path, "load ACME -q -p files --as-of 2024-03-08", files="files", home="store"
    )
    assert (loaded.returncode, loaded.stdout, loaded.stderr) == (0, "", "")
    write(tmp_path, last=date(2024, 3, 14), spike=spike)
    told = shell(tmp_path, "update -q --as-of 2024-03-14", files="files", home="store")
    assert (told.returncode, told.stderr) == (0, "")
    assert "ACME: 1 row stored, but suspect: 2024-03-12 " in told.stdout
    assert "   → ml4t-data review -s ACME" in told.stdout
    return tmp_path


def test_three_equal_nights_tell_it_once(found: Path) -> None:
    for _ in range(3):
        again = shell(found, "update -q --as-of 2024-03-14", files="files", home="store")
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
        calm = shell(found, "health -q --fail-on stale --as-of 2024-03-14", home="store")
        assert (calm.returncode, calm.stdout, calm.stderr) == (0, "", "")


def test_health_calls_it_suspect_and_fails_where_that_was_asked_for(found: Path) -> None:
    codes = {
        states: shell(
            found, f"health -q --fail-on {states} --as-of 2024-03-14", home="store"
        ).returncode
        for states in ("error", "stale", "suspect", "stale,error", "stale,suspect,error", "healthy")
    }
    asked = shell(found, "health -q --fail-on stale,suspect --as-of 2024-03-14", home="store")
    text = shell(found, "health --as-of 2024-03-14", home="store").stdout

    assert codes == {
        "error": 0, "stale": 0, "suspect": 1, "stale,error": 0, "stale,suspect,error": 1,
        "healthy": 1,
    }  # fmt: skip
    assert asked.stdout == ""
    assert "equities/daily/ACME: 1 finding to decide: 2024-03-12 " in asked.stderr
    assert "(ml4t-data review -s ACME)" in asked.stderr
    assert "⚠️  suspect  equities/daily/ACME" in text
    # It names the states that some dataset has: of all others there are none.
    assert text.startswith("1 dataset: 1 suspect\n")


def test_a_late_dataset_with_a_doubtful_bar_is_both(found: Path) -> None:
    words = "health -q --fail-on stale --as-of 2024-04-30"
    late = shell(found, words, home="store")

    assert late.returncode == 1
    assert "1 finding to decide: 2024-03-12 " in late.stderr
    assert "; also stale: 32 sessions behind" in late.stderr
    document = json.loads(shell(found, f"{words} --json", home="store").stdout)
    (judged,) = document["datasets"]
    assert (judged["state"], judged["also"]) == ("suspect", ["stale"])
    assert (judged["suspect"], judged["days_since_run"]) == (1, 47)
    assert document["summary"]["suspect"] == 1


def test_gaps_name_it_in_one_line(found: Path) -> None:
    text = shell(found, "gaps", home="store").stdout

    assert "⚠️ ACME: 1 finding to decide\n   → ml4t-data review -s ACME" in text


def test_a_word_that_is_no_state_is_refused(found: Path) -> None:
    done = shell(found, "health --fail-on stale,suspekt", home="store")

    assert (done.returncode, done.stdout) == (2, "")
    assert "unknown health state 'suspekt' (did you mean 'suspect'?)" in done.stderr
