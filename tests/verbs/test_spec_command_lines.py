"""The command lines people were promised run as they were written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

AS_OF = "2024-01-05"
"""The first Friday after the year that the command lines load."""

LOAD = [
    "ml4t-data load --provider synthetic --symbol AAPL --start 2023-01-01 --end 2024-01-01",
    "ml4t-data load -p synthetic -s AAPL --start 2023-01-01 --end 2024-01-01 -f daily",
]
UPDATE = [
    "ml4t-data update --symbol AAPL",
    "ml4t-data update -s AAPL --lookback-days 10 --fill-gaps --show-status",
    "ml4t-data update -s AAPL --no-fill-gaps",
    "ml4t-data update -s AAPL --provider synthetic",
    "ml4t-data update -s AAPL --show-status",
]
HEALTH = [
    "ml4t-data health",
    "ml4t-data health --verbose",
    "ml4t-data health --stale-days 3 --verbose",
    "ml4t-data health --stale-days 2 >> health.log",
    "ml4t-data list",
    "du -sh home/data/",
]
LOOPS = """
for symbol in AAPL GOOGL MSFT NVDA; do
    ml4t-data load -p synthetic -s $symbol --start 2023-01-01 --end 2024-01-01
done
for symbol in AAPL GOOGL MSFT NVDA; do
    ml4t-data update -s $symbol
done
ml4t-data health
"""
CRYPTO = """
ml4t-data load -p synthetic -s BTC-USD --start 2023-01-01 --end 2024-01-01 -a crypto
ml4t-data update -s BTC-USD -a crypto --fill-gaps --show-status
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script as a person's shell would, with the store in ``folder / "home"``."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ML4T_DATA_HOME": str(folder / "home"),
        "ML4T_DATA_AS_OF": AS_OF,
    }
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def listed(folder: Path) -> dict[str, int]:
    done = shell("ml4t-data list --json", folder)
    return {each["dataset"]: each["rows"] for each in json.loads(done.stdout)["datasets"]}


def test_every_line_on_one_symbol_succeeds_and_loads_a_year_and_four_sessions(
    folder: Path,
) -> None:
    done = shell("\n".join([*LOAD, *UPDATE, *HEALTH]), folder)

    assert done.returncode == 0, done.stderr
    # XNYS was open on 250 days of 2023, and on 2, 3, 4 and 5 January 2024.
    assert listed(folder) == {"equities/daily/AAPL": 254}
    assert (folder / "health.log").read_text().strip()


def test_the_loops_over_four_symbols_succeed(folder: Path) -> None:
    done = shell(LOOPS, folder)

    assert done.returncode == 0, done.stderr
    assert listed(folder) == {
        f"equities/daily/{symbol}": 254 for symbol in ("AAPL", "GOOGL", "MSFT", "NVDA")
    }


def test_crypto_is_loaded_round_the_clock(folder: Path) -> None:
    done = shell(CRYPTO, folder)

    assert done.returncode == 0, done.stderr
    # 365 days of 2023 and five of January: as of a day means after its close at midnight.
    assert listed(folder) == {"crypto/daily/BTC-USD": 370}


def test_a_symbol_s_folder_removed_by_hand_is_a_dataset_removed(folder: Path) -> None:
    shell(LOOPS, folder)

    done = shell("rm -rf home/data/equities/daily/NVDA && ml4t-data health --json", folder)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["datasets"] == 3
    assert "equities/daily/NVDA" not in listed(folder)


def test_update_before_load_says_what_to_run(folder: Path) -> None:
    done = shell("ml4t-data update -s AAPL", folder)

    assert done.returncode == 1
    assert "No existing data found" in done.stdout + done.stderr
    assert "ml4t-data load -s AAPL" in done.stdout + done.stderr


def test_a_log_level_of_debug_in_dotenv_shows_the_attempts(folder: Path) -> None:
    (folder / ".env").write_text("ML4T_DATA_LOG_LEVEL=DEBUG\n")

    done = shell(LOAD[0], folder)

    assert done.returncode == 0
    assert "DEBUG" in done.stderr
