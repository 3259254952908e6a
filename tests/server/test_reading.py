"""What is read over HTTP is what the shell prints."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.ipc
import pytest

from ml4t_nb.cli import main
from tests.server.client import Client, Running, serving
from tests.server.conftest import AS_OF, shell


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


ALL_MEDIA = [
    "application/json", "text/csv", "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.file",
]  # fmt: skip


@pytest.mark.parametrize("media", ALL_MEDIA)
def test_bars_say_of_which_version_they_are_and_how_they_are_shown(
    client: Client, media: str
) -> None:
    answer = client.get("bars", {"Accept": media}, symbol="AAPL", adjust="all", filled="false")

    said = {name: each for name, each in answer.headers.items() if name.startswith("ml4t-")}
    (dataset, version, checksum, as_of) = said.pop("ml4t-datasets").split(";")
    assert (dataset, version) == ("equities/daily/AAPL", "version=1")
    assert re.fullmatch(r'checksum="xxh3:[0-9a-f]{16}"', checksum), checksum
    assert as_of == 'as-of="2005-02-25T21:30:00+00:00"'
    assert said == {
        "ml4t-adjust": "all",
        "ml4t-filled": "?0",
        "ml4t-frequency": "daily",
        "ml4t-as-of": "2005-02-25T21:30:00+00:00",
    }


def test_bars_of_several_symbols_say_it_of_each(client: Client) -> None:
    answer = client.get(
        "bars", {"Accept": "text/csv"}, symbol=["AAPL", "DEMO"], frequency="monthly"
    )

    each = [part.split(";")[:2] for part in answer.headers["ml4t-datasets"].split(", ")]
    assert each == [["equities/daily/AAPL", "version=1"], ["equities/daily/DEMO", "version=1"]]
    # That of the newest run: DEMO was loaded as of 20 January 2024, a Saturday, to its end there.
    assert answer.headers["ml4t-as-of"] == "2024-01-21T05:00:00+00:00"
    assert (answer.headers["ml4t-frequency"], answer.headers["ml4t-filled"]) == ("monthly", "?1")


def test_the_document_of_bars_says_it_too(client: Client) -> None:
    answer = client.get("bars", symbol="AAPL", adjust="raw")

    (dataset,) = answer.json["datasets"]
    assert (answer.json["adjust"], answer.json["filled"]) == ("raw", True)
    assert (dataset["version"], dataset["as_of"]) == (1, "2005-02-25T21:30:00+00:00")
    assert f'checksum="{dataset["checksum"]}"' in answer.headers["ml4t-datasets"]


@pytest.mark.parametrize("media", ALL_MEDIA)
def test_bars_later_than_the_as_of_of_the_server_are_told(home: Path, media: str) -> None:
    with serving(home, "--as-of", "2005-02-18") as server:
        answer = server.client.get("bars", {"Accept": media}, symbol="AAPL")

    assert answer.headers["ml4t-notice"] == (
        "equities/daily/AAPL has bars up to 2005-02-25, later than ML4T_DATA_AS_OF, 2005-02-18: "
        "nothing of it was known then, its first version is of 2005-02-25; "
        "end=2005-02-18 cuts off there what is known now"
    )


def test_headers_of_very_many_symbols_are_short_and_say_how_many_there_are(tmp_path: Path) -> None:
    symbols = [f"S{number:03}" for number in range(150)]
    words = ("load", *symbols, "-p", "synthetic", "--start", "2024-01-18", "--as-of", AS_OF)
    assert main([*words, "-q", "--home", f"{tmp_path / 'store'}"]) == 0

    with serving(tmp_path / "store", "--as-of", AS_OF) as server:
        answer = server.client.get("bars", {"Accept": "text/csv"}, symbol=symbols)

    said = answer.headers["ml4t-datasets"]
    listed = said.split(", ")
    assert len(said) < 4096
    assert listed[0].startswith("equities/daily/S000;")
    assert answer.headers["ml4t-notice"] == (
        f"ML4T-Datasets has the first {len(listed)} of 150 datasets; application/json says all"
    )


def test_a_symbol_beyond_ascii_is_a_header_all_the_same(tmp_path: Path) -> None:
    words = ("load", "ÖMV, A", "-p", "synthetic", "--start", "2024-01-18", "--as-of", AS_OF)
    assert main([*words, "-q", "--home", f"{tmp_path / 'store'}"]) == 0

    with serving(tmp_path / "store", "--as-of", "2024-01-18") as server:
        answer = server.client.get("bars", {"Accept": "text/csv"}, symbol="ÖMV, A")

    assert answer.headers["ml4t-datasets"].startswith("equities/daily/%C3%96MV%2C%20A;version=1;")
    assert answer.headers["ml4t-notice"].startswith("equities/daily/%C3%96MV, A has bars up to ")
