"""The OpenAPI document: valid, true of the answers, and followed to the letter by bad requests."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from ml4t_nb.commands.declaration import SERVED
from ml4t_nb.server.openapi import openapi
from tests.server.client import Client, serving
from tests.server.conftest import AS_OF, loaded

DOCUMENT = openapi("/ml4t/api")


def faults(schema: dict[str, Any], value: object) -> list[str]:
    """What is wrong with the value."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_it_is_valid_and_has_every_path() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []
    assert DOCUMENT["paths"].keys() == {
        *(f"/{verb}" for verb in SERVED),
        "/jobs",
        "/jobs/{id}",
        "/jobs/{id}/events",
        "/openapi.json",
    }


def test_the_server_sends_it(client: Client) -> None:
    assert client.get("openapi.json").json == json.loads(json.dumps(DOCUMENT))


@pytest.mark.parametrize(
    "path", ["list", "health", "gaps", "review", "history", "plot", "providers", "bars", "jobs"]
)
def test_what_is_answered_is_as_it_says(client: Client, path: str) -> None:
    query: dict[str, Any] = {} if path in ("providers", "jobs") else {"symbol": "DEMO"}
    answers = DOCUMENT["paths"][f"/{path}"]["get"]["responses"]

    good, bad = client.get(path, **query), client.get(path, nothing=1)

    assert good.status == 200
    assert faults(answers["200"]["content"]["application/json"]["schema"], good.json) == []
    if path != "jobs":
        problem = answers["422"]["content"]["application/problem+json"]["schema"]
        assert (bad.status, faults(problem, bad.json)) == (422, [])


@pytest.mark.parametrize("media", ["text/csv", "application/json"])
def test_headers_of_bars_are_as_it_says(client: Client, media: str) -> None:
    said = DOCUMENT["paths"]["/bars"]["get"]["responses"]["200"]["headers"]

    answer = client.get("bars", {"Accept": media}, symbol="DEMO")

    sent = {name for name in answer.headers if name.startswith("ml4t-")}
    assert {name.lower() for name, each in said.items() if each["required"]} <= sent
    assert sent <= {name.lower() for name in said}


def test_a_job_is_as_it_says(client: Client) -> None:
    answers = DOCUMENT["paths"]["/load"]["post"]["responses"]

    job = client.post("load", symbol=["SAID"], provider="synthetic", start="2024-01-02")

    assert faults(answers["202"]["content"]["application/json"]["schema"], job.json) == []
    assert client.ended(job.json)["state"] == "done"
    client.ended(client.post("remove", symbol=["SAID"], yes=True).json)


@pytest.mark.slow
def test_no_request_however_odd_is_an_error_of_the_server(tmp_path: Path) -> None:
    # That there are too many jobs would be an error of the server.
    (tmp_path / "jupyter").mkdir()
    config = tmp_path / "jupyter" / "jupyter_server_config.py"
    config.write_text("c.Ml4tApi.most_jobs = 1_000_000\n")
    with serving(loaded(tmp_path / "store"), "--as-of", AS_OF) as server:
        command = [
            sys.executable, "-m", "schemathesis.cli", "run",
            f"{server.client.address}/openapi.json",
            "--header", f"Authorization: Bearer {server.client.token}",
            "--checks", "not_a_server_error,unsupported_method",
            "--max-examples", "10", "--seed", "1", "--phases", "fuzzing,coverage",
            "--exclude-path", "/jobs/{id}/events",
        ]  # fmt: skip
        own = {**os.environ, "PYTHONWARNINGS": ""}
        done = subprocess.run(
            command, cwd=tmp_path, env=own, capture_output=True, text=True, check=False
        )
        log = server.log.read_text()

    assert re.search(r"[1-9]\d\d generated", done.stdout), done.stdout[-4000:]
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "Traceback" not in log, log[log.index("Traceback") :][:4000]
