"""Workers that are processes of this machine.

Each is a fresh interpreter, never a fork, since this process runs threads; and none imports the
program that is running, as processes of `multiprocessing` do: a script needs no guard, a notebook
no module.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.spawn import get_executable
from typing import IO

from ml4t_nb.executors.connections import CallIns

__all__ = ["ProcessStarter"]

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from ml4t_nb.executors.worker import run_process; run_process()"
)
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class _StartedProcess:
    process: subprocess.Popen[bytes]
    errors: IO[bytes]

    def fault(self) -> str:
        """How it ended, if it has."""
        code = self.process.poll()
        if code is None:
            return ""
        if code < 0:
            return f"its process was killed by signal {-code}"
        self.errors.seek(0)
        last = self.errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        return f"its process ended with code {code}{f': {last}' if last else ''}"

    def lost(self) -> str:
        """How it ended, which it is about to where it has hung up."""
        self._wait(_PATIENCE_S)
        return self.fault()

    def end(self, *, at_once: bool) -> None:
        """Wait for its end, which is near: nobody has work for it."""
        self._wait(0.0 if at_once else _PATIENCE_S)
        self.errors.close()

    def _wait(self, seconds: float) -> None:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True, slots=True)
class ProcessStarter:
    """Starts processes that do one work after the other."""

    is_here: bool = True
    is_kept: bool = True

    def start(self, calls: CallIns, ticket: str) -> _StartedProcess:
        """Start one, out of reach of the terminal: of its Ctrl-C, and with nothing to write to."""
        errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed once it has ended
        process = subprocess.Popen(  # noqa: S603  # this interpreter
            [get_executable() or sys.executable, "-c", _PROGRAM, json.dumps([*map(str, sys.path)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        assert process.stdin is not None
        # It may have ended already, which `fault` says.
        with suppress(OSError), process.stdin as words:
            # Not in its arguments, which everyone on this machine can read.
            pickle.dump((calls.address, calls.key, ticket), words)
        return _StartedProcess(process, errors)
