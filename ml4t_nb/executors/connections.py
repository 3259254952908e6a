"""Connections between the coordinator of a run and its workers, who call it.

Both prove that they know the key of the run, the worker first: to a stranger nothing is proved,
and nothing of his is unpickled. They prove it by a key for each direction, derived from that one:
a challenge that is sent back is answered by nobody. Nothing is encrypted: who can change what
passes between the two can say what he likes in the name of either.
"""

from __future__ import annotations

import hmac
import os
import secrets
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from pickle import UnpicklingError  # of who has proved the key alone
from queue import SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import Any, Literal, TypeAlias

from ml4t_nb.executors.messages import WorkerHello

__all__ = ["CallIns", "Mailbox", "Wire", "connected", "own_address"]

Wire: TypeAlias = "Connection[Any, Any]"
Mailbox: TypeAlias = "SimpleQueue[tuple[Wire, WorkerHello]]"
_Role: TypeAlias = Literal["coordinator", "worker"]

_PERIOD_S = 0.2
# A stranger who says nothing, and an address that answers nothing, are not waited for any longer.
_PATIENCE_S = 10.0
# What a stranger says is no proof of the key, or he hangs up; who has the key and says no hello is
# of another version.
_NOT_A_WORKER = (
    OSError,
    EOFError,
    AuthenticationError,
    UnpicklingError,
    ImportError,
    AttributeError,
    TypeError,
    ValueError,
)
# A machine that is switched off closes no connection: after a minute it is lost, whether it was
# told something meanwhile (milliseconds) or not.
_KEPT_ALIVE = (
    ("TCP_KEEPIDLE", 30),
    ("TCP_KEEPINTVL", 10),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", 60_000),
)


def connected(address: tuple[str, int], key: bytes) -> Wire:
    """A connection to the coordinator at ``address``; OSError if there is none."""
    wire = _wire(socket.create_connection(address, timeout=_PATIENCE_S))
    with ExitStack() as undo, _impatient(wire):
        undo.callback(wire.close)
        answer_challenge(wire, _derived(key, "worker"))
        deliver_challenge(wire, _derived(key, "coordinator"))
        undo.pop_all()
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
            try:
                caller, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                # He has hung up, or there are too many open files: not for ever.
                self._is_closed.wait(_PERIOD_S)
                continue
            # Each in its own thread: one who says nothing keeps no other waiting.
            Thread(target=self._greet, args=(caller,), daemon=True).start()

    def _greet(self, caller: socket.socket) -> None:
        with suppress(*_NOT_A_WORKER), ExitStack() as undo:
            wire = _wire(caller)
            undo.callback(wire.close)
            if self._heard(wire) is not None:
                undo.pop_all()

    def _heard(self, wire: Wire) -> Mailbox | None:
        """The mailbox that the caller was put into; None if it is not expected."""
        with _impatient(wire):
            deliver_challenge(wire, _derived(self.key, "worker"))
            answer_challenge(wire, _derived(self.key, "coordinator"))
            hello = WorkerHello(*wire.recv())
        box = self._boxes.get(hello.ticket)
        if box is not None:
            box.put((wire, hello))
        return box


def _derived(key: bytes, role: _Role) -> bytes:
    """The key by which who has that role proves himself."""
    return hmac.digest(key, role.encode(), "sha256")


@contextmanager
def _impatient(wire: Wire) -> Iterator[None]:
    """OSError where the other end keeps silent for too long."""
    _limit(wire, _PATIENCE_S)
    yield
    _limit(wire, 0.0)


def _limit(wire: Wire, seconds: float) -> None:
    if os.name == "nt":  # where a socket has no number to open it by
        return
    # The same socket once more, since a connection has no options.
    with socket.socket(fileno=os.dup(wire.fileno())) as ends:
        whole, rest = divmod(seconds, 1.0)
        limit = struct.pack("@ll", int(whole), int(rest * 1e6))
        ends.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)


def _wire(ends: socket.socket) -> Wire:
    ends.settimeout(None)
    ends.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    ends.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, limit in _KEPT_ALIVE:
        if (option := getattr(socket, name, None)) is not None:
            ends.setsockopt(socket.IPPROTO_TCP, option, limit)
    return Connection(ends.detach())
