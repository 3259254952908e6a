"""In a Jupyter Server, beside its own pages: loaded by itself, and of this site alone."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerWebApplication

from ml4t_nb.server.routes import routes
from tests.server.client import READ_TOKEN, TOKEN, Client, environment
from tests.server.conftest import AS_OF, loaded


@dataclass(frozen=True, slots=True)
class Jupyter:
    """A server that runs, the address of the verbs there, and its log."""

    client: Client
    log: Path


def listens(port: int) -> bool:
    """Whether anybody answers there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def jupyter(home: Path, *options: str, **more: str) -> Iterator[Jupyter]:
    """A Jupyter Server that was told nothing of us."""
    own = environment(home, ML4T_DATA_AS_OF=AS_OF, **more)
    log = home.parent / "jupyter.log"
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", *options]
    with log.open("w") as said:
        process = subprocess.Popen(
            [*command, "--ServerApp.port=0", "--ServerApp.base_url=/user/ann/"],
            env=own, cwd=home.parent, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
        )  # fmt: skip
    try:
        while not (found := re.search(r"ServerApp\] (http\S+)", log.read_text())):
            assert process.poll() is None, log.read_text()
        port = int(re.findall(r":(\d+)/", found[1])[0])
        # It says so before it listens.
        while not listens(port):
            assert process.poll() is None, log.read_text()
        yield Jupyter(Client(f"http://127.0.0.1:{port}/user/ann/ml4t/api"), log)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    home = loaded(tmp_path_factory.mktemp("jupyter") / "store")
    strict = "--ServerApp.allow_unauthenticated_access=False"
    with jupyter(home, strict) as server:
        yield server


@pytest.fixture
def client(running: Jupyter) -> Client:
    return running.client


@pytest.fixture
def visitor(client: Client) -> tuple[Client, dict[str, str]]:
    """A browser with a page of this server open: who it is, and the headers that it sends."""
    nobody = Client(client.address, token=None)
    page = nobody.send("GET", f"/user/ann/tree?token={TOKEN}")
    assert page.status == 200
    given = dict(re.findall(r"(_xsrf|username-[\w-]+)=([^;]+)", page.headers["set-cookie"]))
    cookies = "; ".join(f"{name}={value}" for name, value in given.items())
    return nobody, {"Cookie": cookies, "X-XSRFToken": given["_xsrf"]}


def test_every_method_of_every_path_asks_who_it_is() -> None:
    application: Any = object.__new__(ServerWebApplication)

    assert [application._check_handler_auth(path, handler) for path, handler, *_ in routes()] == [
        [] for _ in routes()
    ]
    assert {handler.auth_resource for _, handler, *_ in routes()} == {"ml4t"}


def test_it_is_loaded_by_itself_below_the_base_url(running: Jupyter) -> None:
    client = running.client
    posted = client.post("update", symbol=["DEMO"])

    assert client.get("list", symbol="DEMO").json["datasets"][0]["rows"] == 13
    assert posted.headers["location"].startswith("/user/ann/ml4t/api/jobs/")
    assert client.ended(posted.json)["state"] == "done"
    assert client.get("openapi.json").json["servers"] == [{"url": "/user/ann/ml4t/api"}]
    assert Client(client.address, READ_TOKEN).get("list").status == 200
    assert Client(client.address, READ_TOKEN).post("update").status == 403
    assert Client(client.address, None).get("list").status == 403
    nothing = client.get("nothing")
    hint = "/user/ann/ml4t/api/openapi.json lists what there is"
    assert (nothing.status, nothing.json["hint"]) == (404, hint)
    # A token to read is none of Jupyter's own.
    assert Client(client.address, READ_TOKEN).get("/user/ann/api/contents").status == 403
    assert "ml4t_nb.server | extension was successfully loaded" in running.log.read_text()
    assert "registered for /user/ann/ml4t" not in running.log.read_text()


def test_a_page_of_the_server_reads_and_starts_jobs(
    visitor: tuple[Client, dict[str, str]],
) -> None:
    browser, headers = visitor
    own = {**headers, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}

    posted = browser.send("POST", "update", own, json.dumps({"symbol": ["DEMO"]}).encode())

    assert browser.get("list", own).status == 200
    assert posted.status == 202


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
    ],
)
def test_a_page_of_another_site_does_neither(
    visitor: tuple[Client, dict[str, str]], elsewhere: Mapping[str, str]
) -> None:
    browser, headers = visitor
    sent = {**headers, "Content-Type": "application/json", **elsewhere}

    assert browser.get("list", sent).status == 403
    assert browser.send("POST", "update", sent, b'{"symbol": ["DEMO"]}').status == 403


@pytest.mark.parametrize("given", [None, "another"])
def test_a_form_without_the_word_of_the_page_starts_nothing(
    visitor: tuple[Client, dict[str, str]], given: str | None
) -> None:
    browser, headers = visitor
    sent = {"Cookie": headers["Cookie"], "Content-Type": "application/json"}
    if given is not None:
        sent["X-XSRFToken"] = given

    answer = browser.send("POST", "update", sent, b'{"symbol": ["DEMO"]}')

    assert answer.status == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_where_anybody_on_the_network_could_ask_nothing_is_served(tmp_path: Path) -> None:
    home = loaded(tmp_path / "store")
    with jupyter(home, "--IdentityProvider.token=", "--ServerApp.ip=0.0.0.0") as server:
        answer = server.client.get("list")

    assert answer.status == 404
    assert "is not served: this server asks for no token" in server.log.read_text()
