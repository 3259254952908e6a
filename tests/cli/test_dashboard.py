"""``ml4t-data panel`` up to the point where a server starts; tests/browser has the rest."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml4t_nb.cli import main
from ml4t_nb.commands.parser import parse
from ml4t_nb.model import Command


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program of this machine listens at."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        yield port


def test_the_line_is_read_as_that_of_a_notebook_with_a_port_and_a_browser() -> None:
    words = "panel history AAPL IBM --port 9000 --no-browser --as-of 2005-03-01 --home there"

    assert parse(words.split()) == Command(
        "panel",
        {
            "part": "history",
            "symbol": ("AAPL", "IBM"),
            "port": 9000,
            "browser": False,
            "as_of": "2005-03-01",
            "home": Path("there"),
        },
    )


def test_a_port_in_use_is_one_sentence(taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["panel", "--no-browser", "--port", str(taken)]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"ml4t-data: port {taken} is in use (name another: --port ")
    assert err.count("\n") == 1
