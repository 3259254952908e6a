"""Every argument of every verb: what stands for a value is taken, what stands for none refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.commands.parser import parse
from ml4t_nb.errors import OptionError
from ml4t_nb.notebook import panel_verbs as shows
from ml4t_nb.settings import Settings
from ml4t_nb.verbs.arguments import Option, convert, declared

VERBS: tuple[Callable[..., Any], ...] = (
    verbs.load, verbs.update, verbs.sync, verbs.health, verbs.list_, verbs.gaps, verbs.review,
    verbs.history, verbs.undo, verbs.plot, verbs.compare, verbs.reconcile, verbs.export, verbs.end,
    verbs.archive, verbs.recompress, verbs.rechunk, verbs.rename, verbs.remove, verbs.providers,
    verbs.notify, verbs.bars, verbs.files, verbs.sql, verbs.scan, verbs.backup, verbs.check_backup,
    verbs.check, verbs.connect, shows.panel, shows.jobs,
)  # fmt: skip
PARAMETERS = [
    pytest.param(verb, each, id=f"{verb.__name__}-{each.name}")
    for verb in VERBS
    for each in declared(verb)
]
NOTHING = (b"AAPL", float("nan"), pd.NaT, pd.NA, object(), {"a": 1}.items, 2 + 3j)
"""What stands for no value of any parameter."""

REFUSED: dict[str, tuple[object, ...]] = {
    "switch": ("yes", "no", "", 2, [], None),
    "choice": ("", "DAYLY", 5, []),
    "choices": ("", ",", "DAYLY", 5, [], (), [["error"]], "error,DAYLY", ["error,stale"]),
    "whole": ("two", "2.5", 2.5, "", True, np.inf, [1], 10**12, "999999999999"),
    "pair": ("", "17", "17,18,19", "a,b", "17,2.5", "0,1", 17, [17], [1, 2, 3], [-1, 2], [1, True]),
    "version": ("", "soon", "2.5", 2.5, 0, "-1", True, np.inf, [1], "2024-01", "2024-01-31T12:00"),
    "number": ("much", "", "nan", np.inf, True, [0.1], 1e300),
    "path": ("", "  ", "a\0b", 5, ["a.csv"], b"a.csv"),
    "moment": ("", "soon", 20240131, "2024-01-31T12:00", np.datetime64("2024-01"), [1]),
    "day": (
        "",
        "soon",
        20240131,
        np.datetime64("2024"),
        np.datetime64("NaT", "D"),
        b"2024-01-31",
        [1],
    ),
    "word": ("", " ", 5, ["a"]),
    "frequency": ("", "DAYLY", "1.5m", "0m", "1441m", "-5m", "m", "2h", "90 m", 45, [], ["5m"]),
}
TAKEN: dict[str, tuple[tuple[object, object], ...]] = {
    "switch": ((True, True), (np.bool_(False), False), (0, False), (1, True)),
    "whole": ((3, 3), ("3", 3), (" 3 ", 3), (np.int64(3), 3), (3.0, 3), (np.float64(3), 3)),
    "pair": (
        ((17, 23), (17, 23)),
        ([23, 17], (23, 17)),
        ("17,23", (17, 23)),
        (" 1 , 1 ", (1, 1)),
        ("17,2024-01-31", (17, date(2024, 1, 31))),
        ((date(2024, 1, 31), "23"), (date(2024, 1, 31), 23)),
    ),
    "version": (
        (3, 3),
        (" 3 ", 3),
        (np.int64(3), 3),
        ("2024-01-31", date(2024, 1, 31)),
        (np.datetime64("2024-01-31"), date(2024, 1, 31)),
        ("2024-01-31T16:30-05:00", datetime(2024, 1, 31, 21, 30, tzinfo=UTC)),
    ),
    "number": ((0.25, 0.25), ("0.25", 0.25), (np.float32(0.25), 0.25), (1, 1.0)),
    "path": ((Path("a.csv"), Path("a.csv")), ("a.csv", Path("a.csv"))),
    "moment": (
        ("2024-01-31", date(2024, 1, 31)),
        (np.datetime64("2024-01-31"), date(2024, 1, 31)),
        ("2024-01-31T16:30-05:00", datetime(2024, 1, 31, 21, 30, tzinfo=UTC)),
        (pd.Timestamp("2024-01-31T21:30Z"), datetime(2024, 1, 31, 21, 30, tzinfo=UTC)),
    ),
    "day": (
        ("2024-01-31", date(2024, 1, 31)),
        (" 2024-01-31", date(2024, 1, 31)),
        (date(2024, 1, 31), date(2024, 1, 31)),
        (pd.Timestamp("2024-01-31"), date(2024, 1, 31)),
        (np.datetime64("2024-01-31"), date(2024, 1, 31)),
        (np.datetime64("2024-01-31T00:00:00.000000000"), date(2024, 1, 31)),
    ),
    "word": (("yahoo", "yahoo"), (np.str_("yahoo"), "yahoo")),
    "frequency": (
        ("daily", "daily"),
        (np.str_("monthly"), "monthly"),
        ("45m", "45m"),
        ("60m", "hourly"),
        ("minute", "1m"),
        ("1440m", "1440m"),
    ),
}
EMPTY: tuple[object, ...] = (
    [], (), set(), "", "  ", [""], ["AAPL", ""], iter(()), (each for each in ""), {}, np.array([]),
    pd.Series([], dtype=str), pd.Index([]), pd.DataFrame({"symbol": []}), None, [None], b"", [b"A"],
    float("nan"), [float("nan")], 7203, np.array("AAPL"), bytearray(b"A"), memoryview(b"A"),
)  # fmt: skip


def called(verb: Callable[..., Any], **arguments: object) -> object:
    """The verb on a workspace that is none: whatever touches it fails."""
    if verb in (shows.panel, shows.jobs):
        return verb(**arguments)
    return verb(object(), **arguments)


def required(verb: Callable[..., Any], but: str) -> dict[str, object]:
    is_needed = verb in (verbs.bars, verbs.files) and but != "symbol"
    return {"symbol": "AAPL"} if is_needed else {}


@pytest.mark.parametrize(("verb", "wanted"), PARAMETERS)
def test_what_stands_for_no_value_is_refused_with_a_next_step(
    verb: Callable[..., Any], wanted: Option
) -> None:
    none = () if wanted.may_be_none else (None,)
    for value in (*REFUSED[wanted.kind], *NOTHING, *none):
        if value is None and wanted.may_be_none:
            continue
        if wanted.is_repeated and value == ["a"]:
            continue
        with pytest.raises(OptionError) as caught:
            called(verb, **required(verb, wanted.name), **{wanted.name: value})
        assert caught.value.hint, value


@pytest.mark.parametrize(("verb", "wanted"), PARAMETERS)
def test_what_stands_for_a_value_is_that_value(verb: Callable[..., Any], wanted: Option) -> None:
    del verb
    first, *others = wanted.choices or ("",)
    own: dict[str, tuple[tuple[object, object], ...]] = {
        "choice": ((first, first),),
        "choices": (
            (first, (first,)),
            (f" {first} , {others[0]},{first}" if others else first, (first, *others[:1])),
            ([first, *others[:1]], (first, *others[:1])),
            (np.array([first]), (first,)),
        ),
    }
    taken = own[wanted.kind] if wanted.kind in own else TAKEN[wanted.kind]
    for value, meant in taken:
        found = convert(value, wanted)
        answer = (meant,) if wanted.is_repeated and not wanted.keeps_one else meant
        assert found == answer
        assert type(found) is type(answer)


@pytest.mark.parametrize(
    "verb", [v for v in VERBS if any(e.is_repeated for e in declared(v))], ids=lambda v: v.__name__
)
def test_an_empty_selection_is_an_error_in_every_verb(verb: Callable[..., Any]) -> None:
    for nothing in EMPTY:
        with pytest.raises(OptionError):
            called(verb, symbol=nothing)


def test_symbols_come_from_whatever_holds_them() -> None:
    (wanted,) = (each for each in declared(verbs.update) if each.name == "symbol")
    both = ("AAPL", "MSFT")

    for several in (
        ["AAPL", "MSFT"],
        (each for each in both),
        dict.fromkeys(both),
        np.array(both),
        pd.Series(both, dtype="category"),
        pd.Index(both),
        ["AAPL", "MSFT", "AAPL"],
    ):
        assert convert(several, wanted) == both
    assert convert(np.str_("AAPL"), wanted) == ("AAPL",)


@pytest.mark.parametrize(
    ("verb", "arguments", "says"),
    [
        (verbs.load, {"frequncy": "daily"}, "did you mean 'frequency'?"),
        (verbs.update, {"lookback": 3}, "did you mean 'lookback_days'?"),
        (verbs.gaps, {"Unfill": True}, "did you mean 'unfill'?"),
        (verbs.bars, {"symbl": "AAPL"}, "did you mean 'symbol'?"),
        (verbs.load, {"symbol": "A", "frequency": "DAILY"}, "did you mean 'daily'?"),
        (verbs.load, {"symbol": "A", "asset_class": "ETF"}, "did you mean 'etfs'?"),
        (shows.panel, {"part": "Gaps"}, "did you mean 'gaps'?"),
    ],
)
def test_a_misspelt_keyword_or_value_is_answered_with_the_nearest(
    verb: Callable[..., Any], arguments: dict[str, object], says: str
) -> None:
    with pytest.raises(OptionError) as caught:
        called(verb, **arguments)

    assert caught.value.hint == says


def test_symbols_one_after_the_other_are_answered_with_a_list() -> None:
    with pytest.raises(OptionError, match="'MSFT'") as caught:
        verbs.update(object(), "AAPL", "MSFT")  # type: ignore[arg-type, call-arg]  # on purpose

    assert '["AAPL", "MSFT"]' in caught.value.hint


def test_the_alias_for_minutes_works_in_python_too() -> None:
    (wanted,) = (each for each in declared(verbs.load) if each.name == "frequency")

    assert convert("minute", wanted) == "1m"


@pytest.mark.parametrize("line", ["update --", "gaps --unfill --", "remove --yes --"])
def test_a_command_line_with_an_empty_list_is_an_error(line: str) -> None:
    with pytest.raises(OptionError, match="no symbol follows"):
        parse(line.split())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ML4T_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ML4T_DATA_PROVIDER", "sample")
    monkeypatch.setenv("ML4T_DATA_AS_OF", "2005-02-25")
    return tmp_path


def test_python_takes_text_for_a_path_numpy_for_a_date_and_text_for_a_number(home: Path) -> None:
    ml4t_nb.load("AAPL", start=np.datetime64("2005-01-03"), home="store")
    ml4t_nb.export("AAPL", out="a.csv", home="store")
    ml4t_nb.plot("AAPL", out="a.html", home="store")
    ml4t_nb.update(["AAPL"], workers="2", home="store")  # type: ignore[arg-type]  # text

    # The exchange was closed on Martin Luther King day and on Presidents' day.
    assert len((home / "a.csv").read_text().splitlines()) == 1 + 38
    assert (home / "a.html").is_file()
    frame = ml4t_nb.bars("AAPL", start=np.datetime64("2005-02-24"), home="store")
    assert [f"{stamp:%Y-%m-%d}" for stamp in frame.index] == ["2005-02-24", "2005-02-25"]


def test_settings_take_text_as_the_environment_does() -> None:
    settings = Settings(home="store", as_of="2024-01-31", lock_timeout="5")  # type: ignore[arg-type]

    assert settings.home == Path("store").absolute()
    assert (settings.as_of, settings.lock_timeout) == (date(2024, 1, 31), 5.0)
