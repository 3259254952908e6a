"""A store, settings and a shell of this test alone."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ml4t_nb.session_reads import end_session


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The store's folder, named by the environment; no other setting reaches the test."""
    for name in os.environ:
        if name.startswith(("ML4T_DATA_", "_ARGCOMPLETE")):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("ML4T_DATA_HOME", str(folder))
    monkeypatch.setenv("TZ", "UTC")
    _reread_zone()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    yield folder
    monkeypatch.undo()
    _reread_zone()


def _reread_zone() -> None:
    if hasattr(time, "tzset"):  # Windows has no such call, and no TZ
        time.tzset()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """IPython without a history on disk, the extension not loaded."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    config.IPCompleter.use_jedi = False
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()
    end_session()


@pytest.fixture
def notebook(shell: InteractiveShell) -> InteractiveShell:
    """The same, the extension loaded."""
    shell.run_line_magic("load_ext", "ml4t_nb")
    return shell
