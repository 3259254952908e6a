"""What IPython offers at the cursor of a magic."""

from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from ml4t_nb.commands import magic_line as lines

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
    ("text", "expected"),
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
        ("%ml4t health --fail-on sta", ["%ml4t health --fail-on stale"]),
        ("%ml4t health --fail-on stale,s", ["%ml4t health --fail-on stale,suspect"]),
        ("%ml4t health --fail-on=error,su", ["%ml4t health --fail-on=error,suspect"]),
        ("%ml4t load X -f min", ["%ml4t load X -f minute"]),
        ("%ml4t load X -p sam", ["%ml4t load X -p sample"]),
        ("%ml4t compare AAPL --with sam", ["%ml4t compare AAPL --with sample"]),
        ("%ml4t compare AAPL --with=ya", ["%ml4t compare AAPL --with=yahoo"]),
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
def test_a_word_is_completed(offered: InteractiveShell, text: str, expected: list[str]) -> None:
    assert completed(offered, text) == expected


def test_a_value_follows_its_option(offered: InteractiveShell) -> None:
    assert completed(offered, "%ml4t load X -a ") == [
        f"%ml4t load X -a {each}" for each in ("equities", "etfs", "indices", "crypto", "fx")
    ]


def test_what_is_offered_is_described_beside_it(offered: InteractiveShell) -> None:
    def beside(text: str) -> dict[str, str | None]:
        with provisionalcompleter():
            found = list(offered.Completer.completions(text, len(text)))
        return {each.text: each.type for each in found}

    assert beside("%ml4t upd") == {
        "update": "fetch what is new, check the overlap, and close the gaps"
    }
    assert beside("%ml4t update AAP") == {"AAPL": "symbol"}
    assert beside("%ml4t update --work") == {
        "--workers": "Datasets that are worked on at the same time"
    }
    assert beside("%ml4t load X -f week") == {"weekly": "frequency"}


def test_universes_are_those_of_the_file_that_sync_would_use(
    offered: InteractiveShell, home: Path
) -> None:
    one = '[[universe]]\nname = "core"\nsymbols = ["AAPL"]\n'
    (home / "ml4t.toml").write_text(one + one.replace("core", "coins"))

    assert completed(offered, "%ml4t sync co") == ["%ml4t sync core", "%ml4t sync coins"]
    assert completed(offered, "%ml4t sync coins cor") == ["%ml4t sync coins core"]
    Path("ml4t.toml").write_text(one.replace("core", "here"))
    assert completed(offered, "%ml4t sync --universe=") == ["%ml4t sync --universe=here"]
    with provisionalcompleter():
        (found,) = offered.Completer.completions("%ml4t sync h", 12)
    assert (found.text, found.type) == ("here", "universe")
    Path("ml4t.toml").write_text("[[universe")
    assert "%ml4t sync here" not in completed(offered, "%ml4t sync h")


def test_dates_are_those_of_the_symbols_on_the_line_and_of_today(
    offered: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ML4T_DATA_AS_OF", "2024-02-05")

    assert completed(offered, "%ml4t gaps AAPL --start ") == [
        f"%ml4t gaps AAPL --start {day}" for day in ("2024-01-02", "2024-01-31", "2024-02-05")
    ]
    assert completed(offered, "%ml4t gaps --end=2024-02") == ["%ml4t gaps --end=2024-02-05"]


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


def test_a_setting_that_is_invalid_spoils_no_key_press(
    offered: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ML4T_DATA_LOCK_TIMEOUT", "soon")

    assert completed(offered, "%ml4t upd") == ["%ml4t update"]
    assert completed(offered, "%ml4t update --fill-m") == ["%ml4t update --fill-method"]


def test_nothing_is_offered_after_unloading(offered: InteractiveShell) -> None:
    offered.run_line_magic("unload_ext", "ml4t_nb")

    assert completed(offered, "%ml4t upd") == []


ODD = ("S&P 500", "#1", "O'N", "$X")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("%ml4t list S", "%ml4t list 'S&P 500'"),
        ('%ml4t list "S&P 5', '%ml4t list "S&P 500"'),
        ("%ml4t list 'S&P", "%ml4t list 'S&P 500'"),
        ("%ml4t list #", "%ml4t list '#1'"),
        ("%ml4t list O", "%ml4t list 'O'\"'\"'N'"),
        ('%ml4t list "$', '%ml4t list "$$X"'),
        ("%ml4t list '$", "%ml4t list '$X'"),
        ("%ml4t export AAPL --out sub", "%ml4t export AAPL --out 'sub dir/'"),
        ("%ml4t export AAPL --out 'sub dir/", "%ml4t export AAPL --out 'sub dir/a b.csv'"),
        ("%ml4t export AAPL --out=sub", "%ml4t export AAPL '--out=sub dir/'"),
        ("%ml4t load X --calendar XLO", "%ml4t load X --calendar XLON"),
        ("%ml4t load X --calendar 24/7", "%ml4t load X --calendar 24/7"),
    ],
)
def test_a_completed_word_comes_back_as_the_same_word(
    notebook: InteractiveShell, text: str, line: str
) -> None:
    words = " ".join(lines.quoted(each) for each in ODD)
    load = f"load {words} -p synthetic -a equities --start 2024-01-02 --as-of 2024-01-31"
    notebook.run_line_magic("ml4t", load)
    Path("sub dir").mkdir()
    Path("sub dir", "a b.csv").touch()

    assert completed(notebook, text)[:1] == [line]


def test_every_symbol_completed_is_split_into_itself() -> None:
    for symbol in (*ODD, *SYMBOLS, 'a"b', "{x}", "it's $5"):
        assert lines.split(lines.quoted(symbol), {}) == (symbol,)


def test_a_line_that_ends_in_a_backslash_goes_on(notebook: InteractiveShell) -> None:
    notebook.run_cell_magic(  # type: ignore[no-untyped-call]  # IPython's
        "ml4t",
        "--as-of 2024-01-31",
        "load AAA \\\n  -p synthetic \\\n  --start 2024-01-02\n# not \\\nlist AAA",
    )

    report = notebook.run_line_magic("ml4t", "list")
    assert [(each.dataset.symbol, each.first.date().isoformat()) for each in report.datasets] == [
        ("AAA", "2024-01-02")
    ]


def test_a_folder_of_files_is_completed_as_a_folder_is(
    offered: InteractiveShell, tmp_path: Path
) -> None:
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor.csv").touch()

    found = completed(offered, f"%ml4t compare AAPL --with files:{tmp_path}/ven")

    assert found == [f"%ml4t compare AAPL --with files:{tmp_path}/vendor/"]
