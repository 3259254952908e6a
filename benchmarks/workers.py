"""The workers as the command sees them: started, asked one at a time, ended."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.contenders import Party
from benchmarks.environments import default_cache, python_of

__all__ = ["ROOT", "Worker", "environment", "started"]

ROOT = Path(__file__).parent.parent


class Worker:
    """A contender's process; idle while another one is asked."""

    def __init__(
        self, party: Party, python: Path, home: Path, program: str = "benchmarks.worker"
    ) -> None:
        self.party = party
        command = [str(python), "-m", program, party.module, str(home)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            cwd=ROOT,
        )

    def ask(self, do: str, **order: Any) -> dict[str, float]:  # noqa: ANN401  # JSON
        """What the worker answers to an order.

        Raises
        ------
        RuntimeError
            If it ended instead; it has said why on standard error.
        """
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker of {self.party.name} broke off at {do} {order}")
        answer: dict[str, float] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def started(parties: Sequence[Party], cache: Path, folder: Path) -> Iterator[list[Worker]]:
    """A worker for each party, each with a folder of its own below ``folder``."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(Worker(party, python_of(party, cache), folder / party.module))
            for party in parties
        ]


def environment() -> dict[str, str]:
    """The variables of this process but for the package's settings; these modules are found.

    Bytecode is kept, as it is wherever pip installed: without it, a start is mostly compiling.
    """
    own = {name: word for name, word in os.environ.items() if not name.startswith("ML4T_DATA")}
    own.pop("PYTHONDONTWRITEBYTECODE", None)
    kept = str(default_cache() / "bytecode")
    return {**own, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": kept}
