"""Paths, and what answers each."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from ml4t_nb.commands.declaration import SERVED
from ml4t_nb.server.api_handler import PATH, ApiHandler
from ml4t_nb.server.job_handlers import EventsHandler, JobHandler, JobsHandler
from ml4t_nb.server.openapi import openapi
from ml4t_nb.server.problems import RequestRefused
from ml4t_nb.server.verb_handlers import BarsHandler, VerbHandler

__all__ = ["NothingHandler", "routes"]


class _OpenApiHandler(ApiHandler):
    """What there is to ask for."""

    @property
    def methods(self) -> tuple[str, ...]:
        """It is only read."""
        return ("GET",)

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The OpenAPI document."""
        plain = openapi(f"{self.base_url.rstrip('/')}{PATH}")
        await self.finish(json.dumps(plain))


class NothingHandler(ApiHandler):
    """A path that is none."""

    async def prepare(self) -> None:  # type: ignore[override]  # as Jupyter's own
        """Say so, to those who may know."""
        await super().prepare()
        raise RequestRefused(
            HTTPStatus.NOT_FOUND,
            f"there is nothing at {self.request.path}",
            hint=f"{self.base_url.rstrip('/')}{PATH}/openapi.json lists what there is",
        )


def routes() -> list[tuple[Any, ...]]:
    """Each path, with what answers it; the first that fits does."""
    verbs = [
        (f"{PATH}/{name}", BarsHandler if name == "bars" else VerbHandler, {"verb": name})
        for name in SERVED
    ]
    return [
        *verbs,
        (f"{PATH}/openapi.json", _OpenApiHandler),
        (f"{PATH}/jobs", JobsHandler),
        (f"{PATH}/jobs/([^/]+)", JobHandler),
        (f"{PATH}/jobs/([^/]+)/events", EventsHandler),
        ("/ml4t(?:/.*)?", NothingHandler),
    ]
