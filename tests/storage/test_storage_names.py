import tempfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml4t_nb.errors import OptionError
from ml4t_nb.model import DatasetId
from ml4t_nb.storage.names import folder_name, place_of, symbol_of
from ml4t_nb.storage.store import Store
from tests.storage.builders import commit, daily

SYMBOLS = st.text(
    st.one_of(
        st.sampled_from("aAbBzZ09./\\-_%()=^<>: *?é"),
        st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
    ),
    min_size=1,
    max_size=15,
).filter(lambda symbol: symbol not in (".", ".."))


@pytest.mark.parametrize(
    ("symbol", "folder"),
    [
        ("AAPL", "AAPL"),
        ("BRK/B", "BRK%2FB"),
        ("BRK.B", "BRK.B"),
        ("BTC-USD", "BTC-USD"),
        ("^GSPC", "%5EGSPC"),
        ("EURUSD=X", "EURUSD%3DX"),
        ("btc-usd", "(btc-usd)"),
        ("Brk", "B(rk)"),
        ("<b>x", "%3C(b)%3E(x)"),
        ("../x", "%2E.%2F(x)"),
        ("CON", "%43ON"),
        ("NUL.L", "%4EUL.L"),
        ("COM1", "%43OM1"),
        ("CONE", "CONE"),
        ("A.", "A%2E"),
        ("A ", "A%20"),
        (".A", "%2EA"),
        ("_A", "%5FA"),
        ("-A", "%2DA"),
        ("50%", "50%25"),
        ("(a)", "%28(a)%29"),
        ("é", "%C3%A9"),
        ("005930.KS", "005930.KS"),
    ],
)
def test_a_symbol_is_found_under_a_readable_folder(symbol: str, folder: str) -> None:
    assert folder_name(symbol) == folder
    assert symbol_of(folder) == symbol


@pytest.mark.parametrize("symbol", ["", ".", "..", "A\nB", "A\x00", "\x7f", "A\u2028", "\ud800"])
def test_a_symbol_that_no_folder_can_hold_is_refused(symbol: str) -> None:
    with pytest.raises(OptionError):
        folder_name(symbol)


def test_an_over_long_symbol_is_refused() -> None:
    assert len(folder_name("A" * 200)) == 200
    with pytest.raises(OptionError, match="too long"):
        folder_name("A" * 201)


@pytest.mark.parametrize(
    "name", ["aapl", "A(B)", "%41", "A%2f", "A.", "%FF", "()", "(a)(b)", "CON", "lost+found", ""]
)
def test_a_folder_that_is_not_a_symbols_is_ignored(name: str) -> None:
    assert symbol_of(name) is None


@given(SYMBOLS)
def test_every_symbol_comes_back_from_its_folder(symbol: str) -> None:
    assert symbol_of(folder_name(symbol)) == symbol


@given(SYMBOLS, SYMBOLS)
def test_two_symbols_never_share_a_folder_where_case_does_not_count(left: str, right: str) -> None:
    if left != right:
        assert folder_name(left).casefold() != folder_name(right).casefold()


@given(SYMBOLS)
def test_a_folder_is_one_legal_name_everywhere(symbol: str) -> None:
    name = folder_name(symbol)

    assert not set(name) & set('/\\:*?"<>|= ')
    assert name.isascii()
    assert name[0] not in "._-"
    assert name[-1] not in ". "


@given(st.text(st.characters(), max_size=60))
def test_any_text_is_refused_or_a_folder_inside_the_store_that_gives_it_back(symbol: str) -> None:
    try:
        place = PurePosixPath(place_of(DatasetId("equities", "daily", symbol)))
    except OptionError:
        return
    assert place.parts == ("equities", "daily", place.name)
    assert len(place.name.encode()) <= 200
    assert symbol_of(place.name) == symbol
    assert Path("/home", place).resolve() == Path("/home", place)


@settings(max_examples=25)
@given(st.lists(SYMBOLS, min_size=1, max_size=4, unique=True))
def test_symbols_of_any_kind_are_stored_inside_and_listed_as_they_were(symbols: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        store = Store(Path(name) / "home")
        for symbol in symbols:
            commit(store, DatasetId("fx", "daily", symbol), daily("2024-01-01", "2024-01-02"))

        assert [each.symbol for each in store.datasets()] == sorted(symbols)
        assert [path.name for path in Path(name).iterdir()] == ["home"]
        held = [path.name for path in (store.home / "data/fx/daily").iterdir()]
        assert sorted(map(folder_name, symbols)) == sorted(held)


@given(st.text(max_size=20))
def test_no_folder_name_makes_the_reader_fail(name: str) -> None:
    symbol = symbol_of(name)

    assert symbol is None or folder_name(symbol) == name


@pytest.mark.parametrize(
    "dataset",
    [
        DatasetId("../../etc", "daily", "AAPL"),  # type: ignore[arg-type]  # a caller's mistake
        DatasetId("equities", "..", "AAPL"),  # type: ignore[arg-type]  # a caller's mistake
    ],
)
def test_a_class_or_frequency_that_does_not_exist_has_no_folder(dataset: DatasetId) -> None:
    with pytest.raises(OptionError):
        place_of(dataset)
