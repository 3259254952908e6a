"""Executors that cannot be had: one sentence each, before anything is done."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.exit_codes import AGAIN, USAGE, code_of_error
from ml4t_nb.errors import MissingExtra, Ml4tError, OptionError
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

DATES: dict[str, Any] = {"start": "2024-01-02", "as_of": "2024-01-12"}
WRONG = {
    "proceses": ("unknown executor 'proceses'", "did you mean 'processes'?"),
    "dask": ("unknown executor 'dask'", "choose from dask://HOST:PORT, processes, threads"),
    **{
        word: (f"--executor {word} names no scheduler", "write it as dask://scheduler:8786")
        for word in ("dask://", "dask://scheduler", "dask://a:b", "dask://a:70000", "dask://a:0")
    },
}


def refusal(home: Path, executor: object, verb: str = "load", **options: object) -> Ml4tError:
    ws = Workspace.open(Settings(home=home, provider="synthetic"))
    with pytest.raises(Ml4tError) as caught:
        getattr(verbs, verb)(ws, "DEMO", executor=executor, **options)
    assert not (home / "data").exists()
    return caught.value


@pytest.mark.parametrize("word", WRONG)
def test_a_word_that_names_none_is_refused_with_what_to_write(tmp_path: Path, word: str) -> None:
    error = refusal(tmp_path, word, **DATES)

    assert isinstance(error, OptionError)
    assert (error.message, error.hint) == WRONG[word]


def test_what_is_no_word_is_refused_in_python_as_well(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor() as executor:
        assert isinstance(refusal(tmp_path, executor, **DATES), OptionError)


def test_only_what_requests_bars_is_done_elsewhere(tmp_path: Path) -> None:
    error = refusal(tmp_path, "processes", "gaps")

    assert error.message == "--executor needs --refetch: only that requests bars"


@pytest.mark.parametrize(("verb", "options"), [("load", DATES), ("sync", {}), ("update", {})])
def test_there_is_at_least_one_worker(tmp_path: Path, verb: str, options: dict[str, Any]) -> None:
    error = refusal(tmp_path, "processes", verb, workers=0, **options)

    assert error.message == "--workers must be at least 1, not 0"


def test_a_scheduler_that_is_not_there_is_said_before_the_run_begins(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = refusal(tmp_path, f"dask://127.0.0.1:{port}", **DATES)

    assert error.message == f"no Dask scheduler answers at 127.0.0.1:{port}"
    assert error.hint == f"start one with: dask scheduler, then: dask worker 127.0.0.1:{port}"
    assert code_of_error(error) == AGAIN


def test_without_the_extra_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    error = refusal(tmp_path, "dask://127.0.0.1:8786", **DATES)

    assert isinstance(error, MissingExtra)
    assert error.hint == "pip install 'ml4t-nb[dask]'"
    assert code_of_error(error) == USAGE
