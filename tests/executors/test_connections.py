"""Who calls the coordinator of a run: workers, who have its key, and strangers."""

from __future__ import annotations

import errno
import os
import pickle
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ml4t_nb.executors import connections
from ml4t_nb.executors.connections import CallIns, Wire, connected

pytestmark = pytest.mark.skipif(os.name == "nt", reason="connections by their numbers are POSIX")

CHALLENGE = b"#CHALLENGE#"


class Touching:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._path,)


@pytest.fixture
def calls() -> Iterator[CallIns]:
    with closing(CallIns("127.0.0.1")) as found:
        yield found


def called(calls: CallIns) -> Wire:
    return Connection(socket.create_connection(calls.address).detach())


def is_hung_up(wire: Wire) -> bool:
    """Whether nothing more comes; waits for it."""
    with suppress(EOFError, ConnectionError):
        wire.recv_bytes()
        return False
    return True


def test_a_stranger_who_sends_challenges_back_is_told_and_believed_nothing(
    calls: CallIns, tmp_path: Path
) -> None:
    one, other = called(calls), called(calls)
    challenge = one.recv_bytes()
    assert challenge.startswith(CHALLENGE)
    assert other.recv_bytes() != challenge
    # Its own challenge is no answer, and on another connection it gets none.
    other.send_bytes(challenge)
    assert other.recv_bytes() == b"#FAILURE#"
    one.send_bytes(pickle.dumps(Touching(tmp_path / "unpickled")))
    assert one.recv_bytes() == b"#FAILURE#"
    assert is_hung_up(one)
    assert is_hung_up(other)
    assert list(tmp_path.iterdir()) == []


def test_who_pretends_to_be_the_coordinator_is_not_believed_by_what_workers_say() -> None:
    failed: list[BaseException] = []

    def call() -> None:
        try:
            connected(server.getsockname(), bytes(32))
        except (OSError, EOFError, AuthenticationError) as error:
            failed.append(error)

    with socket.create_server(("127.0.0.1", 0)) as server:
        first = Thread(target=call)
        first.start()
        one = Connection(server.accept()[0].detach())
        second = Thread(target=call)
        second.start()
        other = Connection(server.accept()[0].detach())
        one.send_bytes(CHALLENGE + bytes(20))  # as long as of old, which any Python answers
        one.recv_bytes()
        one.send_bytes(b"#WELCOME#")
        # What the one wants to be proved, the other is asked to prove.
        other.send_bytes(one.recv_bytes())
        one.send_bytes(other.recv_bytes())
        assert one.recv_bytes() == b"#FAILURE#"
        first.join()
        other.close()
        second.join()
    assert [type(each) for each in failed] == [AuthenticationError, EOFError]


def test_a_caller_who_keeps_silent_is_hung_up_on(
    calls: CallIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_PATIENCE_S", 0.2)
    silent = called(calls)
    silent.recv_bytes()
    assert is_hung_up(silent)


def test_a_worker_that_says_hello_in_another_way_is_hung_up_on(calls: CallIns) -> None:
    worker = connected(calls.address, calls.key)
    worker.send(7)
    assert is_hung_up(worker)


def test_a_worker_is_let_in_after_files_ran_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Exhausted(socket.socket):
        refused = 0

        def accept(self) -> tuple[socket.socket, Any]:
            if not self.refused:
                self.refused += 1
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    def exhausted(*arguments: Any, **options: Any) -> socket.socket:  # noqa: ANN401
        return Exhausted(fileno=create(*arguments, **options).detach())

    create = socket.create_server
    monkeypatch.setattr(socket, "create_server", exhausted)
    with closing(CallIns("127.0.0.1")) as calls:
        ticket, box = calls.expect()
        with closing(connected(calls.address, calls.key)) as wire:
            wire.send((ticket, "1.0", "here"))
            let_in, hello = box.get()
            let_in.close()
    assert hello.place == "here"
