"""A cell's line into words, variables put in."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.commands.magic_line import joined, split
from ml4t_nb.errors import OptionError

NAMES = {
    "one": "AAPL",
    "two": ["AAPL", "MSFT"],
    "frame": pd.DataFrame({"symbol": ["IBM", "FB"]}),
    "array": np.array(["U", "V"]),
    "day": date(2024, 1, 31),
    "midnight": datetime(2024, 1, 31),  # noqa: DTZ001  # as a notebook has it
    "instant": datetime(2024, 1, 31, 21, 30, tzinfo=UTC),
    "stamp": pd.Timestamp("2024-01-31"),
    "number": np.float64(0.1),
    "book": {"tech": ["AAPL"], 3: "IBM"},
    "run": SimpleNamespace(symbols=["X", "Y"]),
    "empty": [],
    "nothing": None,
    "hole": float("nan"),
    "holes": pd.Series(["A", None]),
    "nested": [["A"]],
    "raw": b"AB",
    "changing": bytearray(b"AB"),
    "single": np.array("AAPL"),
}


def refused(line: str) -> OptionError:
    with pytest.raises(OptionError) as caught:
        split(line, NAMES)
    return caught.value


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("update AAPL  MSFT", ("update", "AAPL", "MSFT")),
        ("", ()),
        ("   ", ()),
        ("# all of it", ()),
        ("update AAPL # the rest", ("update", "AAPL")),
        ("update BRK#B", ("update", "BRK#B")),
        (r"list --home C:\Users\me", ("list", "--home", r"C:\Users\me")),
        (r'list --home "C:\my data\new"', ("list", "--home", r"C:\my data\new")),
        (r"list --home \\server\share", ("list", "--home", r"\\server\share")),
        ("a 'b c' \"d e\"", ("a", "b c", "d e")),
        ("a'b'c", ("abc",)),
        ("update ''", ("update", "")),
        ("it''s", ("its",)),
        ('"it\'s"', ("it's",)),
        ("^GSPC EURUSD=X <b>x BTC-USD", ("^GSPC", "EURUSD=X", "<b>x", "BTC-USD")),
        ("cost $", ("cost", "$")),
        ("BAC$$L {{x}}", ("BAC$L", "{x}")),
    ],
)
def test_a_line_is_cut_at_blanks(line: str, words: tuple[str, ...]) -> None:
    assert split(line, NAMES) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("$one", ("AAPL",)),
        ("{one}", ("AAPL",)),
        ("{ one }", ("AAPL",)),
        ("{two}", ("AAPL", "MSFT")),
        ("$two -l 3", ("AAPL", "MSFT", "-l", "3")),
        ('"{two}"', ("AAPL", "MSFT")),
        ("'{two}'", ("{two}",)),
        ("{two[-1]}", ("MSFT",)),
        ("{two[:1]}", ("AAPL",)),
        ("{frame.symbol}", ("IBM", "FB")),
        ("{frame['symbol']}", ("IBM", "FB")),
        ('{frame["symbol"][0]}', ("IBM",)),
        ("{array}", ("U", "V")),
        ("{book['tech']} {book[3]}", ("AAPL", "IBM")),
        ("{run.symbols}", ("X", "Y")),
        ("--start {day}", ("--start", "2024-01-31")),
        ("--start={day}", ("--start=2024-01-31",)),
        ("$midnight $stamp", ("2024-01-31", "2024-01-31")),
        ("{instant}", ("2024-01-31T21:30:00+00:00",)),
        ("{number}", ("0.1",)),
        ("{one}-USD", ("AAPL-USD",)),
        ("out/$one.csv", ("out/AAPL.csv",)),
        ('"my {one} file.csv"', ("my AAPL file.csv",)),
    ],
)
def test_a_variable_is_put_in(line: str, words: tuple[str, ...]) -> None:
    assert split(line, NAMES) == words


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("{tow}", "unknown variable 'tow'", "did you mean 'two'?"),
        ("$undefined_name", "unknown variable 'undefined_name'", "$$"),
        ("{empty}", "empty holds no values", "leave it out"),
        ("{nothing}", "nothing holds None", "missing"),
        ("{hole}", "hole holds nan", "missing"),
        ("{holes}", "holes holds", "missing"),
        ("{nested}", "nested holds lists", ""),
        ("{raw}", "raw holds bytes", ""),
        ("{changing}", "changing holds bytearrays", ""),
        ("{two.upper()}", "{two.upper()} is not a name", "name"),
        ("{1 + 1}", "{1 + 1} is not a name", "name"),
        ("{}", "{} is not a name", "name"),
        ("{two[9]}", "{two[9]} has no value", ""),
        ("{one.nope}", "{one.nope} has no value", ""),
        ("x{two}", "several values cannot be part of one word", "spaces"),
        ("{two}x", "several values cannot be part of one word", "spaces"),
        ("$two[0]", "several values cannot be part of one word", "spaces"),
        ("a 'b", "' is not closed", ""),
        ("{one", "{ is not closed", ""),
        ("one}", "} is not closed", ""),
    ],
)
def test_what_cannot_be_put_in_is_an_error_with_a_hint(line: str, message: str, hint: str) -> None:
    error = refused(line)

    assert error.message.startswith(message)
    assert hint in error.hint


def test_an_empty_list_never_becomes_an_update_of_everything() -> None:
    with pytest.raises(OptionError):
        split("update {empty}", NAMES)


@given(st.lists(st.text(st.characters(exclude_characters="'"), max_size=6), max_size=5))
def test_words_in_single_quotes_come_back_as_they_are(words: list[str]) -> None:
    assert split(" ".join(f"'{word}'" for word in words), {}) == tuple(words)


@given(st.text(max_size=20))
def test_any_line_is_words_or_our_error(line: str) -> None:
    try:
        assert all(isinstance(word, str) for word in split(line, NAMES))
    except OptionError as error:
        assert error.message  # noqa: PT017  # either is right


@given(st.lists(st.text(), min_size=1))
def test_joined_words_are_split_into_the_same_words(words: list[str]) -> None:
    assert split(joined(words), {}) == tuple(words)


def test_a_joined_line_quotes_no_more_than_it_must() -> None:
    words = ("%ml4t", "gaps", "^GSPC", "--close", "it's {x}", "C:\\data")

    assert joined(words) == """%ml4t gaps ^GSPC --close 'it'"'"'s {x}' C:\\data"""
