"""SQL over a store's views, in a DuckDB that reaches nothing else: no file, no network."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ml4t_nb.errors import MissingExtra, Ml4tError, OptionError, StoreError
from ml4t_nb.options import did_you_mean
from ml4t_nb.reading.lazy_dataset import LazyDataset

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["answer", "locked_connection", "require_package"]

# In this order: the last one makes the others final.
_LOCK = (
    "SET TimeZone = 'UTC'",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_STEP_S = 0.1
_NO_TABLE = re.compile(r"Table with name (?P<name>.+) does not exist")
_KIND = re.compile(r"^[A-Z][A-Za-z ]* Error: ")


def require_package(name: str) -> None:
    """Raise MissingExtra unless that package of the extra ``sql`` can be imported."""
    from importlib import import_module

    try:
        import_module(name)
    except ImportError as error:
        raise MissingExtra(
            f"SQL and scans need {name}, which is not installed",
            hint="pip install 'ml4t-nb[sql]'",
        ) from error


def locked_connection(views: Mapping[str, LazyDataset]) -> DuckDBPyConnection:
    """A DuckDB of its own in memory, with the views, and its settings for good.

    It opens no file and no address, installs and loads nothing, and sees no variable of Python.
    """
    require_package("duckdb")
    import duckdb

    connection = duckdb.connect(":memory:")
    # What does not fit in memory; the folder comes and goes with it.
    spill = Path(tempfile.gettempdir()) / f"ml4t_nb.{secrets.token_hex(8)}"
    connection.execute("SET temp_directory = ?", [str(spill)])
    for name, view in views.items():
        connection.register(name, view)
    for statement in _LOCK:
        connection.execute(statement)
    return connection


def answer(views: Mapping[str, LazyDataset], query: str) -> pa.Table:
    """All rows that one SELECT gives.

    OptionError if the statement is another one, or cannot be carried out; errors of the store if
    what it reads is damaged.
    """
    with closing(locked_connection(views)) as connection, _translated(views):
        _require_select(connection, query)
        return _plain(_interruptible(connection, query))


def _interruptible(connection: DuckDBPyConnection, query: str) -> pa.Table:
    """What the query gives; an interrupt ends it at once, whatever it is at.

    DuckDB itself minds a signal in some queries only, and reports it as an error of another kind.
    """
    answered: Future[pa.Table] = Future()

    def work() -> None:
        try:
            answered.set_result(connection.sql(query).to_arrow_table())
        except BaseException as error:  # noqa: BLE001  # it is raised where the answer is awaited
            answered.set_exception(error)

    worker = Thread(target=work, name="ml4t-sql")
    try:
        worker.start()
        # In steps, since on Windows an endless wait is not interrupted.
        while not wait([answered], timeout=_STEP_S).done:
            pass
    except KeyboardInterrupt:
        # More than once: the first may come before the query has begun.
        while worker.is_alive():
            connection.interrupt()
            worker.join(_STEP_S)
        raise
    return answered.result()


def _require_select(connection: DuckDBPyConnection, query: str) -> None:
    import duckdb

    kinds = [each.type for each in connection.extract_statements(query)]
    if kinds == [duckdb.StatementType.SELECT]:
        return
    if not kinds:
        raise OptionError("the query is empty", hint='write it as "SELECT * FROM datasets"')
    if len(kinds) > 1:
        raise OptionError(
            f"sql takes one statement at a time, but got {len(kinds)}",
            hint="run them one after the other, or make one of them with WITH",
        )
    raise OptionError(
        f"sql only reads: it takes a SELECT, and this is {kinds[0].name}",
        hint="write what it gives to a file of yours with --out",
    )


@contextmanager
def _translated(views: Mapping[str, LazyDataset]) -> Iterator[None]:
    """What DuckDB raises as an error of ours: the store's own if there was one, else a sentence."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        for view in views.values():
            if view.error is not None:
                raise view.error from error
        raise _sentence(error, views) from error


def _sentence(error: Exception, views: Mapping[str, LazyDataset]) -> Ml4tError:
    import duckdb

    said, *more = str(error).split("\n\n", maxsplit=1)[0].splitlines()
    message = _KIND.sub("", said).rstrip("!.")
    hint = " ".join(more)
    if isinstance(error, duckdb.PermissionException):
        return OptionError(
            "sql sees the views of the store alone: no file, no address, no extension",
            hint=f"there are {', '.join(views)}",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return StoreError(f"the query needs more memory than there is: {message}")
    if no_table := _NO_TABLE.search(message):
        # Its own suggestion may be one of its system tables.
        hint = did_you_mean(no_table["name"].strip('"'), views)
    elif place := re.search(r"LINE \d+: (.*)", str(error)):
        hint = hint or f"it stands in {place[1].strip()!r}"
    return OptionError(f"the query cannot be carried out: {_lowered(message)}", hint=_lowered(hint))


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]


def _plain(table: pa.Table) -> pa.Table:
    """The table with what others know best: UTC by its name, whole numbers as such."""
    columns = [_plain_column(each) for each in table.columns]
    return pa.table(columns, names=_distinct(table.column_names))


def _plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz:
        return column.cast(pa.timestamp(kind.unit, tz="UTC"))
    if pa.types.is_decimal(kind) and kind.scale == 0:
        # What a sum of whole numbers is.
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:
            return column
    return column


def _distinct(names: list[str]) -> list[str]:
    """The names, those that come again with a number behind them, as DuckDB numbers them."""
    taken: dict[str, Any] = {}
    for name in names:
        number, own = 0, name
        while own in taken:
            number += 1
            own = f"{name}_{number}"
        taken[own] = None
    return [*taken]
