"""The extension that Jupyter Server loads: in Lab, in Notebook, behind a Hub, or alone."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from traitlets import Integer

from ml4t_nb.server.api_handler import PATH
from ml4t_nb.server.routes import routes
from ml4t_nb.server.service import Service
from ml4t_nb.settings import Settings

__all__ = ["Ml4tApi"]


class Ml4tApi(ExtensionApp):
    """The verbs at ``/ml4t/api`` of a Jupyter Server, with its own users and tokens."""

    name = "ml4t"
    description = "The verbs of ml4t_nb over HTTP."
    extension_url = PATH
    open_browser = False
    load_other_extensions = False

    most_jobs = Integer(4, min=1, help="How many jobs may run at the same time.").tag(config=True)

    @classmethod
    def get_extension_package(cls) -> str:
        """The package that Jupyter Server is told to load."""
        return "ml4t_nb.server"

    def initialize_settings(self) -> None:
        """Make what all requests share."""
        tokens = Settings.current().read_tokens
        self.settings["ml4t_service"] = Service(most_jobs=self.most_jobs, read_tokens=tokens)

    def initialize_handlers(self) -> None:
        """Answer at all paths, but not where anybody on a network could ask."""
        assert self.serverapp is not None
        if not self.serverapp.identity_provider.auth_enabled and not _is_local(self.serverapp):
            self.log.warning(
                "%s is not served: this server asks for no token, and other machines reach it", PATH
            )
            return
        self.handlers.extend(routes())

    async def stop_extension(self) -> None:
        """End the jobs that run; what they committed is kept."""
        service: Any = self.settings.get("ml4t_service")
        if service is not None:
            await service.end()


def _is_local(server: ServerApp) -> bool:
    """Whether this machine alone reaches a server."""
    if server.sock:
        return True
    try:
        return server.ip == "localhost" or ip_address(server.ip).is_loopback
    except ValueError:
        return False
