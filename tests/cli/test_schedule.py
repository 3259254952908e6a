"""``ml4t-data schedule``: what it prints is what cron, systemd and Kubernetes take."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.verbs.market_hours import MarketHours, market_hours
from ml4t_nb.workspace import Workspace
from tests.docs.test_crontabs import SCHEDULE

START: dict[str, Any] = {"start": "2024-01-02", "as_of": "2024-01-12", "provider": "synthetic"}


@pytest.fixture(autouse=True)
def as_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del home
    monkeypatch.setenv("ML4T_DATA_AS_OF", "2024-01-12")


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder that has all that a shell, cron and systemd would take for their own."""
    return tmp_path / "the 100% of 'bars'; all"


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["schedule", *words]) == 0
    return capsys.readouterr().out


def test_a_crontab_has_one_line_that_cron_can_run_in_whatever_folder(
    odd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ml4t_nb.load("DEMO", home=odd, **START)

    (line,) = printed(capsys, "--home", str(odd)).splitlines()

    found = re.fullmatch(rf"({SCHEDULE}) +(\S.*)", line)
    assert found is not None
    assert found[1] == "*/15 * * * *"
    # cron ends the line at a percent sign without a backslash, and takes that one away.
    assert not re.search(r"(?<!\\)%", line)
    assert Path(found[2].split()[0]).is_absolute()
    done = subprocess.run(
        ["/bin/sh", "-c", found[2].replace(r"\%", "%")],
        env={"HOME": "/nowhere", "ML4T_DATA_AS_OF": "2024-01-16", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(ml4t_nb.bars("DEMO", home=odd)) == 10


def declare(folder: Path, *symbols: str) -> None:
    named = ", ".join(f'"{each}"' for each in symbols)
    text = '[[universe]]\nname = "core"\nprovider = "synthetic"\nstart = 2024-01-02\n'
    (folder / "ml4t.toml").write_text(f"{text}symbols = [{named}]\n")


def test_where_universes_are_declared_it_syncs_beside_the_file_that_does(
    odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for symbol in ("DEMO", "OTHER"):
        ml4t_nb.load(symbol, home=odd, **START)
    project, elsewhere = tmp_path / "50% of 'mine'", tmp_path / "cron"
    for folder, symbols in ((project, ("DEMO", "NEW")), (elsewhere, ("WRONG",))):
        folder.mkdir()
        declare(folder, *symbols)
    monkeypatch.chdir(project)

    note, line = printed(capsys, "--home", str(odd)).splitlines()

    assert note == "# 1 dataset in no universe, which it does not update: equities/daily/OTHER"
    found = re.fullmatch(rf"({SCHEDULE}) +(cd .*)", line)
    assert found is not None
    assert not re.search(r"(?<!\\)%", line)
    done = subprocess.run(
        ["/bin/sh", "-c", found[2].replace(r"\%", "%")],
        env={"HOME": str(elsewhere), "ML4T_DATA_AS_OF": "2024-01-16", "PATH": "/usr/bin:/bin"},
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = {
        each.dataset.symbol: each.rows for each in verbs.list_(Workspace.open().at(odd)).datasets
    }
    # The exchange was closed on the fifteenth.
    assert rows == {"DEMO": 10, "NEW": 10, "OTHER": 9}


def test_a_container_has_the_universes_of_the_store_alone(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ml4t_nb.load("DEMO", **START)
    words = ["--format", "k8s", "--image", "bars:1.0"]
    declare(home, "DEMO")

    (job,) = yaml.safe_load_all(printed(capsys, *words))

    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["ml4t-data", "sync", "--due", "-q", "--home", "/data"]
    assert container["workingDir"] == "/data"
    declare(Path.cwd(), "DEMO")
    assert main(["schedule", *words]) == 2
    assert f"move it to the store: {home / 'ml4t.toml'}" in capsys.readouterr().err


def test_the_default_store_is_not_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printed(capsys).endswith(f"update --due -q --home {tmp_path / 'home'}\n")
    monkeypatch.delenv("ML4T_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert printed(capsys).endswith("update --due -q\n")


def units(text: str) -> dict[str, str]:
    """The two files by name."""
    parts = re.split(r"^# \S+/(ml4t-data\.\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_a_timer_is_in_the_zone_of_each_market(
    odd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ml4t_nb.load("DEMO", home=odd, **START)
    ml4t_nb.load("JAPAN", home=odd, calendar="XTKS", **START)
    ml4t_nb.load("COIN", home=odd, asset_class="crypto", **START)

    found = units(printed(capsys, "--format", "systemd", "--home", str(odd)))

    assert re.findall("OnCalendar=(.*)", found["ml4t-data.timer"]) == [
        "*-*-* 00..03:00:00 UTC",
        "Mon,Tue,Wed,Thu,Fri *-*-* 16..19:00:00 America/New_York",
        "Mon,Tue,Wed,Thu,Fri *-*-* 15..18:00:00 Asia/Tokyo",
    ]
    (command,) = re.findall("ExecStart=(.*)", found["ml4t-data.service"])
    assert command.endswith("/the 100%% of 'bars'; all\"")
    assert 'ml4t_nb update --due -q --home "/' in command.replace("ml4t-data", "ml4t_nb")


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and not os.environ.get("CI"),
    reason="no systemd-analyze on the PATH: sudo apt-get install systemd",
)
def test_systemd_takes_the_units_and_the_times(
    odd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ml4t_nb.load("DEMO", home=odd, frequency="hourly", **START)
    declare(odd, "DEMO")

    found = units(printed(capsys, "--format", "systemd", "--home", str(odd)))

    for name, text in found.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (when,) = re.findall("OnCalendar=(.*)", found["ml4t-data.timer"])
    assert when == "Mon,Tue,Wed,Thu,Fri *-*-* 09..19:00,30:00 America/New_York"
    folder = re.findall("WorkingDirectory=(.*)", found["ml4t-data.service"])
    assert folder == [f"{odd}".replace("%", "%%")]
    for words in (["calendar", when], ["verify", *(str(tmp_path / name) for name in found)]):
        done = subprocess.run(
            ["systemd-analyze", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "ml4t-data" not in done.stderr


def test_kubernetes_gets_a_job_for_each_market(capsys: pytest.CaptureFixture[str]) -> None:
    ml4t_nb.load("DEMO", **START)
    ml4t_nb.load("EUR=X", asset_class="fx", **START)
    ml4t_nb.load("COIN", asset_class="crypto", frequency="hourly", **START)

    text = printed(capsys, "--format", "k8s", "--image", "bars:1.0", "--claim", "store")

    jobs: list[Any] = [*yaml.safe_load_all(text)]
    assert [(each["kind"], each["metadata"]["name"]) for each in jobs] == [
        ("CronJob", "ml4t-data-24-7"),
        ("CronJob", "ml4t-data-xnys"),
        ("CronJob", "ml4t-data-fx"),
    ]
    assert [(each["spec"]["schedule"], each["spec"]["timeZone"]) for each in jobs] == [
        ("0,30 0-23 * * *", "UTC"),
        ("0 16-19 * * 1,2,3,4,5", "America/New_York"),
        ("0 17-20 * * 1,2,3,4,5", "America/New_York"),
    ]
    spec = jobs[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert (container["image"], container["command"]) == (
        "bars:1.0",
        ["ml4t-data", "update", "--due", "-q", "--home", "/data"],
    )
    assert container["volumeMounts"] == [{"name": "store", "mountPath": "/data"}]
    assert spec["volumes"][0]["persistentVolumeClaim"] == {"claimName": "store"}


def test_times_are_after_the_provider_s_delay_and_on_the_days_of_the_exchange() -> None:
    ml4t_nb.load("IBM", provider="sample", start="2005-01-03", as_of="2005-02-25")
    ml4t_nb.load("TASE", calendar="XTAE", **START)

    (york, aviv) = sorted(market_hours(Workspace.open()), key=lambda each: each.zone)

    # The sample's bars are final half an hour after 16:00. Tel Aviv traded from Sunday on.
    assert york == MarketHours("XNYS", "America/New_York", (0, 1, 2, 3, 4), 990, None)
    assert aviv.days == (0, 1, 2, 3, 6)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--format k8s", "needs an image"),
        ("--format systemd --image bars:1.0", "takes no image"),
        ("--format yaml", "unknown format"),
        ("--format systemd", "no dataset in"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(
    home: Path, words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()

    assert main(["schedule", *words.split()]) == 2
    assert told in capsys.readouterr().err


def test_a_store_that_is_not_there_has_no_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["schedule", "--format", "systemd", "--home", str(tmp_path / "unmounted")]

    assert main(words) == 1
    assert "there is no store at" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["work"]
