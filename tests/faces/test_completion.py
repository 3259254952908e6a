"""What IPython offers at the cursor of a magic."""

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

SYMBOLS = ("AAPL", "^GSPC", "^GDAXI", "EURUSD=X", "BTC-USD", "BRK/B")


@pytest.fixture
def offered(notebook: InteractiveShell) -> InteractiveShell:
    """A shell whose store holds symbols with signs in them."""
    notebook.run_line_magic(
        "ml4t", f"load {' '.join(SYMBOLS)} -p synthetic --start 2024-01-02 --as-of 2024-01-31"
    )
    return notebook


def completed(shell: InteractiveShell, text: str) -> list[str]:
    """Lines that the completions would make of the last line of ``text``."""
    with provisionalcompleter():
        found = list(shell.Completer.completions(text, len(text)))
    return [(text[: each.start] + each.text).split("\n")[-1] for each in found]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("%ml4t upd", ["%ml4t update"]),
        ("r = %ml4t upd", ["r = %ml4t update"]),
        ("    %ml4t upd", ["    %ml4t update"]),
        ("x = 1\nr = %ml4t upd", ["r = %ml4t update"]),
        ("for s in x:\n    %ml4t upd", ["    %ml4t update"]),
        ("%%ml4t\nlist\nupd", ["update"]),
        ("\n%%ml4t --as-of 2024-01-31\nupd", ["update"]),
        ("%ml4t update --fill-m", ["%ml4t update --fill-method"]),
        ("%ml4t update --fill-method back", ["%ml4t update --fill-method backward"]),
        ("%ml4t update --fill-method=back", ["%ml4t update --fill-method=backward"]),
        ("%ml4t load X -f min", ["%ml4t load X -f minute"]),
        ("%ml4t load X -p sam", ["%ml4t load X -p sample"]),
        ("%ml4t update AA", ["%ml4t update AAPL"]),
        ("%ml4t update -s AA", ["%ml4t update -s AAPL"]),
        ("%ml4t update --symbol=AA", ["%ml4t update --symbol=AAPL"]),
        ("%ml4t update AAPL ^G", ["%ml4t update AAPL ^GDAXI", "%ml4t update AAPL ^GSPC"]),
        ("%ml4t update EURUSD=", ["%ml4t update EURUSD=X"]),
        ("%ml4t update BTC-", ["%ml4t update BTC-USD"]),
        ("%ml4t update BRK/", ["%ml4t update BRK/B"]),
        ("r = %ml4t update EURUSD=", ["r = %ml4t update EURUSD=X"]),
    ],
)
def test_a_word_is_completed(offered: InteractiveShell, text: str, lines: list[str]) -> None:
    assert completed(offered, text) == lines


def test_a_value_follows_its_option(offered: InteractiveShell) -> None:
    assert completed(offered, "%ml4t load X -a ") == [
        f"%ml4t load X -a {each}" for each in ("equities", "etfs", "indices", "crypto", "fx")
    ]


def test_symbols_come_before_options(offered: InteractiveShell) -> None:
    lines = completed(offered, "%ml4t update ")

    assert lines[: len(SYMBOLS)] == [f"%ml4t update {each}" for each in sorted(SYMBOLS)]
    assert "%ml4t update --fill-gaps" in lines


@pytest.mark.parametrize(
    "text", ["update AA", "x == %ml4t upd", "%timeit upd", "%%time\nupd", "# %ml4t upd"]
)
def test_other_lines_are_left_alone(offered: InteractiveShell, text: str) -> None:
    lines = completed(offered, text)

    assert not any(line.endswith(("update", "AAPL")) for line in lines)


def test_names_of_another_store_are_offered_where_it_is_named(
    offered: InteractiveShell, home: object
) -> None:
    assert completed(offered, "%ml4t update --home nowhere AA") == []
    assert completed(offered, f"%ml4t update --home {home} AA") == [
        f"%ml4t update --home {home} AAPL"
    ]


def test_a_setting_that_makes_no_sense_spoils_no_key_press(
    offered: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ML4T_DATA_LOCK_TIMEOUT", "soon")

    assert completed(offered, "%ml4t upd") == ["%ml4t update"]
    assert completed(offered, "%ml4t update --fill-m") == ["%ml4t update --fill-method"]


def test_nothing_is_offered_after_unloading(offered: InteractiveShell) -> None:
    offered.run_line_magic("unload_ext", "ml4t_nb")

    assert completed(offered, "%ml4t upd") == []
