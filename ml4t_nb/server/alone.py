"""``ml4t-data serve``: served by this process until it is ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from secrets import token_bytes, token_hex
from typing import Any

from ml4t_nb.commands.serving import Serving
from ml4t_nb.errors import MissingExtra, OptionError
from ml4t_nb.execution.ports import require_free

__all__ = ["serve_alone"]

_MOST_BODY = 1 << 21


def serve_alone(asked: Serving, *, told: Callable[[str], object]) -> None:
    """Serve until SIGTERM or Ctrl-C; ``told`` is given the address as a line."""
    if asked.port:
        require_free(asked.port, asked.ip)
    try:
        from ml4t_nb.server.alone_server import AloneServer
        from ml4t_nb.server.extension import Ml4tApi
    except ImportError as error:
        name = str(error.name).partition(".")[0]
        raise MissingExtra(
            f"serve needs {name}, which is not installed", hint="pip install 'ml4t-nb[server]'"
        ) from error

    for name, value in (("HOME", asked.home), ("AS_OF", asked.as_of)):
        if value is not None:
            os.environ[f"ML4T_DATA_{name}"] = str(value)
    Ml4tApi.serverapp_class = AloneServer
    # A cookie of another start is none.
    own = {"cookie_secret": token_bytes()}
    server = Ml4tApi.initialize_server(_arguments(asked), **own)  # type: ignore[no-untyped-call]
    token = _token_made(server, asked)
    said = f", token {token}" if token else ""
    server.when_ready = lambda address: told(f"serving {address}{said} (Ctrl-C ends it)\n")
    server.start()


def _arguments(asked: Serving) -> list[str]:
    """As of a command line, which comes before the files of this user's own Jupyter."""
    return [
        f"--ServerApp.ip={asked.ip}",
        f"--ServerApp.port={asked.port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.open_browser=False",
        "--ServerApp.allow_root=True",  # it starts no program
        "--ServerApp.allow_unauthenticated_access=False",
        f"--ServerApp.max_body_size={_MOST_BODY}",
        "--ServerApp.log_level=WARN",
    ]


def _token_made(server: Any, asked: Serving) -> str:  # noqa: ANN401  # a ServerApp
    """A token that is new, which its reader has to be told; empty if one was set."""
    users = server.identity_provider
    if users.token and not users.token_generated:
        return ""
    if not asked.is_local:
        raise OptionError(
            f"serve needs a token where other machines can reach it: none is set for {asked.ip}",
            hint="set JUPYTER_TOKEN, or leave out --ip and use a tunnel",
        )
    users.token = users.token or token_hex(24)
    users.token_generated = False  # or Jupyter logs it, too
    return str(users.token)
