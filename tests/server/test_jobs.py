"""What writes runs as a job: followed, in nobody's way, ended, and kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.server.client import Client, serving
from tests.server.conftest import AS_OF, loaded, shell

SPAN = {"start": "2022-01-03", "as_of": "2024-01-20"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loaded(tmp_path_factory.mktemp("jobs") / "store")


@pytest.fixture(scope="module")
def client(store: Path) -> Iterator[Client]:
    with serving(store, "--as-of", AS_OF) as server:
        yield server.client


def slow(client: Client, symbol: str) -> Any:  # noqa: ANN401  # JSON
    """A job that has begun and takes seconds yet."""
    answer = client.post("load", symbol=[symbol], provider="gated", **SPAN)
    assert answer.status == 202, answer.body
    return answer.json


def test_a_job_is_accepted_followed_and_told_as_the_shell_tells_it(
    client: Client, store: Path
) -> None:
    answer = client.post("load", symbol=["NEW"], provider="synthetic", start="2024-01-02")
    assert answer.status == 202
    assert answer.headers["location"].endswith(f"/ml4t/api/jobs/{answer.json['id']}")

    events = client.events(answer.json["id"])
    names, last = [name for name, _ in events], events[-1][1]

    assert names == ["progress"] * (len(names) - 1) + ["end"]
    assert (last["state"], last["exit_code"], last["done"], last["datasets"]) == ("done", 0, 1, 1)
    assert last["line"] == "ml4t-data load -s NEW -p synthetic --start 2024-01-02"
    (result,) = last["report"]["results"]
    # 2024-01-15 was a holiday.
    assert (result["dataset"], result["outcome"], result["added"]) == (
        "equities/daily/NEW", "changed", 13
    )  # fmt: skip
    assert client.get(answer.headers["location"]).json == last
    assert last["id"] in [each["id"] for each in client.get("jobs").json["jobs"]]
    assert "NEW" in shell(store, "list", "-q")


def test_two_clients_on_one_dataset_are_told_of_the_job_in_the_way(client: Client) -> None:
    first = slow(client, "SLOW1")

    second = client.post("load", symbol=["OTHER", "SLOW1"], provider="gated", **SPAN)
    other = client.post("load", symbol=["OTHER"], provider="synthetic", start="2024-01-02")

    assert (second.status, second.json["error"]) == (409, "JobBusy")
    assert second.json["job"] == first["id"]
    assert second.json["hint"].endswith(f"or cancel it: DELETE jobs/{first['id']}")
    assert "SLOW1" in second.json["detail"]
    assert other.status == 202
    # One that was refused is none.
    lines = [each["line"] for each in client.get("jobs").json["jobs"]]
    assert not any("OTHER" in line and "SLOW1" in line for line in lines)
    client.send("DELETE", f"jobs/{first['id']}")
    assert client.ended(first)["state"] == "cancelled"


def test_what_is_changed_at_once_is_told_of_the_job_that_is_at_work_on_it(
    client: Client,
) -> None:
    for symbol in ("FREE", "SLOW3"):
        first = client.post("load", symbol=[symbol], provider="gated", start="2024-01-02")
        client.ended(first.json)
    job = client.post("load", symbol=["FREE", "SLOW3"], provider="gated", **SPAN).json
    while (known := client.get(f"jobs/{job['id']}").json)["done"] < 1 or not known["doing"]:
        assert known["state"] == "running"

    free = client.post("end", symbol=["FREE"])
    refused = [
        client.post("end", symbol=["FREE", "SLOW3"], reason="a merger"),
        client.post("end", symbol=["SLOW3"]),
        client.post("rename", symbol=["SLOW3", "FREE"]),
        client.post("undo", symbol=["SLOW3"]),
        client.post("remove", symbol=["SLOW3"], yes=True),
    ]
    client.send("DELETE", f"jobs/{job['id']}")

    assert client.ended(free.json)["state"] == "done"
    assert [(each.status, each.json["job"]) for each in refused] == [(409, job["id"])] * 5
    assert client.ended(job)["state"] == "cancelled"


def test_a_job_outlives_its_client_and_another_finds_what_came_of_it(client: Client) -> None:
    job = slow(client, "SLOW2")
    listener = HTTPConnection(urlsplit(client.address).netloc)
    path = f"{urlsplit(client.address).path}/jobs/{job['id']}/events"
    listener.request("GET", path, headers={"Authorization": f"Bearer {client.token}"})
    answer = listener.getresponse()
    assert answer.readline() == b"event: progress\n"
    answer.close()
    listener.close()

    last = replace(client).ended(job)

    assert last["state"] == "done"
    assert last["report"]["results"][0]["added"] > 500


def test_a_job_is_cancelled_whatever_the_provider_is_doing_and_says_what_it_did(
    client: Client,
) -> None:
    job = client.post("load", symbol=["FIRST", "STUCK"], provider="gated", **SPAN).json
    while (known := client.get(f"jobs/{job['id']}").json)["done"] < 1:
        assert known["state"] == "running"

    answer = client.send("DELETE", f"jobs/{job['id']}")
    last = client.ended(job)

    assert answer.status == 202
    assert (last["state"], last["exit_code"], last["error"]) == ("cancelled", 130, None)
    report = last["report"]
    assert [(each["dataset"], each["outcome"]) for each in report["results"]] == [
        ("equities/daily/FIRST", "changed")
    ]
    assert (report["left"], report["stopped"]) == (["equities/daily/STUCK"], "interrupted")
    again = client.send("DELETE", f"jobs/{job['id']}")
    assert (again.status, again.json) == (200, last)


def test_a_job_whose_datasets_failed_has_failed_and_says_which(client: Client) -> None:
    answer = client.post("load", symbol=["NONE", "GOOD"], provider="gated", **SPAN)

    last = client.ended(answer.json)

    assert (last["state"], last["exit_code"], last["failed"]) == ("failed", 1, 1)
    outcomes = {each["dataset"]: each["outcome"] for each in last["report"]["results"]}
    assert outcomes == {"equities/daily/NONE": "failed", "equities/daily/GOOD": "changed"}


def test_so_many_jobs_run_at_once_and_no_more(client: Client) -> None:
    jobs = [slow(client, f"STUCK{number}") for number in range(4)]

    fifth = client.post("update", symbol=["DEMO"])
    read = client.get("list", symbol="DEMO")
    for job in jobs:
        client.send("DELETE", f"jobs/{job['id']}")
    ended = [client.ended(job)["state"] for job in jobs]

    assert (fifth.status, fifth.headers["retry-after"]) == (503, "5")
    assert fifth.json["detail"] == "running jobs: 4, so that no other begins"
    assert read.status == 200
    assert ended == ["cancelled"] * 4


@pytest.mark.parametrize(
    ("path", "options", "status", "detail"),
    [
        ("load", {"symbol": []}, 422, "an empty list of symbols selects nothing"),
        ("load", {"symbol": ["A"], "home": "elsewhere"}, 422, "load has no option 'home'"),
        ("load", {"symbol": ["A"], "frequency": "dayly"}, 422, "unknown frequency 'dayly'"),
        ("load", {"symbol": ["A"], "provider": "nope"}, 422, "nope"),
        ("update", {"symbol": ["DEMO"], "switch": "yes"}, 422, "neither True nor False"),
        ("update", {"token": "t0p"}, 422, "update has no option 'token'"),
        ("undo", {"symbol": ["NOPE"]}, 404, "No existing data found for 'NOPE'"),
        ("undo", {"symbol": ["NOPE", "X", "Y"]}, 422, "exactly one symbol"),
        ("remove", {"symbol": ["DEMO"]}, 422, "remove would delete bars"),
        ("review", {"symbol": ["DEMO"], "accept": "a", "reject": "b"}, 422, "not both"),
        ("compare", {"symbol": ["AAPL"]}, 422, "compare needs another provider"),
        ("sync", {}, 409, "no universe is declared"),
        ("list", {}, 405, "list only reads"),
    ],
)
def test_what_cannot_be_done_is_no_job(
    client: Client, path: str, options: dict[str, Any], status: int, detail: str
) -> None:
    before = client.get("jobs").json

    answer = client.post(path, **options)

    assert (answer.status, answer.json["status"]) == (status, status)
    assert detail in answer.json["detail"]
    assert client.get("jobs").json == before


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b"\xff\xfe{}", 400),
        ("application/json", b"[]", 422),
        ("application/json", b'"symbol"', 422),
        ("application/x-www-form-urlencoded", b"symbol=AAPL", 415),
        ("application/json", b" " * 1_100_000 + b"{}", 413),
        ("application/json; charset=utf-8", b'{"symbol": ["DEMO"]}', 202),
    ],
)
def test_a_body_is_a_json_object_of_no_great_size(
    client: Client, kind: str, body: bytes, status: int
) -> None:
    answer = client.send("POST", "update", {"Content-Type": kind}, body)

    assert answer.status == status
    if status == 202:
        client.ended(answer.json)


def test_a_read_that_decides_something_is_a_job_of_the_same_verb(client: Client) -> None:
    answer = client.post("gaps", symbol=["DEMO"], reopen=True)

    assert (answer.status, answer.json["error"]) == (422, "OptionError")
    assert "there is no gap" in answer.json["detail"]


@pytest.mark.parametrize("id_", ["1", "none-1", "-1", "x-99", "%2e%2e"])
def test_a_job_that_is_not_known_is_not_found(client: Client, id_: str) -> None:
    job = client.ended(client.post("update", symbol=["DEMO"]).json)
    own = re.sub(r"-\d+$", "", job["id"])

    for each in (id_, f"{own}-999", f"{own}-one", f"{own}-%D9%A1"):
        for path in (f"jobs/{each}", f"jobs/{each}/events"):
            assert client.get(path).status == 404
    assert client.send("DELETE", f"jobs/{id_}").status == 404
