"""``ml4t-data serve``: what a shell serves over HTTP, as it is typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ml4t_nb.errors import OptionError
from ml4t_nb.options import as_folder, as_moment
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import AsOf, Home

__all__ = ["Serving", "serve_"]

_PORTS = range(65536)


@dataclass(frozen=True, slots=True)
class Serving:
    """An address of this machine, and the store that is served there."""

    ip: str
    port: int
    as_of: datetime | date | None
    home: Path | None

    @property
    def is_local(self) -> bool:
        """Whether this machine alone reaches it."""
        from ipaddress import ip_address

        return ip_address(self.ip).is_loopback


@verb
def serve_(
    *, port: int = 8870, ip: str = "127.0.0.1", as_of: AsOf = None, home: Home = None
) -> Serving:
    """Serve the store over HTTP.

    Parameters
    ----------
    port
        The port of this machine; 0 for any that is free.
    ip
        The address of this machine that it listens at. Where other machines reach it, JUPYTER_TOKEN
        must be set.
    as_of
        Run everything as of this time: an instant, or a date, meaning after that session's close.

    Raises
    ------
    OptionError
        If it is no port or address, or the as-of is not a valid date or instant.
    """
    from ipaddress import ip_address

    if port not in _PORTS:
        raise OptionError(f"--port: {port} is no port", hint="choose one from 1024 to 65535")
    try:
        address = str(ip_address(ip))
    except ValueError as error:
        raise OptionError(
            f"--ip: {ip!r} is no address", hint="such as 127.0.0.1, or 0.0.0.0 for all"
        ) from error
    moment = as_moment(as_of, option="--as-of")
    folder = None if home is None else as_folder(home, option="--home")
    return Serving(address, port, moment, folder)
