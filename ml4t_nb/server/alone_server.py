"""A Jupyter Server with the verbs and nothing else.

Its token starts no kernel and reads no file: those parts of Jupyter Server are left out.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

from jupyter_server.serverapp import ServerApp

from ml4t_nb.server.api_handler import PATH
from ml4t_nb.server.extension import Ml4tApi
from ml4t_nb.server.routes import NothingHandler

__all__ = ["AloneServer"]


class AloneServer(ServerApp):
    """What ``ml4t-data serve`` starts."""

    when_ready: Callable[[str], object]

    def init_server_extensions(self) -> None:
        """Load ours alone, whatever this user's own Jupyter loads."""
        self.jpserver_extensions = {Ml4tApi.get_extension_package(): True}
        super().init_server_extensions()

    def init_webapp(self) -> None:
        """Leave out kernels, files, terminals and pages."""
        super().init_webapp()
        self.web_app.wildcard_router.rules.clear()
        self.web_app.wildcard_router.add_rules([(".*", NothingHandler)])

    def init_signal(self) -> None:
        """End at once, and ask nobody."""
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: self.stop(from_signal=True))

    def write_server_info_file(self) -> None:
        """Write no token to a file."""

    def write_browser_open_files(self) -> None:
        """Nor there."""

    async def _post_start(self) -> None:
        await super()._post_start()  # type: ignore[no-untyped-call]  # Jupyter's own
        self.when_ready(f"{self.connection_url.rstrip('/')}{PATH}")
