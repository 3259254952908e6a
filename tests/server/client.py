"""A server in a process of its own, and a client that follows nothing and keeps no cookie."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

__all__ = ["READ_TOKEN", "TOKEN", "Answer", "Client", "Running", "environment", "serving"]

TOKEN = "t0p-secret-of-the-owner"  # noqa: S105
READ_TOKEN = "secret-of-a-reader"  # noqa: S105
_SERVE = [sys.executable, "-W", "error::RuntimeWarning", "-m", "ml4t_nb", "serve", "--port", "0"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  # JSON
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody with an address and a token."""

    address: str
    token: str | None = TOKEN

    def get(self, path: str, /, headers: Mapping[str, str] | None = None, **query: Any) -> Answer:  # noqa: ANN401
        pairs = urlencode(query, doseq=True)
        return self.send("GET", f"{path}?{pairs}" if pairs else path, headers=headers)

    def post(self, path: str, /, **options: Any) -> Answer:  # noqa: ANN401
        body = json.dumps(options).encode()
        return self.send("POST", path, {"Content-Type": "application/json"}, body)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        parts = urlsplit(self.address)
        own = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        connection = HTTPConnection(parts.netloc)
        try:
            target = path if path.startswith("/") else f"{parts.path}/{path}"
            connection.request(method, target, body, {**own, **(headers or {})})
            answer = connection.getresponse()
            named: dict[str, str] = {}
            for name, value in answer.getheaders():
                key = name.lower()
                named[key] = f"{named[key]}, {value}" if key in named else value
            return Answer(answer.status, named, answer.read())
        finally:
            connection.close()

    def ended(self, job: Mapping[str, Any]) -> Any:  # noqa: ANN401  # JSON
        """The job, once it has ended: the last of its events."""
        return self.events(job["id"])[-1][1]

    def events(self, id_: str) -> list[tuple[str, Any]]:
        """All events of a job until its end."""
        answer = self.get(f"jobs/{id_}/events")
        assert answer.status == 200, answer.body
        found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", answer.body.decode())
        return [(name, json.loads(data)) for name, data in found]


@dataclass
class Running:
    """A server that runs, and what it said."""

    process: subprocess.Popen[str]
    said: str
    client: Client
    log: Path
    _ended: list[int] = field(default_factory=list)

    def end(self) -> int:
        """Tell it to end; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.stdout is not None
        code = self.process.wait()
        self.process.stdout.close()
        return code


def environment(home: Path, **more: str) -> dict[str, str]:
    """That of somebody with a store, both tokens, and no Jupyter of their own."""
    own = {name: word for name, word in os.environ.items() if not name.startswith("ML4T_DATA")}
    place = str(home.parent)
    paths = [f"{place}/site", *filter(None, [os.getenv("PYTHONPATH")])]
    return {
        **own,
        "HOME": place,
        "JUPYTER_CONFIG_DIR": f"{place}/jupyter",
        "JUPYTER_RUNTIME_DIR": f"{place}/jupyter-runtime",
        "JUPYTER_TOKEN": TOKEN,
        "ML4T_DATA_HOME": str(home),
        "ML4T_DATA_PROVIDER": "synthetic",
        "ML4T_DATA_READ_TOKENS": READ_TOKEN,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        **more,
    }


@contextmanager
def serving(home: Path, *words: str, **more: str) -> Iterator[Running]:
    """``ml4t-data serve`` on the store, from the moment it can be asked."""
    log = home.parent / "serve.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*_SERVE, *words],
            env=environment(home, **more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=home.parent,
        )
    assert process.stdout is not None
    said = process.stdout.readline()
    running = Running(
        process, said, Client((re.findall(r"http://\S+?(?=[ ,])", said) or [""])[0]), log
    )
    assert said, log.read_text()
    try:
        yield running
    finally:
        running.end()
