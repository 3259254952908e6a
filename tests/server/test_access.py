"""Who may ask for what: with no token, a wrong one, one to read, and the owner's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from ml4t_nb.commands.declaration import SERVED, taken
from ml4t_nb.verbs.arguments import served_as
from tests.server.client import READ_TOKEN, TOKEN, Client, Running

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
PATHS = (
    *SERVED,
    "jobs",
    "jobs/none-1",
    "jobs/none-1/events",
    "openapi.json",
    "nothing",
    "list/",
    "/ml4t",
    "/",
    "/lab",
    "/login",
    "/api/kernels",
    "/api/contents/",
    "/metrics",
)
SERVED_NOW = {
    # verb: options of a read, options only of a job
    "load": ("", ("symbol asset_class frequency provider start end calendar zone tolerance chunk "
             "compression workers plan notify as_of")),
    "update": ("", ("symbol asset_class frequency lookback_days fill_gaps fill_method max_fill "
               "provider switch workers accept reset_as_of show_status due "
            "intraday_bars plan notify allow_empty as_of")),
    "sync": ("", ("universe provider workers verbose due intraday_bars allow_empty plan notify "
             "as_of")),
    "health": (("symbol asset_class frequency stale_days sessions verbose verify fail_on "
               "allow_empty as_of"), ""),
    "list": ("symbol asset_class frequency as_of", ""),
    "gaps": ("symbol asset_class frequency start end all plan as_of",
             "refetch refill unfill close reopen"),
    "review": ("symbol asset_class frequency start end rule all as_of", "accept reject"),
    "history": ("symbol asset_class frequency limit diff as_of", ""),
    "undo": ("", "symbol asset_class frequency run as_of"),
    "plot": (("symbol asset_class frequency start end coverage last_run run diff known_on version "
              "pin as_of"), ""),
    "compare": ("", ("symbol with asset_class frequency start end tolerance known_on version pin "
                     "as_of")),
    "reconcile": ("", "symbol with take asset_class frequency start end tolerance as_of"),
    "end": ("", "symbol asset_class frequency on reason reopen as_of"),
    "archive": ("", "symbol before restore asset_class frequency as_of"),
    "recompress": ("", "symbol compression asset_class frequency as_of"),
    "rechunk": ("", "symbol chunk asset_class frequency as_of"),
    "rename": ("", "symbol asset_class frequency on as_of"),
    "remove": ("", "symbol asset_class frequency start end forget yes as_of"),
    "providers": ("as_of", ""),
    "bars": (("symbol asset_class frequency derive start end adjust filled provenance require "
             "columns wide errors known_on version pin"), ""),
    "pins": ("as_of", ""),
}  # fmt: skip


def test_what_is_served_is_decided_for_each_verb_and_each_option() -> None:
    found = {}
    for name, verb in SERVED.items():
        known = taken(verb)
        reads = [each for each in known if served_as(verb) == "read" and not known[each].writes]
        found[name] = (" ".join(reads), " ".join(each for each in known if each not in reads))

    assert found == SERVED_NOW


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1], READ_TOKEN + "x"])
def test_without_a_right_token_every_path_is_forbidden(client: Client, token: str | None) -> None:
    stranger = replace(client, token=token)
    found = {
        (method, path, answer.status, answer.headers.get("location"))
        for path in PATHS
        for method in METHODS
        for answer in [stranger.send(method, path)]
    }

    assert found == {(method, path, 403, None) for path in PATHS for method in METHODS}


def test_a_refusal_says_what_to_send_and_nothing_of_the_store(client: Client) -> None:
    answer = replace(client, token="wrong").get("list", symbol="DEMO")  # noqa: S106

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["hint"] == "send a token that allows it: Authorization: Bearer TOKEN"
    assert b"DEMO" not in answer.body
    assert "set-cookie" not in answer.headers


def test_a_token_to_read_reads_and_no_more(client: Client) -> None:
    reader = replace(client, token=READ_TOKEN)
    read = {path for path, verb in SERVED.items() if served_as(verb) == "read"}

    found = {path: reader.get(path, symbol="DEMO").status for path in read - {"providers", "pins"}}
    assert set(found.values()) == {200}
    assert [reader.get(each).status for each in ("providers", "pins", "jobs", "openapi.json")] == [
        200
    ] * 4
    assert {reader.get(path).status for path in SERVED.keys() - read} == {405}
    assert {reader.post(path, symbol=["DEMO"]).status for path in SERVED} == {403}
    assert reader.send("DELETE", "jobs/none-1").status == 403
    assert "write" in reader.post("update").json["detail"]


@pytest.mark.parametrize("token", [TOKEN, READ_TOKEN])
def test_a_token_in_the_query_is_as_good_and_makes_no_cookie(client: Client, token: str) -> None:
    answer = replace(client, token=None).get("list", token=token)

    assert answer.status == 200
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80", "Origin": "http://evil.example:80"},
    ],
)
def test_another_name_for_this_machine_is_refused(
    client: Client, headers: Mapping[str, str]
) -> None:
    assert client.get("list", headers).status == 403


def test_the_server_logs_no_token(running: Running, client: Client) -> None:
    for token in (TOKEN, READ_TOKEN, "a-wrong-secret-token"):
        nobody = replace(client, token=None)
        nobody.get("nothing", token=token)
        nobody.get("list", {"Referer": f"http://x/?token={token}"}, token=token, symbl="A")
        nobody.send("POST", f"load?token={token}", body=b"{")
        replace(client, token=token).send("POST", "load", {"Content-Type": "text/plain"}, b"{")
    log = running.log.read_text()

    assert "404" in log
    assert not any(secret in log for secret in (TOKEN, READ_TOKEN, "a-wrong-secret-token"))
