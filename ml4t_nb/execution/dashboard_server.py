"""Panels in a browser, served by Voila to this machine alone until Ctrl-C.

Whoever may ask for the page could start runs, so it takes a token that is new each time, and no
other name for this machine than its own: a page of the web that had its name point here would else
be answered. Nothing is asked of another host.
"""

from __future__ import annotations

import json
import os
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from threading import Thread

from ml4t_nb.commands.dashboard import Dashboard
from ml4t_nb.errors import MissingExtra
from ml4t_nb.execution.ports import require_free

__all__ = ["serve"]

_HOST = "127.0.0.1"
_JUPYTER = Path(__file__).parent / "jupyter"  # with the template of the page
_KERNEL = "ml4t-data"
_PING_MS = 30_000
_UNFIT = ["@jupyter-notebook/lab-extension"]  # Voila would load it, and complain


def serve(asked: Dashboard, *, told: Callable[[str], object]) -> None:
    """Show it until the process is interrupted; ``told`` is given the address as a line.

    Each page that is open has a kernel, which ends with the page, or with this.
    """
    require_free(asked.port, _HOST)
    try:
        import ipykernel  # noqa: F401  # the kernel of each page
        from voila.app import Voila
    except ImportError as error:
        name = str(error.name).partition(".")[0]
        raise MissingExtra(
            f"panel needs {name}, which is not installed", hint="pip install 'ml4t-nb[panel]'"
        ) from error

    token = token_urlsafe(24)
    address = f"http://{_HOST}:{asked.port}/?token={token}"

    class Server(Voila):  # type: ignore[misc]  # voila has no types
        def launch_browser(self) -> None:
            """Called as soon as it is listened to."""
            told(f"panels at {address} (Ctrl-C ends them)\n")
            if asked.has_browser:
                Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    with TemporaryDirectory() as made:
        folder = Path(made)
        notebook = _written(asked, folder)
        # Settings of a voila.json in this folder or of the user come after those named here.
        before = os.environ.get("JUPYTER_PATH")
        places = [str(_JUPYTER), str(folder), *([before] if before else [])]
        os.environ["JUPYTER_PATH"] = os.pathsep.join(places)
        server = Server.instance()
        server.initialize([
            str(notebook),
            f"--Voila.ip={_HOST}",
            f"--Voila.port={asked.port}",
            "--Voila.port_retries=0",
            "--Voila.open_browser=True",
            f"--Voila.token={token}",
            "--Voila.log_level=ERROR",
            "--VoilaConfiguration.template=ml4t",
            "--VoilaConfiguration.show_tracebacks=True",
        ])  # fmt: skip
        server.voila_configuration.extension_denylist = _UNFIT
        server.tornado_settings = {
            "allow_remote_access": False,
            "websocket_ping_timeout": _PING_MS,  # its own is longer than is allowed, it says
        }
        server.start()


def _written(asked: Dashboard, folder: Path) -> Path:
    """A notebook with the panel, and a kernel of this very Python for it."""
    panel = asked.panel
    moments = {"as_of": panel.as_of, "home": panel.home}
    words = {
        "part": panel.part,
        "symbol": panel.symbols,
        "with_": panel.other,
        **{name: None if value is None else str(value) for name, value in moments.items()},
    }
    given = ", ".join(f"{name}={value!r}" for name, value in words.items() if value)
    source = [
        "import os, ml4t_nb",
        f"os.chdir({str(Path.cwd())!r})",  # a .env, and relative paths in it, are of this folder
        f"ml4t_nb.panel({given})",
    ]
    kernel = folder / "kernels" / _KERNEL
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {
        "argv": [*argv, "--IPKernelApp.log_level=ERROR"],
        "display_name": _KERNEL,
        "language": "python",
    }
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    cell: dict[str, object] = {
        "cell_type": "code",
        "id": "panel",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": "\n".join(source),
    }
    book = {
        "cells": [cell],
        "metadata": {
            "kernelspec": {"name": _KERNEL, "display_name": _KERNEL, "language": "python"},
            "title": f"ml4t-data: {panel.part or 'panels'}",
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path = folder / "panel.ipynb"
    path.write_text(json.dumps(book), encoding="utf-8")
    return path
