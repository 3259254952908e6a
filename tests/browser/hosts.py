"""JupyterLab, Notebook and Voila, each as a person starts them, on this machine alone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

__all__ = ["Host", "HostName", "free_port", "serving", "write_notebook"]

HostName: TypeAlias = Literal["lab", "notebook", "voila"]

_PATIENCE_S = 180.0
_ANSWERS = {"lab": "/api", "notebook": "/api", "voila": "/voila/static/voila.js"}
_PAGES = {"lab": "/lab/tree/", "notebook": "/notebooks/", "voila": "/voila/render/"}
_OPEN = ["--ServerApp.token=", "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True"]


@dataclass(frozen=True, slots=True)
class Host:
    """A server of notebooks.

    Parameters
    ----------
    folder
        Where its notebooks lie.
    home
        The store that its kernels work with.
    """

    name: HostName
    root: str
    folder: Path
    home: Path

    def page(self, notebook: str) -> str:
        """Address of a notebook."""
        # Lab would open again what earlier tests had open.
        fresh = "?reset" if self.name == "lab" else ""
        return f"{self.root}{_PAGES[self.name]}{notebook}{fresh}"

    def end_kernel(self, notebook: str) -> None:
        """End a notebook's kernel: it outlives its page, and its panels look at the store still."""
        if self.name == "voila":
            return  # it ends a kernel with its page
        sessions = f"{self.root}/api/sessions"
        with urllib.request.urlopen(sessions) as answer:  # noqa: S310  # our own
            running = json.load(answer)
        for each in running:
            if each["path"] == notebook:
                ended = urllib.request.Request(f"{sessions}/{each['id']}", method="DELETE")  # noqa: S310  # our own
                urllib.request.urlopen(ended).close()  # noqa: S310  # our own


@contextmanager
def serving(name: HostName, folder: Path, environ: Mapping[str, str]) -> Iterator[Host]:
    """A host of notebooks in ``folder``, with a home and settings of its own."""
    port = free_port()
    notebooks, settings = folder / "notebooks", folder / "settings"
    notebooks.mkdir(parents=True)
    _quiet(settings)
    own = {
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "ML4T_DATA_HOME": str(folder / "store"),
        "TZ": "UTC",
    }
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*_command(name, notebooks), f"--port={port}"],
            env={**os.environ, **own, **environ},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            root = f"http://127.0.0.1:{port}"
            _await(f"{root}{_ANSWERS[name]}", server, folder / "server.log")
            yield Host(name, root, notebooks, folder / "store")
        finally:
            server.terminate()
            server.wait()


def write_notebook(path: Path, *cells: str) -> None:
    """A notebook of these cells, not run yet."""
    document = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": cell,
            }
            for number, cell in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(document))


def _command(name: HostName, notebooks: Path) -> list[str]:
    program = [sys.executable, "-m"]
    common = ["--no-browser", "--ip=127.0.0.1"]
    match name:
        case "lab":
            own = ["jupyterlab", "--allow-root", "--LabApp.expose_app_in_browser=True"]
            return [*program, *own, *common, *_OPEN, f"--ServerApp.root_dir={notebooks}"]
        case "notebook":
            own = ["notebook", "--allow-root", "--JupyterNotebookApp.expose_app_in_browser=True"]
            return [*program, *own, *common, *_OPEN, f"--ServerApp.root_dir={notebooks}"]
        case "voila":
            return [*program, "voila", *common, str(notebooks)]


def _quiet(settings: Path) -> None:
    """No question about news and no look for new releases: both would ask other hosts."""
    folder = settings / "@jupyterlab" / "apputils-extension"
    folder.mkdir(parents=True)
    (folder / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    folder = settings / "@jupyterlab" / "docmanager-extension"
    folder.mkdir(parents=True)
    (folder / "plugin.jupyterlab-settings").write_text(json.dumps({"autosave": False}))


def free_port() -> int:
    """One that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10):  # noqa: S310  # our own
                return
        except urllib.error.HTTPError as error:
            error.close()
            return  # it answers
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {address}:\n{log.read_text()}")
