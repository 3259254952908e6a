"""Words into a verb and its arguments, or into an error with a hint."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml4t_nb.commands.declaration import VERBS, options
from ml4t_nb.commands.parser import Help, flags, parse
from ml4t_nb.errors import OptionError
from ml4t_nb.model import Command
from ml4t_nb.notebook.panel_verbs import NOTEBOOK


def arguments(line: str) -> dict[str, object]:
    parsed = parse(shlex.split(line))
    assert isinstance(parsed, Command)
    return dict(parsed.arguments)


def refused(line: str) -> OptionError:
    with pytest.raises(OptionError) as caught:
        parse(shlex.split(line))
    return caught.value


@pytest.mark.parametrize(
    ("line", "verb", "expected"),
    [
        (
            "load --provider yahoo --symbol AAPL --start 2023-01-01 --end 2024-01-01",
            "load",
            {"provider": "yahoo", "symbol": ("AAPL",), "start": "2023-01-01", "end": "2024-01-01"},
        ),
        (
            "load -p yahoo -s AAPL --start 2023-01-01 --end 2024-01-01 -f daily",
            "load",
            {
                "provider": "yahoo",
                "symbol": ("AAPL",),
                "start": "2023-01-01",
                "end": "2024-01-01",
                "frequency": "daily",
            },
        ),
        ("update --symbol AAPL", "update", {"symbol": ("AAPL",)}),
        (
            "update -s AAPL --lookback-days 10 --fill-gaps --show-status",
            "update",
            {"symbol": ("AAPL",), "lookback_days": 10, "fill_gaps": True, "show_status": True},
        ),
        ("update -s AAPL --no-fill-gaps", "update", {"symbol": ("AAPL",), "fill_gaps": False}),
        ("update -s AAPL --provider yahoo", "update", {"symbol": ("AAPL",), "provider": "yahoo"}),
        ("health", "health", {}),
        ("health --verbose", "health", {"verbose": True}),
        ("health --stale-days 3 --verbose", "health", {"stale_days": 3.0, "verbose": True}),
        (
            "load -p yahoo -s BTC-USD --start 2023-01-01 --end 2024-01-01 -a crypto",
            "load",
            {
                "provider": "yahoo",
                "symbol": ("BTC-USD",),
                "start": "2023-01-01",
                "end": "2024-01-01",
                "asset_class": "crypto",
            },
        ),
        (
            "update -s BTC-USD -a crypto --fill-gaps --show-status",
            "update",
            {
                "symbol": ("BTC-USD",),
                "asset_class": "crypto",
                "fill_gaps": True,
                "show_status": True,
            },
        ),
        ("list", "list", {}),
    ],
)
def test_the_documented_command_lines_are_understood(
    line: str, verb: str, expected: dict[str, object]
) -> None:
    assert parse(line.split()) == Command(verb, expected)


@pytest.mark.parametrize(
    ("line", "symbols"),
    [
        ("update AAPL MSFT", ("AAPL", "MSFT")),
        ("update -s AAPL -s MSFT", ("AAPL", "MSFT")),
        ("update -l 3 AAPL", ("AAPL",)),
        ("update AAPL -l 3 MSFT", ("AAPL", "MSFT")),
        ("update AAPL -l 3 MSFT --accept IBM", ("AAPL", "MSFT", "IBM")),
        ("update --accept AAPL --no-fill-gaps MSFT", ("AAPL", "MSFT")),
        ("update AAPL -s MSFT", ("AAPL", "MSFT")),
        ("update -sAAPL", ("AAPL",)),
        ("update --symbol=AAPL", ("AAPL",)),
        ("update ^GSPC EURUSD=X BRK/B '<b>x'", ("^GSPC", "EURUSD=X", "BRK/B", "<b>x")),
        ("update -- -FOO --json", ("-FOO", "--json")),
        ("update --symbol=-FOO", ("-FOO",)),
        ("update ''", ("",)),
        ("update -s ''", ("",)),
        ("update 100% %s", ("100%", "%s")),
        ("update ÄÖ 7203.T", ("ÄÖ", "7203.T")),
    ],
)
def test_symbols_stand_bare_or_after_their_option(line: str, symbols: tuple[str, ...]) -> None:
    assert arguments(line)["symbol"] == symbols


def test_only_what_was_given_is_handed_on() -> None:
    assert arguments("update AAPL") == {"symbol": ("AAPL",)}


def test_minute_means_one_minute() -> None:
    assert arguments("load AAPL -f minute")["frequency"] == "1m"


def test_a_capital_m_is_not_a_minute() -> None:
    assert refused("load AAPL -f 1M").message == "unknown frequency '1M'"


def test_negative_numbers_reach_the_verb_that_refuses_them() -> None:
    assert arguments("update -l -5")["lookback_days"] == -5


def test_a_path_may_begin_at_home() -> None:
    assert arguments("list --home ~/x")["home"] == Path.home() / "x"


def test_options_of_the_front_end_are_not_arguments() -> None:
    assert parse(["list", "--json", "-q"]) == Command("list", {}, json=True, quiet=True)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("updat", "unknown verb 'updat'", "did you mean 'update'?"),
        ("--json update", "the verb must come before", "ml4t-data VERB --json"),
        ("update --lookback 3", "update has no option '--lookback'", "'--lookback-days'"),
        ("update --fil-gaps", "update has no option '--fil-gaps'", "'--fill-gaps'"),
        ("update --zzz", "update has no option '--zzz'", "ml4t-data update --help"),
        ("update -FOO", "update has no option '-FOO'", "ml4t-data update --help"),
        ("update --zzz=3", "update has no option '--zzz'", "ml4t-data update --help"),
        ("load A -a equity", "unknown asset class 'equity'", "did you mean 'equities'?"),
        ("load A -f dayly", "unknown frequency 'dayly'", "did you mean 'daily'?"),
        ("load A -f minut", "unknown frequency 'minut'", "did you mean 'minute'?"),
        ("load A -f dayly -f daily", "unknown frequency 'dayly'", "did you mean 'daily'?"),
        ("update --fill-method forwad", "unknown fill method 'forwad'", "did you mean 'forward'?"),
        ("gaps --refill forwad", "unknown fill method 'forwad'", "did you mean 'forward'?"),
        ("health --fail-on stail", "unknown health state 'stail'", "did you mean 'stale'?"),
        ("health --fail-on error,stail", "unknown health state 'stail'", "did you mean 'stale'?"),
        (
            "health --fail-on stale,",
            "unknown health state ''",
            "choose from error, healthy, incomplete, stale",
        ),
        ("update -l x", "--lookback-days: 'x' is not a whole number", "write it as 5"),
        ("update -l 1.5", "--lookback-days: '1.5' is not a whole number", "write it as 5"),
        ("load A --tolerance nan", "--tolerance: 'nan' is not a number", "write it as 0.5"),
        ("load A --tolerance inf", "--tolerance: 'inf' is not a number", "write it as 0.5"),
        ("update -l", "-l/--lookback-days: expected one argument", "update --help"),
        ("update -s", "-s/--symbol: expected one argument", "update --help"),
        ("list --home ''", "--home: '' is not a valid path", "a path must not be empty"),
        (
            "list --home ~no-such-user/x",
            "--home ~no-such-user/x cannot be expanded",
            "write the full path",
        ),
        ("update --accept=yes", "--accept: ignored explicit argument 'yes'", "update --help"),
    ],
)
def test_a_word_that_is_invalid_is_an_error_with_a_hint(line: str, message: str, hint: str) -> None:
    error = refused(line)

    assert error.message.startswith(message)
    assert hint in error.hint


def test_providers_takes_no_symbol() -> None:
    assert "takes no symbol" in refused("providers AAPL").message


def test_an_option_is_not_abbreviated() -> None:
    assert "--lookback-days" in refused("update --look 3").hint


def test_no_words_are_answered_with_help_that_was_not_asked_for() -> None:
    parsed = parse([])

    assert isinstance(parsed, Help)
    assert not parsed.asked


@pytest.mark.parametrize("verb", VERBS)
def test_help_names_each_option_of_a_verb(verb: str) -> None:
    parsed = parse([verb, "--help"], program=NOTEBOOK)

    assert isinstance(parsed, Help)
    assert parsed.text.startswith(f"usage: %ml4t {verb}")
    assert "--as-of DATE_OR_INSTANT" in parsed.text


def test_help_wins_over_what_else_is_wrong() -> None:
    assert isinstance(parse(["update", "--zzz", "--help"]), Help)


def test_the_version_is_reported() -> None:
    assert parse(["--version"]) == Help("ml4t-data 0.1.0\n")


WORDS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            "-s", "-sA", "--symbol=", "--symbol", "-f", "minute", "1m", "dayly", "--", "-", "---",
            "--start", "2024-01-01", "--end=x", "--json", "--json=1", "-q", "-l", "-l=", "-5",
            "1e9999", "--home", "~", "~nobody/x", "--no-fill-gaps", "--help", "-h", "--version",
            "@file", "%s", "{x}", "$x",
            "\x00", "\ud800", "--as-of", "--close", "--tolerance", "nan",
        ]
    ),
    st.sampled_from(sorted({flag for verb in VERBS for flag in flags(verb)})),
)  # fmt: skip


@settings(max_examples=400)
@given(st.one_of(st.sampled_from(list(VERBS)), WORDS), st.lists(WORDS, max_size=7))
def test_any_words_after_any_verb_are_a_command_or_help_or_our_error_with_a_hint(
    verb: str, words: list[str]
) -> None:
    try:
        parsed = parse([verb, *words])
    except OptionError:
        return
    assert isinstance(parsed, Command | Help)
    if isinstance(parsed, Command):
        assert parsed.verb == verb
        assert parsed.arguments.keys() <= {each.name for each in options(VERBS[verb])}
        symbols = parsed.arguments.get("symbol", ())
        assert all(isinstance(each, str) for each in symbols)


@given(st.lists(st.text(max_size=8), max_size=6))
def test_any_words_are_a_command_or_help_or_our_error(words: list[str]) -> None:
    try:
        parsed = parse(["update", *words])
    except OptionError:
        return
    assert isinstance(parsed, Command | Help)


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5))
def test_words_after_two_dashes_are_symbols_as_they_are(words: list[str]) -> None:
    assert parse(["update", "--", *words]) == Command("update", {"symbol": tuple(words)})
