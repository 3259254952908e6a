"""Connections between the coordinator of a run and its workers, who call it.

They are told by a key who they are; to anyone else nothing is said, and nothing of theirs is
unpickled.
"""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from queue import SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import Any, TypeAlias

from ml4t_nb.executors.messages import WorkerHello

__all__ = ["CallIns", "Mailbox", "Wire", "connected", "own_address"]

Wire: TypeAlias = "Connection[Any, Any]"
Mailbox: TypeAlias = "SimpleQueue[tuple[Wire, WorkerHello]]"

_PERIOD_S = 0.2
# A stranger who says nothing, and an address that answers nothing, are not waited for any longer.
_PATIENCE_S = 10.0
# A machine that is switched off closes no connection: after so long it is lost.
_KEPT_ALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


def connected(address: tuple[str, int], key: bytes) -> Wire:
    """A connection to the coordinator at ``address``; OSError if there is none."""
    wire = _wire(socket.create_connection(address, timeout=_PATIENCE_S))
    try:
        deliver_challenge(wire, key)
        answer_challenge(wire, key)
    except BaseException:
        wire.close()
        raise
    return wire


def own_address(host: str, port: int) -> str:
    """The address under which this machine is known to whoever is at ``host``."""
    family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as probe:
        probe.connect(place)  # nothing is sent
        return str(probe.getsockname()[0])


class CallIns:
    """Listens at ``host`` for workers, and puts each into the mailbox of its ticket."""

    def __init__(self, host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, 0), family=family, backlog=128)
        self._socket.settimeout(_PERIOD_S)
        self._boxes: dict[str, Mailbox] = {}
        self._is_closed = Flag()
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self.key = secrets.token_bytes(32)
        self._thread = Thread(target=self._accept, name="ml4t call-ins", daemon=True)
        self._thread.start()

    def expect(self) -> tuple[str, Mailbox]:
        """A new ticket, and the mailbox of whoever calls with it."""
        ticket = secrets.token_hex(8)
        box: Mailbox = SimpleQueue()
        self._boxes[ticket] = box
        return ticket, box

    def forget(self, ticket: str) -> None:
        """Let nobody in with that ticket any more."""
        box = self._boxes.pop(ticket, None)
        while box is not None and not box.empty():
            box.get()[0].close()

    def close(self) -> None:
        """Let nobody in any more."""
        self._is_closed.set()
        self._thread.join()
        self._socket.close()
        for ticket in tuple(self._boxes):
            self.forget(ticket)

    def _accept(self) -> None:
        while not self._is_closed.is_set():
            with suppress(TimeoutError, ConnectionError):
                caller, _ = self._socket.accept()
                # Each in its own thread: one who says nothing keeps no other waiting.
                Thread(target=self._greet, args=(caller,), daemon=True).start()

    def _greet(self, caller: socket.socket) -> None:
        wire = _wire(caller)
        try:
            box = self._heard(wire) if wire.poll(_PATIENCE_S) else None
        except (OSError, EOFError, AuthenticationError):
            box = None
        if box is None:
            wire.close()

    def _heard(self, wire: Wire) -> Mailbox | None:
        """The mailbox that the caller was put into; None if it is not expected."""
        answer_challenge(wire, self.key)
        deliver_challenge(wire, self.key)
        hello = WorkerHello(*wire.recv())
        box = self._boxes.get(hello.ticket)
        if box is not None:
            box.put((wire, hello))
        return box


def _wire(ends: socket.socket) -> Wire:
    ends.settimeout(None)
    ends.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    ends.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, seconds in _KEPT_ALIVE:
        if (option := getattr(socket, name, None)) is not None:
            ends.setsockopt(socket.IPPROTO_TCP, option, seconds)
    return Connection(ends.detach())
