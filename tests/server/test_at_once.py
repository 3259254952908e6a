"""Many at once: reads, and reads beside jobs that wait for a provider."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.server.client import Answer, Client

PATHS = ("list", "health", "bars", "history", "gaps", "review", "plot", "openapi.json")


def test_two_hundred_requests_at_once_are_all_answered_as_one_is(client: Client) -> None:
    def asked(path: str) -> Answer:
        query: dict[str, Any] = {} if path == "openapi.json" else {"symbol": "AAPL"}
        return client.get(path, **query)

    alone = {path: asked(path) for path in PATHS}
    paths = [PATHS[number % len(PATHS)] for number in range(200)]
    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(asked, paths))

    assert {each.status for each in answers} == {200}
    assert all(each.body == alone[path].body for path, each in zip(paths, answers, strict=True))


def test_reads_do_not_wait_for_jobs(client: Client) -> None:
    span = {"start": "2022-01-03", "as_of": "2024-01-20"}
    jobs = [
        client.post("load", symbol=[f"STUCK{number}"], provider="gated", **span).json
        for number in range(4)
    ]

    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(lambda _: client.get("list").status, range(40)))
    running = [client.get(f"jobs/{job['id']}").json["state"] for job in jobs]
    for job in jobs:
        client.send("DELETE", f"jobs/{job['id']}")
        client.ended(job)

    assert statuses == [200] * 40
    assert running == ["running"] * 4
