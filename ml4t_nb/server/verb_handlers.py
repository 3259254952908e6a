"""Verbs, each carried out as the same command is elsewhere."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from ml4t_nb.commands.declaration import SERVED, taken
from ml4t_nb.events import silent
from ml4t_nb.execution.execute import call
from ml4t_nb.render.to_json import report_json
from ml4t_nb.server.api_handler import ApiHandler
from ml4t_nb.server.asked import MethodRefused, command_of, in_body, in_query
from ml4t_nb.server.bars_files import accepted, bars_file
from ml4t_nb.server.problems import RequestRefused
from ml4t_nb.verbs.arguments import served_as

__all__ = ["BarsHandler", "VerbHandler"]


class VerbHandler(ApiHandler):
    """A verb: asked for with GET where it only reads, started as a job with POST."""

    def initialize(self, verb: str) -> None:
        """Which one."""
        self.verb = verb

    @property
    def methods(self) -> tuple[str, ...]:
        """GET unless it always writes, POST if it may."""
        verb = SERVED[self.verb]
        if served_as(verb) == "job":
            return ("POST",)
        writes = any(option.writes for option in taken(verb).values())
        return ("GET", "POST") if writes else ("GET",)

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The document that ``--json`` prints."""
        self._require("GET")
        given = in_query(self.verb, self.request.query_arguments)
        command = command_of(self.verb, given, may_write=False)
        text = await self.service.read(lambda: report_json(call(command, watch=silent)))
        await self.finish(text)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """The job that does it."""
        self._require("POST")
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if self.request.body and kind != "application/json":
            raise RequestRefused(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "options are sent as JSON",
                hint='with Content-Type: application/json, such as {"symbol": ["AAPL"]}',
            )
        # An option in the query would be ignored without a word.
        given = in_query(self.verb, self.request.query_arguments) | in_body(self.request.body)
        job = await self.service.begin(command_of(self.verb, given, may_write=True))
        self.set_header("Location", self.location(job))
        self.finish_job(job, HTTPStatus.ACCEPTED)

    def _require(self, method: str) -> None:
        if method not in self.methods:
            does = "changes the store" if method == "GET" else "only reads"
            (other,) = self.methods
            raise MethodRefused(f"{self.verb} {does}", hint=f"send it with {other}")


class BarsHandler(VerbHandler):
    """Bars, as what the client accepts."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """A file, in pieces."""
        given = in_query(self.verb, self.request.query_arguments)
        command = command_of(self.verb, given, may_write=False)
        media = accepted(self.request.headers.get("Accept", ""))
        with TemporaryDirectory(prefix="ml4t-") as folder:
            make = partial(bars_file, command, media, Path(folder))
            file = await self.service.read(make)
            self.set_header("Content-Type", media)
            self.set_header("Content-Length", str(file.size))
            self.set_header("Vary", "Accept")
            for name, value in file.headers:
                self.add_header(name, value)
            try:
                for piece in file.pieces():
                    self.write(piece)
                    await self.flush()
            except StreamClosedError:
                return  # who asked has gone
            await self.finish(set_content_type=media)
