"""Errors are those of the standard library too, and pass what catches these below them."""

from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ml4t_nb
from ml4t_nb import errors
from ml4t_nb.commands.parser import parse
from ml4t_nb.errors import (
    BarsInvalid,
    CalendarUnknown,
    DatasetNotFound,
    LaterBars,
    LockTimeout,
    MissingExtra,
    Ml4tError,
    OptionError,
    ProviderUnavailable,
    RangeRefused,
    SettingsInvalid,
    StoreError,
    StoreNotFound,
    StoreNotWritable,
    SymbolUnknown,
    VersionNotFound,
)
from ml4t_nb.model import DatasetId
from ml4t_nb.providers.files.sheets import parquet_sheet
from ml4t_nb.providers.registry import open_provider
from ml4t_nb.settings import Settings
from ml4t_nb.storage.disk import writing
from ml4t_nb.storage.locks import dataset_lock

PARENTS = {
    OptionError: ValueError,
    LaterBars: ValueError,
    SettingsInvalid: ValueError,
    BarsInvalid: ValueError,
    RangeRefused: ValueError,
    CalendarUnknown: LookupError,
    DatasetNotFound: LookupError,
    VersionNotFound: LookupError,
    SymbolUnknown: LookupError,
    MissingExtra: ImportError,
    ProviderUnavailable: ConnectionError,
    LockTimeout: TimeoutError,
    StoreNotFound: FileNotFoundError,
    StoreNotWritable: OSError,
}
PROVIDERS = {ProviderUnavailable, RangeRefused, SymbolUnknown}


def made(kind: type[Ml4tError]) -> Ml4tError:
    keywords = {"provider": "sample"} if kind in PROVIDERS else {}
    return kind("it went wrong", hint="try again", **keywords)


@pytest.mark.parametrize(("kind", "parent"), PARENTS.items())
def test_an_error_is_caught_as_what_it_means_in_the_standard_library(
    kind: type[Ml4tError], parent: type[Exception]
) -> None:
    with pytest.raises(parent) as caught:
        raise made(kind)

    assert isinstance(caught.value, Ml4tError)
    assert str(caught.value) == "it went wrong\ntry again"
    assert caught.value.args == ("it went wrong",)


@pytest.mark.parametrize("kind", PARENTS)
def test_an_error_of_two_parents_comes_whole_out_of_another_process(kind: type[Ml4tError]) -> None:
    error = made(kind)

    sent = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes

    assert type(sent) is kind
    assert (str(sent), sent.args, vars(sent)) == (str(error), error.args, vars(error))


def test_no_other_error_is_one_of_the_standard_library() -> None:
    known = [getattr(errors, name) for name in errors.__all__]
    ours = {each for each in known if isinstance(each, type) and issubclass(each, Ml4tError)}
    bare = {each for each in ours if set(each.__mro__) - ours <= {Exception, BaseException, object}}

    assert ours - bare == set(PARENTS)


def test_a_missing_dataset_is_caught_as_a_standard_error(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="No existing data found for 'NONE'"):
        ml4t_nb.bars("NONE", home=tmp_path)
    with pytest.raises(ValueError, match="frequency"):
        ml4t_nb.bars("NONE", home=tmp_path, frequency="dayly")
    with pytest.raises(FileNotFoundError, match="there is no store at"):
        ml4t_nb.update(home=tmp_path / "missing")


def test_a_lock_that_another_holds_is_not_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    dataset = DatasetId("equities", "daily", "AAPL")

    with (
        dataset_lock(tmp_path, dataset, timeout_s=0),
        pytest.raises(TimeoutError) as caught,
        dataset_lock(tmp_path, dataset, timeout_s=0),
    ):
        pass

    assert isinstance(caught.value, LockTimeout)


def test_a_failure_to_write_is_reported_once(tmp_path: Path) -> None:
    inner = tmp_path / "inner"

    with pytest.raises(StoreNotWritable) as caught, writing(tmp_path), writing(inner):
        raise PermissionError(13, "Permission denied")

    assert caught.value.message == f"{inner} cannot be written: Permission denied"
    assert isinstance(caught.value, StoreError)


def test_a_column_that_a_parquet_file_lacks_is_no_damage_of_it(tmp_path: Path) -> None:
    path = tmp_path / "X.parquet"
    pq.write_table(pa.table({"date": ["2024-01-02"], "close": [1.0]}), path)

    with pytest.raises(BarsInvalid) as caught:
        parquet_sheet(path)

    assert "cannot be read as Parquet" not in caught.value.message


def test_what_a_word_of_a_command_line_may_be_is_said_with_its_hint() -> None:
    with pytest.raises(OptionError) as caught:
        parse(["health", "--sessions", "many"])

    assert caught.value.message == "--sessions: 'many' is not a whole number"
    assert caught.value.hint == "write it as 5; the maximum is a million"


def test_a_setting_that_another_packages_provider_lacks_is_its_own_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ml4t_keyed.py").write_text(
        "from ml4t_nb.errors import SettingsInvalid\n"
        "def open_keyed(settings):\n"
        "    raise SettingsInvalid('KEYED_TOKEN is not set', hint='set it')\n"
    )
    about = tmp_path / "ml4t_keyed-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ml4t-keyed\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[ml4t_nb.providers]\nkeyed = ml4t_keyed:open_keyed\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(SettingsInvalid, match="KEYED_TOKEN is not set"):
        open_provider("keyed", Settings())
