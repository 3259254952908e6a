"""An HTTPS proxy on the loopback that is all of yahoo.com, and logs who asked what."""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import trustme

from tests.replay.faults import Fault
from tests.replay.listings import Listing
from tests.replay.market import Market, Refusal

_PAGES = {
    "html": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "down": b"<html><body>Will be right back...</body></html>",
}
_START = datetime(2013, 3, 2, tzinfo=UTC)


class Replay:
    """A running replay; a context manager.

    Parameters
    ----------
    folder
        Where the throw-away certificate authority is written.
    """

    def __init__(self, listings: Iterable[Listing], folder: Path) -> None:
        self._listings = {each.symbol: each for each in listings}
        self.market = Market(dict(self._listings), _START)
        self.faults: list[Fault] = []
        self.asked: list[str] = []
        self.lock = threading.Lock()
        self.closing = threading.Event()
        authority = trustme.CA()
        self._pem = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self._pem))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        names = ("yahoo.com", "*.yahoo.com", "*.finance.yahoo.com")
        authority.issue_cert(*names).configure_cert(tls)
        tls.set_alpn_protocols(["http/1.1"])
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.replay = self
        self._server.tls = tls
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def environ(self) -> dict[str, str]:
        """What a process needs to find the replay, and nothing but it, as the internet."""
        proxy = f"http://127.0.0.1:{self._server.server_port}"
        bundles = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
        return {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "NO_PROXY": "",
            "no_proxy": "",
            **dict.fromkeys(bundles, str(self._pem)),
        }

    @property
    def bars_asked(self) -> int:
        """How many requests for bars of a span there were."""
        return sum("period1" in each for each in self.asked)

    def at(self, instant: str) -> None:
        """Set the market's clock."""
        self.market.now = datetime.fromisoformat(instant).astimezone(UTC)

    def add(self, listing: Listing) -> None:
        """Have one symbol more, until `forget`."""
        self.market.listings[listing.symbol] = listing

    def forget(self) -> None:
        """Drop faults, log, added symbols, the clock and what was said of splits."""
        with self.lock:
            self.faults.clear()
            self.asked.clear()
            self.market = Market(dict(self._listings), _START)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def striking(self, target: str) -> list[Fault]:
        """Faults that strike this request; the request is logged."""
        with self.lock:
            self.asked.append(target)
            return [fault for fault in self.faults if fault.take(target)]


class _Server(ThreadingHTTPServer):
    replay: Replay
    tls: ssl.SSLContext
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is none of our business."""


@dataclass(frozen=True, slots=True)
class _Reply:
    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    missing: int = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    host = ""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """The replay keeps its own log."""

    def do_CONNECT(self) -> None:
        host = self.path.rpartition(":")[0]
        if not re.fullmatch(r"([\w-]+\.)*yahoo\.com", host):
            self.send_error(403, "the replay is yahoo.com only")
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.host = host
        self.close_connection = False

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def do_GET(self) -> None:
        faults = self.server.replay.striking(f"{self.host}{unquote(self.path)}")
        for fault in faults:
            if fault.kind == "hang":
                self.server.replay.closing.wait(fault.seconds)
                self.close_connection = True
                return
            if fault.kind == "reset":
                self._reset()
                return
        reply = _reply(self.server.replay, self.host, self.path, faults)
        self._send(reply, next((each.seconds for each in faults if each.kind == "drip"), 0.0))

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _send(self, reply: _Reply, pause_s: float) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body) + reply.missing))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        step = 1 if pause_s else max(len(reply.body), 1)
        for at in range(0, len(reply.body), step):
            if self.server.replay.closing.wait(pause_s):
                break
            self.wfile.write(reply.body[at : at + step])
        if reply.missing:
            self.close_connection = True

    def finish(self) -> None:
        for stream in (self.wfile, self.rfile, self.connection):
            try:
                stream.close()
            except OSError:
                continue


def _reply(replay: Replay, host: str, path: str, faults: list[Fault]) -> _Reply:
    for fault in faults:
        instead = _instead(fault)
        if instead is not None:
            return instead
    parts = urlsplit(path)
    place = unquote(parts.path)
    if place.startswith("/v8/finance/chart/"):
        return _chart(replay, place.rpartition("/")[2], dict(parse_qsl(parts.query)), faults)
    if place == "/v1/test/getcrumb":
        return _Reply(b"replayedCRUMB", kind="text/plain")
    if host.startswith("fc."):
        cookie = "A3=d=replay; Max-Age=31557600; Domain=.yahoo.com; Path=/; Secure"
        return _Reply(b"", 404, "text/html", {"Set-Cookie": cookie})
    return _json({"finance": {"result": None, "error": {"code": "Not Found"}}}, 404)


def _instead(fault: Fault) -> _Reply | None:
    match fault.kind:
        case "status":
            words = b"Too Many Requests\r\n" if fault.code == 429 else b"<html>upstream</html>"
            return _Reply(words, fault.code, "text/html")
        case "html" | "down" | "text":
            return _Reply(_PAGES.get(fault.kind, fault.text.encode()), kind="text/html")
        case "delisted":
            words_of_yahoo = "No data found, symbol may be delisted"
            return _json(Refusal(404, "Not Found", words_of_yahoo).body, 404)
        case "no_result":
            return _json({"chart": {"result": None, "error": None}})
        case _:
            return None


def _chart(replay: Replay, symbol: str, query: dict[str, str], faults: list[Fault]) -> _Reply:
    try:
        with replay.lock:
            reply = _json(replay.market.chart(symbol, query, faults))
    except Refusal as refusal:
        return _json(refusal.body, refusal.status)
    kinds = {fault.kind for fault in faults}
    if "truncated" in kinds:
        return _Reply(reply.body[: len(reply.body) // 2])
    return _Reply(reply.body, missing=4096) if "short_body" in kinds else reply


def _json(body: dict[str, Any], status: int = 200) -> _Reply:
    return _Reply(json.dumps(body).encode(), status)
