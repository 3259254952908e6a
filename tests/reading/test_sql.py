"""SQL over the store: read-only whatever it says, and one sentence for what it does not take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import ChunkCorrupt, OptionError, StoreError
from ml4t_nb.model import DatasetConfig, DatasetId
from ml4t_nb.storage.store import Store
from ml4t_nb.workspace import Workspace
from tests.reading.stores import commit_bars, workspace
from tests.storage.builders import daily

AAPL = DatasetId("equities", "daily", "AAPL")
CONFIG = DatasetConfig("sample", "XNYS", "split-adjusted", 0.1, "yearly", "lz4")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "home")
    commit_bars(store, AAPL, daily("2024-01-02", "2024-02-29"), CONFIG)
    return store


@pytest.fixture
def ws(store: Store) -> Workspace:
    return workspace(store.home)


def tree(folder: Path) -> dict[str, bytes]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {str(each): each.read_bytes() for each in files if each.name != "catalogue.db"}


ATTEMPTS = (
    "COPY (SELECT 1) TO '{out}'",
    "COPY (SELECT 1) TO '{out}' (use_tmp_file false)",
    "COPY bars_daily TO '{chunk}' (FORMAT parquet, use_tmp_file false)",
    "COPY datasets FROM '{secret}'",
    "EXPORT DATABASE '{out}'",
    "IMPORT DATABASE '{out}'",
    "ATTACH '{out}' AS other",
    "DETACH memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{secret}'",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET TimeZone = 'Asia/Tokyo'",
    "RESET enable_external_access",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "CALL enable_logging()",
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM read_parquet('{chunk}')",
    "SELECT * FROM parquet_metadata('{chunk}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM '{chunk}'",
    "SELECT * FROM query('COPY (SELECT 1) TO ''{out}''')",
    "SELECT * FROM query_table('{secret}')",
    "SELECT getenv('HOME')",
    "SELECT * FROM duckdb_secrets()",
    "CREATE SECRET s (TYPE s3)",
    "SELECT * FROM planted",
    "CREATE TABLE t AS SELECT 1",
    "CREATE OR REPLACE VIEW bars_daily AS SELECT 1 AS close",
    "CREATE MACRO f() AS 1",
    "INSERT INTO datasets VALUES (1)",
    "UPDATE datasets SET symbol = 'x'",
    "DELETE FROM bars_daily",
    "WITH gone AS (DELETE FROM datasets RETURNING *) SELECT * FROM gone",
    "DROP VIEW bars_daily",
    "ALTER VIEW bars_daily RENAME TO other",
    "EXPLAIN ANALYZE SELECT * FROM datasets",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "BEGIN",
    "CHECKPOINT",
    "VACUUM",
    "USE memory",
    "SELECT 1; COPY (SELECT 1) TO '{out}'",
    "SELECT 1; SELECT 2",
    "PIVOT datasets ON symbol USING sum(rows)",
    "",
    "  -- only a comment",
)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_sql_reads_the_views_and_nothing_else(ws: Workspace, tmp_path: Path, attempt: str) -> None:
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("password\nhunter2\n")
    (chunk,) = ws.store.snapshot(AAPL).files()
    planted = pd.DataFrame({"a": [1]})
    before = tree(tmp_path)
    query = attempt.format(out=out, secret=secret, chunk=chunk, folder=tmp_path)

    with pytest.raises(OptionError) as refused:
        verbs.sql(ws, query)

    assert len(planted) == 1
    assert "\n" not in refused.value.message
    assert "hunter2" not in str(refused.value)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "attempt", [a for a in ATTEMPTS if "{" in a or a.startswith(("SET", "RESET", "INSTALL"))]
)
def test_a_connection_of_ones_own_reaches_no_file_either(
    ws: Workspace, tmp_path: Path, attempt: str
) -> None:
    import duckdb

    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("password\nhunter2\n")
    (chunk,) = ws.store.snapshot(AAPL).files()
    connection = verbs.connect(ws)
    before = tree(tmp_path)
    query = attempt.format(out=out, secret=secret, chunk=chunk, folder=tmp_path)

    with pytest.raises(duckdb.Error):
        connection.execute(query).fetchall()

    assert tree(tmp_path) == before


def test_a_connection_takes_tables_and_frames_of_its_reader(ws: Workspace) -> None:
    connection = verbs.connect(ws)
    connection.register("mine", pd.DataFrame({"symbol": ["AAPL"], "weight": [0.5]}))
    connection.execute("CREATE TABLE kept AS SELECT symbol, close FROM bars_daily")

    rows = connection.sql("SELECT count(*), sum(weight) FROM kept JOIN mine USING (symbol)")

    assert rows.fetchall() == [(43, 21.5)]


@pytest.mark.parametrize(
    ("query", "message", "hint"),
    [
        ("SELECT * FROM bars_dayly", "table with name bars_dayly does not", "'bars_daily'"),
        ("SELECT closed FROM bars_daily", 'column "closed" not found', 'bindings: "close"'),
        ("SELEC 1", 'syntax error at or near "SELEC"', "SELEC 1"),
        ("SELECT 'x'::INT", "could not convert string 'x'", ""),
        ("SELECT * FROM read_text('/etc/hostname')", "views of the store alone", "bars_daily"),
        ("DROP VIEW datasets", "this is DROP", "--out"),
        ("SELECT 1; SELECT 2", "one statement at a time", "WITH"),
    ],
)
def test_an_error_is_one_sentence_and_a_hint(
    ws: Workspace, query: str, message: str, hint: str
) -> None:
    with pytest.raises(OptionError) as refused:
        verbs.sql(ws, query)

    assert message in refused.value.message
    assert "\n" not in refused.value.message
    assert hint in refused.value.hint


def test_instants_are_utc_wherever_the_machine_is(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    query = "SELECT max(timestamp) AS last, '2024-02-29'::TIMESTAMPTZ AS day FROM bars_daily"
    (row,) = verbs.sql(ws, f"{query} WHERE timestamp >= '2024-02-29'").to_frame().to_dict("records")

    assert row["last"] == row["day"] == pd.Timestamp("2024-02-29", tz="UTC")
    assert str(row["last"].tz) == "UTC"


def test_python_gets_a_frame_with_all_rows(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML4T_DATA_HOME", str(ws.settings.home))
    query = "SELECT symbol, close, close, rows FROM bars_daily JOIN datasets USING (symbol)"

    frame = ml4t_nb.sql(f"{query} ORDER BY timestamp", limit=2)

    assert frame.columns.tolist() == ["symbol", "close", "close_1", "rows"]
    assert len(frame) == 43
    assert frame["close"].tolist() == verbs.bars(ws, "AAPL")["close"].tolist()
    whole = ml4t_nb.sql("SELECT sum(rows) AS rows, DATE '2024-01-02' AS day FROM datasets")
    assert whole.dtypes.astype(str).tolist()[0] == "int64"
    assert whole["day"].tolist() == [pd.Timestamp("2024-01-02")]


def test_gaps_findings_runs_and_datasets_are_tables(ws: Workspace) -> None:
    gap = verbs.sql(ws, "SELECT symbol, state, missing, error, pending FROM gaps")
    found = verbs.sql(ws, "SELECT rule, severity, detail, to_decide, decided FROM findings")
    run = verbs.sql(ws, "SELECT run, as_of, verb, provider, outcome, error FROM runs")
    stored = verbs.sql(ws, "SELECT symbol, asset_class, frequency, rows, last, ended FROM datasets")

    assert gap.table.to_pylist() == [
        {
            "symbol": "AAPL",
            "state": "open",
            "missing": 3,
            "error": "a 'quoted' error",
            "pending": True,
        }
    ]
    assert [*found.table.to_pylist()[0].values()] == [
        "spike",
        "warning",
        "close 9 stands out",
        True,
        None,
    ]
    at = datetime(2024, 1, 31, 21, 30, tzinfo=UTC)
    assert [*run.table.to_pylist()[0].values()] == [1, at, "update", "sample", "changed", None]
    assert [*stored.table.to_pylist()[0].values()] == [
        "AAPL",
        "equities",
        "daily",
        43,
        datetime(2024, 2, 29, tzinfo=UTC),
        None,
    ]


def test_there_are_views_of_stored_frequencies_alone(ws: Workspace) -> None:
    names = verbs.sql(ws, "SHOW TABLES").to_frame()["name"].tolist()

    assert names == [
        "bars_daily", "bars_daily_all", "bars_daily_raw", "datasets", "findings", "gaps", "runs",
    ]  # fmt: skip


@pytest.mark.parametrize("at", [0, 200, -200, -1])
def test_a_damaged_file_is_an_error_and_never_a_number(ws: Workspace, at: int) -> None:
    (path,) = ws.store.snapshot(AAPL).files()
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)

    for query in ("SELECT count(*) FROM bars_daily", "SELECT sum(close) FROM bars_daily_all"):
        with pytest.raises(ChunkCorrupt):
            verbs.sql(ws, query)
    with pytest.raises(Exception, match="checksum"):
        verbs.connect(ws).execute("SELECT sum(close) FROM bars_daily").fetchall()
    with pytest.raises(Exception, match="checksum"):
        verbs.scan(ws).collect()


def test_a_file_that_is_damaged_after_it_was_read_is_an_error_too(ws: Workspace) -> None:
    connection = verbs.connect(ws)
    total = "SELECT sum(close) FROM bars_daily"
    assert connection.execute(total).fetchall() == [(43 * 10.25,)]
    (path,) = ws.store.snapshot(AAPL).files()
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)

    with pytest.raises(Exception, match="checksum"):
        connection.execute(total).fetchall()


def test_a_connection_shows_the_moment_it_was_made(ws: Workspace, store: Store) -> None:
    msft = DatasetId("equities", "daily", "MSFT")
    connection = verbs.connect(ws)
    commit_bars(store, AAPL, daily("2024-01-02", "2024-03-29", 20.0), CONFIG)
    commit_bars(store, msft, daily("2024-01-02", "2024-01-31"), CONFIG)

    bars = connection.execute("SELECT symbol, count(*), max(close) FROM bars_daily GROUP BY ALL")
    assert bars.fetchall() == [("AAPL", 43, 10.25)]
    assert connection.execute("SELECT symbol, rows FROM datasets").fetchall() == [("AAPL", 43)]
    assert connection.execute("SELECT count(*) FROM runs").fetchall() == [(1,)]
    now = verbs.sql(ws, "SELECT symbol, rows FROM datasets ORDER BY symbol").to_frame()
    assert now["rows"].tolist() == [64, 22]


@pytest.mark.parametrize(("then", "now"), [("removed", 0), ("replaced", 64)])
def test_what_is_kept_no_more_is_an_error_and_never_fewer_bars(
    ws: Workspace, store: Store, then: str, now: int
) -> None:
    msft = DatasetId("equities", "daily", "MSFT")
    connection = verbs.connect(ws)
    if then == "removed":
        with store.transaction(AAPL) as tx:
            tx.remove()
    else:
        commit_bars(store, AAPL, daily("2024-01-02", "2024-03-29", 20.0), CONFIG)
    counted = "SELECT count(*) FROM bars_daily"
    assert connection.execute(counted).fetchall() == [(43,)]
    commit_bars(store, msft, daily("2024-01-02", "2024-01-31"), CONFIG)
    late = verbs.connect(ws)
    for part in ("trash", "versions"):
        for path in (store.home / part).rglob("*.*"):
            path.unlink()

    with pytest.raises(Exception, match="out of date"):
        connection.execute(counted).fetchall()
    assert late.execute(f"{counted} WHERE symbol = 'AAPL'").fetchall() == [(now,)]


def test_results_are_written_whole_in_three_formats(ws: Workspace, tmp_path: Path) -> None:
    query = "SELECT timestamp, close, NULL AS nothing, close > 10 AS high FROM bars_daily LIMIT 2"
    files = [tmp_path / f"out.{kind}" for kind in ("csv", "json", "parquet")]
    for file in files:
        report = verbs.sql(ws, query, out=file, limit=1)
        assert report.table.num_rows == 2

    assert files[0].read_text() == (
        "timestamp,close,nothing,high\n"
        "2024-01-02T00:00:00+00:00,10.25,,True\n"
        "2024-01-03T00:00:00+00:00,10.25,,True\n"
    )
    assert json.loads(files[1].read_text())[0] == {
        "timestamp": "2024-01-02T00:00:00+00:00",
        "close": 10.25,
        "nothing": None,
        "high": True,
    }
    assert pq.read_table(files[2]).num_rows == 2
    with pytest.raises(OptionError, match="file extension"):
        verbs.sql(ws, query, out=tmp_path / "out.xlsx")


def test_a_shell_shows_some_rows_and_says_so(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(ws.settings.home)]
    query = "SELECT symbol, timestamp, close FROM bars_daily ORDER BY timestamp"

    assert main(["sql", query, "--limit", "1", *home]) == 0
    assert capsys.readouterr().out == (
        "symbol  timestamp   close\n"
        "AAPL    2024-01-02  10.25\n\n"
        "1 of 43 rows shown\n   → --limit 0 shows all, --out FILE writes them\n"
    )
    assert main(["sql", query, "--limit", "1", "-q", *home]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 43
    assert main(["sql", query, "--json", *home]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rows"] == len(document["data"]) == 43
    assert main(["sql", "SELECT", "1", *home]) == 2
    assert "put it in quotes" in capsys.readouterr().err
    assert main(["sql", "SELECT * FROM nope", *home]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_store_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        verbs.sql(workspace(tmp_path / "none"), "SELECT * FROM datasets")


def test_an_empty_store_has_its_tables(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()

    report = verbs.sql(workspace(tmp_path / "home"), "SELECT * FROM datasets, gaps, runs, findings")

    assert report.table.num_rows == 0


_INTERRUPTED = """
import os, signal, sys, threading
from pathlib import Path
from ml4t_nb import sql

def interrupt():
    while "ml4t-sql" not in [each.name for each in threading.enumerate()]:
        pass
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt).start()
try:
    sql("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10000000) "
        "SELECT count(*) FROM t", home=sys.argv[1])
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_an_interrupt_ends_a_query_before_it_has_an_answer(ws: Workspace) -> None:
    # DuckDB minds no signal in this query, which takes minutes.
    command = [sys.executable, "-c", _INTERRUPTED, str(ws.store.home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.stdout == "interrupted\n", done.stderr
