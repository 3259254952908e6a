"""``ml4t-data serve``: how it starts, whom it refuses, how it ends."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme

from ml4t_nb.cli import main
from tests.cli.gated.installed import install_gated
from tests.server.client import TOKEN, Client, environment, serving
from tests.server.conftest import shell


@pytest.fixture
def home(tmp_path: Path) -> Path:
    install_gated(tmp_path / "site")
    return tmp_path / "store"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program of this machine listens at."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        yield port


def refused(home: Path, *words: str, **more: str) -> tuple[int, str, str]:
    """The exit code, and what was said, of a server that does not start."""
    command = [sys.executable, "-m", "ml4t_nb", "serve", *words]
    own = environment(home, **more)
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_token_is_made_and_told_once_if_none_is_set(home: Path) -> None:
    with serving(home, JUPYTER_TOKEN="") as server:
        words = server.said.split()
        token = words[words.index("token") + 1]
        client = replace(server.client, token=token)

        assert server.said == f"serving {client.address}, token {token} (Ctrl-C ends it)\n"
        assert len(token) == 48
        assert client.get("jobs").status == 200
        assert replace(client, token="").get("jobs").status == 403
        assert server.end() == 0
    assert token not in server.log.read_text()
    files = (each for each in home.parent.rglob("*") if each.is_file())
    assert [each for each in files if token.encode() in each.read_bytes()] == []


def test_a_token_that_is_set_is_not_told(home: Path) -> None:
    with serving(home) as server:
        assert server.said == f"serving {server.client.address} (Ctrl-C ends it)\n"
        # A store that is not there is an error, and no empty answer.
        answer = server.client.get("health")
    assert (answer.status, answer.json["error"]) == (404, "StoreNotFound")
    assert TOKEN not in server.said + server.log.read_text()


def over_tls(address: str, context: ssl.SSLContext) -> tuple[int, bytes]:
    parts = urlsplit(address)
    connection = HTTPSConnection(parts.netloc, context=context)
    connection.request("GET", f"{parts.path}/jobs", headers={"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    status, body = answer.status, answer.read()
    connection.close()
    return status, body


def test_with_a_certificate_in_jupyter_s_own_settings_it_is_asked_by_https_alone(
    home: Path,
) -> None:
    authority = trustme.CA()
    own = authority.issue_cert("127.0.0.1")
    folder = home.parent / "jupyter"
    folder.mkdir()
    own.private_key_pem.write_to_path(f"{folder}/key.pem")
    own.cert_chain_pems[0].write_to_path(f"{folder}/certificate.pem")
    (folder / "jupyter_server_config.py").write_text(
        f"c.ServerApp.certfile = {f'{folder}/certificate.pem'!r}\n"
        f"c.ServerApp.keyfile = {f'{folder}/key.pem'!r}\n"
    )
    trusting, others = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(trusting)

    with serving(home) as server:
        address = server.said.split()[1]
        assert over_tls(address, trusting) == (200, b'{"jobs": []}')
        with pytest.raises(ssl.SSLCertVerificationError):
            over_tls(address, others)
        with pytest.raises(ConnectionError):
            Client(address.replace("https:", "http:")).get("jobs")

    assert address.startswith("https://127.0.0.1:")
    assert TOKEN not in server.said + server.log.read_text()


@pytest.mark.parametrize("ip", ["0.0.0.0", "::"])  # noqa: S104
def test_where_other_machines_reach_it_a_token_has_to_be_set(home: Path, ip: str) -> None:
    code, out, said = refused(home, "--ip", ip, "--port", "0", JUPYTER_TOKEN="")

    assert (code, out) == (2, "")
    assert said == (
        f"ml4t-data: serve needs a token where other machines can reach it: none is set for {ip} "
        "(set JUPYTER_TOKEN, or leave out --ip and use a tunnel)\n"
    )


def test_a_port_in_use_is_one_sentence(taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", str(taken)]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"ml4t-data: port {taken} is in use (name another: --port ")
    assert err.count("\n") == 1


def test_a_server_that_is_ended_keeps_what_its_jobs_committed(home: Path) -> None:
    told: list[Any] = []
    with serving(home) as server:
        symbols = ["A", "B", "C", "D", "STUCK", "STUCK2"]
        options = {"provider": "gated", "start": "2024-01-02", "as_of": "2024-06-28"}
        job = server.client.post("load", symbol=symbols, **options).json
        listener = threading.Thread(target=lambda: told.append(server.client.ended(job)))
        listener.start()
        while server.client.get(f"jobs/{job['id']}").json["done"] < 4:
            pass

        assert server.end() == 0
        listener.join()

    assert told[0]["state"] == "cancelled"
    assert [line.split()[0] for line in shell(home, "list", "-q").splitlines()] == [
        f"equities/daily/{each}" for each in "ABCD"
    ]
    # 124 sessions from 2024-01-02 to 2024-06-28, all of them good.
    assert shell(home, "export", "D", "--as-of", "2024-06-28").count("\n") == 1 + 124
    assert main(["health", "-q", "--verify", "--home", str(home), "--as-of", "2024-06-28"]) == 0
