"""Ports of this machine."""

from __future__ import annotations

import errno
import socket

from ml4t_nb.errors import OptionError

__all__ = ["require_free"]

_HIGHEST, _OF_THE_SYSTEM = 65535, 1024


def require_free(port: int, ip: str) -> None:
    """OptionError unless a server can listen there."""
    with socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ip, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise OptionError(
                    f"{ip} is no address of this machine", hint="127.0.0.1, or 0.0.0.0 for all"
                ) from error
            in_use = error.errno == errno.EADDRINUSE
            why = "is in use" if in_use else f"cannot be used: {error.strerror}"
            other = port + 1 if port < _HIGHEST else port - 1
            raise OptionError(
                f"port {port} {why}",
                hint=f"name another: --port {other if port >= _OF_THE_SYSTEM else 8866}",
            ) from error
