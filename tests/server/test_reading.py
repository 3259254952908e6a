"""What is read over HTTP is what the shell prints."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.ipc
import pytest

from tests.server.client import Client, Running
from tests.server.conftest import shell


@pytest.mark.parametrize(
    ("path", "query", "words"),
    [
        ("list", {}, "list"),
        ("list", {"symbol": "DEMO"}, "list DEMO"),
        ("health", {"sessions": 3, "verbose": "true"}, "health --sessions 3 -v"),
        ("gaps", {"symbol": ["AAPL", "DEMO"], "all": "1"}, "gaps AAPL DEMO --all"),
        ("review", {}, "review"),
        ("history", {"symbol": "AAPL", "limit": 1}, "history AAPL --limit 1"),
        ("plot", {"symbol": "AAPL", "coverage": "true"}, "plot AAPL --coverage"),
        ("providers", {}, "providers"),
        ("bars", {"symbol": "DEMO", "start": "2024-01-10"}, "export DEMO --start 2024-01-10"),
        ("bars", {"symbol": ["DEMO", "AAPL"], "columns": "close,volume"},
         "export DEMO AAPL --columns close,volume"),
    ],
)  # fmt: skip
def test_a_document_is_the_one_that_the_shell_prints(
    running: Running, home: Path, path: str, query: dict[str, Any], words: str
) -> None:
    printed = shell(home, *words.split(), "--json")

    answer = running.client.get(path, **query)

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == json.loads(printed)


@pytest.mark.parametrize("symbols", [["AAPL"], ["AAPL", "DEMO"]])
def test_bars_in_each_format_are_the_same_numbers(client: Client, symbols: list[str]) -> None:
    def sent(media: str) -> io.BytesIO:
        answer = client.get("bars", {"Accept": media}, symbol=symbols, adjust="raw")
        assert (answer.status, answer.headers["content-type"]) == (200, media)
        return io.BytesIO(answer.body)

    parquet = pd.read_parquet(sent("application/vnd.apache.parquet"))
    arrow = pyarrow.ipc.open_file(sent("application/vnd.apache.arrow.file")).read_pandas()
    csv = pd.read_csv(sent("text/csv"), index_col=[str(name) for name in parquet.index.names])
    rows = json.load(sent("application/json"))["bars"]

    assert len(parquet) == len(rows) > 250
    pd.testing.assert_frame_equal(arrow, parquet)
    assert csv["close"].tolist() == parquet["close"].tolist()
    assert [row["close"] for row in rows] == parquet["close"].tolist()
    # As they were traded on the first day of the sample.
    assert parquet["close"].iloc[0] == pytest.approx(21.28)


@pytest.mark.parametrize(
    ("accept", "sent"),
    [
        ("*/*", "application/json"),
        ("text/*", "text/csv"),
        ("text/html, text/csv;q=0.4, application/*;q=0.5", "application/json"),
        ("application/json;q=0, text/csv", "text/csv"),
    ],
)
def test_of_the_formats_accepted_the_one_wanted_most_is_sent(
    client: Client, accept: str, sent: str
) -> None:
    answer = client.get("bars", {"Accept": accept}, symbol="DEMO")

    assert (answer.status, answer.headers["content-type"]) == (200, sent)


def test_what_we_do_not_have_is_not_acceptable(client: Client) -> None:
    answer = client.get("bars", {"Accept": "text/html"}, symbol="DEMO")

    assert answer.status == 406
    assert "application/vnd.apache.parquet" in answer.json["hint"]


@pytest.mark.parametrize(
    ("path", "status", "detail", "hint"),
    [
        ("list?symbl=AAPL", 422, "list has no option 'symbl'", "did you mean 'symbol'?"),
        ("list?symbol=NOPE", 404, "No existing data found for 'NOPE'", "ml4t-data load -s NOPE"),
        ("list?home=/tmp", 422, "list has no option 'home'", "choose from"),
        ("plot?symbol=AAPL&out=a.html", 422, "plot has no option 'out'", "choose from"),
        ("gaps?start=soon", 422, "'soon' is not a valid date", "write it as 2024-01-31"),
        ("gaps?start=2024-01-02&start=2024-01-03", 422, "start is given 2 times", "give it once"),
        ("gaps?all=yes", 422, "'yes' is neither true nor false", "write true or false"),
        ("gaps?refetch=true", 405, "gaps with refetch changes the store", "send it with POST"),
        ("gaps?refetch=false", 405, "gaps with refetch changes the store", "send it with POST"),
        ("update", 405, "update changes the store", "send it with POST"),
        ("bars", 422, "bars needs a symbol", "symbol=AAPL"),
        ("bars?symbol=AAPL&symbol=NOPE", 404, "No existing data found for 'NOPE'", ""),
        ("bars?symbol=AAPL&errors=skip", 0, "", ""),
        ("sql?query=SELECT", 404, "there is nothing at /ml4t/api/sql", "openapi.json"),
        ("export", 404, "there is nothing at /ml4t/api/export", "openapi.json"),
        ("list/", 404, "there is nothing at /ml4t/api/list/", "openapi.json"),
        ("list?symbol=%ff", 422, "is not UTF-8", "encode it"),
    ],
)
def test_an_error_is_a_problem_with_its_next_step(
    client: Client, path: str, status: int, detail: str, hint: str
) -> None:
    answer = client.get(path)
    if not status:
        assert answer.status == 200
        return

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert detail in answer.json["detail"]
    assert hint in answer.json["hint"]
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("verb", ["load", "update", "compare", "reconcile"])
def test_a_job_reads_no_folder_that_a_request_names(client: Client, verb: str) -> None:
    option = "provider" if verb in ("load", "update") else "with"

    answer = client.post(verb, symbol=["AAPL"], **{option: "files:/etc"})

    assert (answer.status, answer.json["error"]) == (422, "OptionError")
