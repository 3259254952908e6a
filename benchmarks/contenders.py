"""Who takes part: its module, what must be installed for it, and whether its commits are synced."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = [
    "ALL",
    "ARCTIC",
    "DUCKDB_OUR_FILES",
    "LIMIT",
    "OURS",
    "PEERS",
    "POLARS_OUR_FILES",
    "READERS",
    "Party",
]


@dataclass(frozen=True, slots=True)
class Party:
    """One contender.

    Parameters
    ----------
    needs
        What pip installs for it; nothing for those that run in the environment of the package.
    synced
        What a commit brings to the disk before it returns.
    """

    name: str
    module: str
    needs: tuple[str, ...]
    synced: str


OURS = Party("ml4t_nb", "ours", (), "synced: chunk, data folder, manifest, state folder (4 syncs)")
ARCTIC = Party(
    "ArcticDB", "arctic", ("arcticdb>=6.28", "pandas<3"), "synced: each LMDB transaction (4 to 5)"
)
DUCKDB = Party(
    "DuckDB",
    "duckdb_table",
    ("duckdb>=1.5", "pandas>=3.0.2"),
    "synced: the write-ahead log (1); its checkpoint comes later",
)
POLARS = Party("polars file", "polars_file", ("polars>=2", "numpy>=2.3"), "not synced")
PANDAS = Party("pandas file", "pandas_file", ("pandas>=3.0.2", "pyarrow>=26"), "not synced")
LIMIT = Party("limit", "limit", (), "synced: one new file of the bytes ml4t_nb writes (1)")

PEERS = (ARCTIC, DUCKDB, POLARS, PANDAS)
ALL = (OURS, *PEERS, LIMIT)

# At the door, where nothing is written by the peers.
DUCKDB_OUR_FILES = replace(DUCKDB, name="DuckDB, our files", module="duckdb_files")
DUCKDB_TABLE = replace(DUCKDB, name="DuckDB, its table", module="duckdb_table")
POLARS_OUR_FILES = replace(POLARS, name="polars, our files", module="polars_files")
POLARS_FILES = replace(POLARS, name="polars, a file each", module="polars_files")
READERS = (OURS, ARCTIC, DUCKDB_OUR_FILES, DUCKDB_TABLE, POLARS_OUR_FILES, POLARS_FILES)
