"""Providers of other packages, really installed beside ours."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("pip")

EXAMPLE = Path(__file__).parent / "example_provider"
OPENING = """
import sys
from ml4t_nb.errors import Ml4tError
from ml4t_nb.providers import known, open_provider
from ml4t_nb.settings import Settings
print(*known())
try:
    print(open_provider(sys.argv[1], Settings()).summary)
except Ml4tError as error:
    print(type(error).__name__)
    print(error)
"""


OTHER_NAME = """
class P:
    name = "other"
    summary = basis = limits = instrument = fetch = None

    def __init__(self, settings):
        pass
"""


def wheel(
    folder: Path, source: str, points: str, *, name: str = "ml4t_steady", version: str = "1.0"
) -> Path:
    """A package of one module, as pip installs it."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", source)
        file.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        file.writestr(
            f"{about}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        file.writestr(f"{about}/entry_points.txt", f"[ml4t_nb.providers]\n{points}\n")
        file.writestr(f"{about}/RECORD", "")
    return path


def unpack(where: Path, *wheels: Path) -> None:
    """What installing does, without the seconds it takes."""
    for each in wheels:
        with zipfile.ZipFile(each) as file:
            file.extractall(where)


def install(where: Path, *wheels: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--target", str(where)]
    subprocess.run([*pip, *offline, *map(str, wheels)], check=True)


def run(where: Path, program: str, *words: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "PYTHONPATH": str(where)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def example(folder: Path) -> Path:
    about = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    points = about["entry-points"]["ml4t_nb.providers"]
    lines = "\n".join(f"{name} = {place}" for name, place in points.items())
    return wheel(folder, (EXAMPLE / "ml4t_steady.py").read_text(), lines)


def test_an_installed_provider_is_known_and_serves_bars(tmp_path: Path) -> None:
    install(tmp_path / "site", example(tmp_path))
    program = """
from datetime import UTC, datetime
from ml4t_nb.calendars import calendar
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.providers import Request, open_provider
from ml4t_nb.providers.retry import fetch_with_retries
from ml4t_nb.settings import Settings
span = Span(datetime(2024, 7, 1, tzinfo=UTC), datetime(2024, 7, 8, tzinfo=UTC))
request = Request(DatasetId("equities", "daily", "X"), span, span.end, calendar("XNYS"))
answer = fetch_with_retries(open_provider("steady", Settings()), request, on_retry=print)
print(*(f"{stamp:%m-%d}" for stamp in answer.bars.index))
print(*answer.bars["close"])
"""

    assert run(tmp_path / "site", OPENING, "steady") == [
        "files sample steady synthetic yahoo",
        "prices that never move",
    ]
    assert run(tmp_path / "site", program) == [
        "07-01 07-02 07-03 07-05",
        "100.0 100.0 100.0 100.0",
    ]


@pytest.mark.parametrize(
    ("source", "point", "reason"),
    [
        ("import nothing_of_that_name", "m:P", "ModuleNotFoundError: No module named 'nothing"),
        ("", "m:P", "AttributeError: module 'm' has no attribute 'P'"),
        ("def P(:", "m:P", "SyntaxError: invalid syntax"),
        ("P = 7", "m:P", "TypeError: 'int' object is not callable"),
        ("class P:\n    def __init__(self, settings): self.name = 'bad'", "m:P", "it has no summ"),
        (OTHER_NAME, "m:P", "its name is 'other'"),
    ],
)
def test_a_provider_that_does_not_work_is_named_with_its_package(
    tmp_path: Path, source: str, point: str, reason: str
) -> None:
    unpack(tmp_path / "site", wheel(tmp_path, source, f"bad = {point}", name="m", version="3.1"))

    names, kind, message, hint = run(tmp_path / "site", OPENING, "bad")

    assert names == "bad files sample synthetic yahoo"
    assert kind == "OptionError"
    assert message.startswith(f"the provider 'bad' of m 3.1 does not work: {reason}")
    assert hint == "update that package, or uninstall it"
    assert run(tmp_path / "site", OPENING, "sample")[1].startswith("real")


def test_two_providers_of_one_name_are_refused(tmp_path: Path) -> None:
    source = (EXAMPLE / "ml4t_steady.py").read_text()
    wheels = [
        wheel(tmp_path, source, f"yahoo = {name}:SteadyProvider\nsteady = {name}:SteadyProvider",
              name=name)
        for name in ("one", "two")
    ]  # fmt: skip
    unpack(tmp_path / "site", *wheels)

    assert run(tmp_path / "site", OPENING, "steady")[1:] == [
        "OptionError",
        "there are 2 providers 'steady': of one 1.0 and of two 1.0",
        "uninstall one of these packages",
    ]
    assert run(tmp_path / "site", OPENING, "yahoo")[1:3] == [
        "OptionError",
        "there are 3 providers 'yahoo': of ml4t-nb and of one 1.0 and of two 1.0",
    ]
