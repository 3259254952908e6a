"""Targets that listen on the loopback interface: mail servers, webhooks, and some that are dead."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

__all__ = ["Mailbox", "Webhook", "dead_port", "mailbox", "refusing", "webhook"]

HERE = "127.0.0.1"
PATIENT = "cto=60&rto=60"  # a machine that has much to do takes no receiver for dead


@dataclass
class Webhook:
    """A server of webhooks, and the messages that it took."""

    port: int = 0
    status: int = 200
    taken: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """As apprise has it, with a word in its path that nobody may show."""
        return f"json://{HERE}:{self.port}/s3cr3t-path?{PATIENT}"

    @property
    def bodies(self) -> list[str]:
        return [each["message"] for each in self.taken]

    @property
    def titles(self) -> list[str]:
        return [each["title"] for each in self.taken]


@contextmanager
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if hook.status == 200:
                hook.taken.append(json.loads(content))
            self.send_response(hook.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer((HERE, 0), Handler) as server:
        hook.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Mailbox:
    """A mail server, the mails that it took, and the passwords with which it was asked to."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)

    def url(self, user: str = "") -> str:
        return (
            f"mailto://{user}{HERE}:{self.port}?from=store@example.org&to=you@example.org&{PATIENT}"
        )


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, N802
            del server, session
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            box.mails.append(mail)
            return "250 OK"

    def authenticate(*words: Any) -> AuthResult:  # noqa: ANN401
        box.passwords.append(words[-1].password.decode())
        return AuthResult(success=True)

    with socket.socket() as free:
        free.bind((HERE, 0))
        box.port = free.getsockname()[1]
    controller = Controller(
        Handler(),
        hostname=HERE,
        port=box.port,
        authenticator=authenticate,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextmanager
def dead_port() -> Iterator[int]:
    """The port of a server that takes connections, and never says a word."""
    with socket.create_server((HERE, 0), backlog=50) as server:
        yield server.getsockname()[1]


def refusing() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        port: int = free.getsockname()[1]
    return port
