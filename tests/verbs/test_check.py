"""What was read before against the store of today: by the file that says what it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.check_reports import CheckReport, ReadCheck
from ml4t_nb.cli import main
from ml4t_nb.errors import OptionError
from ml4t_nb.model import DatasetId
from ml4t_nb.render.check_blocks import difference_words
from ml4t_nb.render.text import report_text
from tests.verbs.own_files import OwnFiles
from tests.verbs.two_names import two_names


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AAPL before its split, and IBM."""
    home = tmp_path / "home"
    monkeypatch.setenv("ML4T_DATA_HOME", f"{home}")
    monkeypatch.chdir(tmp_path)
    ml4t_nb.load(["AAPL", "IBM"], provider="sample", start="2004-12-01", as_of="2005-02-25")
    return home


def cited(symbol: str | list[str] = "AAPL", **options: Any) -> Path:  # noqa: ANN401  # of bars
    """A file that cites these bars."""
    path = Path("cited.json")
    path.write_text(ml4t_nb.cite(ml4t_nb.bars(symbol, **options)).to_json(), encoding="utf-8")
    return path


def checked(path: Path, **options: Any) -> ReadCheck:  # noqa: ANN401  # of check
    (found,) = ml4t_nb.check(path, **options).checks
    return found


def line(report: CheckReport) -> str:
    return report_text(report).splitlines()[0]


def test_bars_that_are_all_there_are_as_read() -> None:
    path = cited(["AAPL", "IBM"])

    assert line(ml4t_nb.check(path)) == "✅ 2 datasets are as read: AAPL, IBM"
    # A run that finds nothing makes a version of its own, of the same files.
    ml4t_nb.update("IBM", as_of="2005-02-26")
    assert line(ml4t_nb.check(path)) == "✅ 2 datasets are as read: AAPL, IBM"


def test_bars_in_other_files_are_as_read() -> None:
    path = cited(["AAPL", "IBM"], adjust="all")
    ml4t_nb.recompress("AAPL", compression="zstd", as_of="2005-02-25")
    ml4t_nb.rechunk("IBM", chunk="monthly", as_of="2005-02-25")

    found = ml4t_nb.check(path).checks

    assert [(each.state, each.newest) for each in found] == [("same", 2), ("same", 2)]
    assert all(each.newest_checksum != each.checksum for each in found)


def test_a_split_is_said_by_its_factor_with_the_call_that_gives_the_bars_of_then() -> None:
    then = ml4t_nb.bars("AAPL", adjust="all")
    path = cited(["AAPL", "IBM"], adjust="all")
    ml4t_nb.update("AAPL", as_of="2005-03-10")

    report = ml4t_nb.check(path)

    assert line(report) == (
        "⚠️ 1 of 2 datasets moved: AAPL restated 2:1, 9 bars added; "
        'as then: bars("AAPL", adjust="all", version=1)'
    )
    aapl, ibm = report.checks
    assert (aapl.state, aapl.restated, aapl.revised, aapl.added) == ("changed", 2.0, 60, 9)
    assert (aapl.version, aapl.newest, aapl.readable) == (1, 2, 1)
    assert ibm.state == "same"
    assert ml4t_nb.bars("AAPL", adjust="all", version=1).equals(then)


def test_later_bars_do_not_move_what_was_read_up_to_a_date() -> None:
    whole, part = cited("IBM").read_text(), cited("IBM", end="2005-01-31").read_text()
    Path("cited.json").write_text(f"{whole}\n{part}\n")
    ml4t_nb.update("IBM", as_of="2005-03-10")

    report = ml4t_nb.check("cited.json")

    assert [(each.state, each.added) for each in report.checks] == [("added", 9), ("same", 0)]
    assert line(report).startswith("⚠️ 1 dataset moved: IBM 9 bars added; as then: ")


def test_it_is_the_bars_as_they_were_shown_that_count() -> None:
    """Prices as traded are not divided by a split; weeks are made of the days of their own."""
    ways: dict[str, dict[str, Any]] = {
        "raw": {"adjust": "raw", "end": "2005-02-25"},
        "splits": {"end": "2005-02-25"},
        "weekly": {"frequency": "weekly", "end": "2005-02-18"},
        "after": {"start": "2005-02-28"},
    }
    files = {f"{name} before": cited(**options).read_text() for name, options in ways.items()}
    ml4t_nb.update("AAPL", as_of="2005-02-28")
    files |= {name: cited(**options).read_text() for name, options in ways.items()}
    ml4t_nb.update("AAPL", as_of="2005-03-10")

    found = {}
    for name, text in files.items():
        Path("one.json").write_text(text)
        check = checked(Path("one.json"))
        found[name] = check.state, check.restated

    assert found == {
        "raw": ("same", None),
        "splits": ("same", None),
        "weekly": ("same", None),
        "after": ("added", None),
        "raw before": ("same", None),
        "splits before": ("changed", 2.0),
        "weekly before": ("changed", 2.0),
        "after before": ("added", None),
    }


def test_a_corrected_bar_is_counted_with_its_share(tmp_path: Path) -> None:
    own = OwnFiles(tmp_path / "own")
    own.write(until="2004-06-30")
    own.load("2004-06-30")
    home = own.ws.settings.home
    path = cited("ACME", home=home)

    def corrected(table: Any) -> Any:  # noqa: ANN401  # pandas' stubs take no dates as words
        table.loc["2004-06-21", ["high", "close"]] *= [1.1, 1.05]
        return table

    own.write(corrected, until="2004-06-30")
    own.update("2004-06-30")

    check = checked(path, home=home)

    assert (check.state, check.revised, check.restated) == ("changed", 1, None)
    assert check.share == pytest.approx(0.1)
    assert "1 bar revised, prices by up to 10.00%" in report_text(ml4t_nb.check(path, home=home))


def test_a_number_that_began_again_is_never_taken_for_what_was_read(home: Path) -> None:
    path = cited()
    for folder in home.glob("*/equities/daily/AAPL"):
        shutil.rmtree(folder)
    ml4t_nb.load("AAPL", provider="sample", start="2004-12-01", as_of="2005-02-24")

    check = checked(path)

    assert (check.version, check.newest, check.state) == (1, 1, "lost")
    assert check.readable is None
    assert "version 1 of equities/daily/AAPL is not the one that was read" in check.reason
    assert line(ml4t_nb.check(path)).startswith("❌ 1 dataset moved: AAPL is not as read, and")


def test_a_version_that_was_dropped_is_lost_unless_another_has_its_files(home: Path) -> None:
    (home / "ml4t.toml").write_text('[retention]\nkeep = "last 2"\n', encoding="utf-8")
    path = cited(["AAPL", "IBM"])
    for day in ("2005-02-26", "2005-02-27"):  # nothing new: other versions of the same files
        ml4t_nb.update("IBM", as_of=day)
    for day in ("2005-03-08", "2005-03-09"):
        ml4t_nb.update("AAPL", as_of=day)
    ml4t_nb.update(as_of="2005-03-10")  # of all datasets: it sweeps

    aapl, ibm = ml4t_nb.check(path).checks

    assert (aapl.state, aapl.readable) == ("lost", None)
    assert "version 1 of equities/daily/AAPL is not kept any more" in aapl.reason
    assert (ibm.state, ibm.version, ibm.readable, ibm.added) == ("added", 1, 3, 9)
    assert len(ml4t_nb.bars("IBM", version=3)) == 60


def test_what_was_removed_is_said_with_how_to_read_it() -> None:
    path = cited()
    ml4t_nb.remove("AAPL", yes=True)

    check = checked(path)

    assert (check.state, check.removed, check.newest, check.readable) == ("removed", 60, None, 1)
    assert len(ml4t_nb.bars("AAPL", version=1)) == 60
    ml4t_nb.remove("AAPL", forget=True, yes=True)
    assert checked(path).state == "lost"


def test_a_share_that_was_renamed_is_compared_under_its_new_name(tmp_path: Path) -> None:
    ws = two_names(tmp_path / "names")  # FB until 2022-03-31 and META from 2022-03-25 on
    home = ws.settings.home
    part, whole = cited("FB", end="2022-03-21", home=home).read_text(), cited("FB", home=home)
    whole.write_text(f"{part}\n{whole.read_text()}")
    verbs.rename(ws, ("FB", "META"), as_of="2022-04-18")

    first, second = ml4t_nb.check(whole, home=home).checks

    assert (first.state, first.now_named) == ("same", "META")
    assert (second.state, second.now_named, second.readable) == ("added", "META", 1)
    report = ml4t_nb.check(whole, home=home)
    assert "FB, which is META now, 10 bars added" in line(report)
    verbs.remove(ws, "META", yes=True)
    assert {each.state for each in ml4t_nb.check(whole, home=home).checks} == {"removed"}


def test_damaged_files_are_never_as_read(home: Path) -> None:
    path = cited()
    (chunk,) = home.glob("data/equities/daily/AAPL/2004*.parquet")
    whole = chunk.read_bytes()
    chunk.write_bytes(whole[:-40] + bytes(40))

    check = checked(path)
    assert check.state == "damaged"
    assert "is damaged: its checksum does not match" in check.reason
    assert main(["check", "cited.json"]) == 1

    chunk.write_bytes(whole)
    assert checked(path).state == "same"
    ml4t_nb.update("AAPL", as_of="2005-03-10")
    assert checked(path).state == "changed"
    for kept in home.glob("versions/equities/daily/AAPL/*.parquet"):
        kept.write_bytes(kept.read_bytes()[:-40] + bytes(40))
    assert checked(path).state == "lost"
    for kept in home.glob("versions/equities/daily/AAPL/*.parquet"):
        kept.unlink()
    for old in home.glob("trash/equities/daily/AAPL/*"):
        old.unlink()
    assert checked(path).state == "lost"
    assert main(["check", "cited.json"]) == 3


def test_a_store_that_is_not_there_is_an_error_and_no_change(tmp_path: Path) -> None:
    path = cited()
    with pytest.raises(FileNotFoundError, match="there is no store at"):
        ml4t_nb.check(path, home=tmp_path / "elsewhere")


def test_the_exit_code_says_whether_anything_moved(capsys: pytest.CaptureFixture[str]) -> None:
    cited(["AAPL", "IBM"])
    assert main(["check", "cited.json", "-q"]) == 0
    assert capsys.readouterr().out == ""

    ml4t_nb.update("IBM", as_of="2005-03-10")
    assert main(["check", "cited.json", "-q"]) == 3
    assert capsys.readouterr() == ("", "ml4t-data: equities/daily/IBM: 9 bars added\n")
    assert main(["check", "cited.json", "-q", "--allow-added"]) == 0

    ml4t_nb.update("AAPL", as_of="2005-03-10")
    assert main(["check", "cited.json", "--allow-added"]) == 3
    capsys.readouterr()
    assert main(["check", "cited.json", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert (document["verb"], document["moved"]) == ("check", 2)
    assert [each["state"] for each in document["checks"]] == ["changed", "added"]
    assert document["checks"][0]["restated"] == 2.0


@pytest.mark.parametrize("form", ["one", "list", "lines", "record"])
def test_citations_are_read_in_each_form_that_they_are_written_in(form: str) -> None:
    each = [json.loads(cited(name).read_text()) for name in ("AAPL", "IBM")]
    text = {
        "one": json.dumps({**each[0], "figure": "3b"}),
        "list": json.dumps(each, indent=2),
        "lines": "\n".join(map(json.dumps, each)) + "\n\n",
        "record": json.dumps({"form": "ml4t_nb reads 1", "reads": each}),
    }[form]
    Path("paper.json").write_text(text)

    found = ml4t_nb.check("paper.json").checks

    assert [one.dataset.symbol for one in found] == ["AAPL", "IBM"][: 1 if form == "one" else 2]
    assert {one.state for one in found} == {"same"}


def without(name: str) -> str:
    facts = json.loads(cited().read_text())
    del facts[name]
    return json.dumps(facts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"versions": [1, 2]}, "one version and one checksum of each dataset"),
        ({"versions": ["1"]}, "are not numbers"),
        ({"versions": [True]}, "are not numbers"),
        ({"versions": 1}, "its versions are not a list"),
        ({"datasets": ["AAPL"]}, "'AAPL' is not a dataset, such as equities/daily/AAPL"),
        ({"datasets": ["shares/daily/AAPL"]}, "is not a dataset"),
        ({"datasets": ["equities/daily/"]}, "is not a dataset"),
        ({"datasets": [None]}, "None is not a dataset"),
        ({"checksums": [None]}, "checksum None is not a string"),
        ({"adjust": "none"}, "adjust 'none'"),
        ({"filled": 1}, "filled 1"),
        ({"frequency": "dayly"}, "unknown frequency 'dayly'"),
        ({"start": "soon"}, "soon"),
        ({"as_of": "soon"}, "soon"),
        ({"as_of": 5}, "as_of 5 is not a string"),
    ],
)
def test_a_citation_that_is_none_is_one_sentence(change: dict[str, object], message: str) -> None:
    path = cited()
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    with pytest.raises(OptionError, match=r"cited\.json does not say what was read") as error:
        ml4t_nb.check(path)
    assert message in error.value.message


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", "5", '"AAPL"', "[1]", "{", "[" * 100_000, "\x00", "no JSON\n",
        '{"form": "ml4t_nb reads 0", "reads": []}', '{"form": "ml4t_nb reads 1"}',
        '{"form": "ml4t_nb reads 1", "reads": []}',
    ],
)  # fmt: skip
def test_a_file_of_anything_else_is_one_sentence(text: str) -> None:
    Path("other.json").write_text(text)

    with pytest.raises(OptionError, match=r"other\.json does not say what was read"):
        ml4t_nb.check("other.json")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("check", "check needs a file"),
        ("check none.json", "nothing is recorded in none.json"),
        ("check none.ipynb", "nothing is recorded in none.ml4t.json"),
        ("check folder.json", "folder.json cannot be read"),
        ("check latin.json", "latin.json cannot be read"),
        ("check new.json --record", "only what the cells of a notebook read can be recorded"),
        ("check a.json b.json", "check takes no symbol, but got 'b.json'"),
    ],
)
def test_without_a_file_or_with_none_there_the_next_step_is_said(
    tmp_path: Path, words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "latin.json").write_bytes(b"\xe9")

    assert main(words.split()) == 2

    out, error = capsys.readouterr()
    assert out == ""
    assert said in error
    assert not (tmp_path / "new.json").exists()


def test_a_citation_names_a_store_of_its_own_and_home_names_another(
    tmp_path: Path, home: Path
) -> None:
    other = tmp_path / "other"
    ml4t_nb.load("MSFT", provider="sample", start="2005-01-03", as_of="2005-02-25", home=other)
    path = cited("MSFT", home=other)
    assert checked(path).state == "lost"
    assert checked(path, home=other).state == "same"
    path.write_text(json.dumps({**json.loads(path.read_text()), "home": f"{other}"}))
    assert checked(path).state == "same"
    assert checked(path, home=home).state == "lost"


@pytest.mark.parametrize("is_cited", [True, False])
def test_the_call_that_gives_the_bars_of_then_names_the_store_that_has_them(
    tmp_path: Path, *, is_cited: bool
) -> None:
    other = tmp_path / "other's"  # which has another version 1 of AAPL
    ml4t_nb.load("AAPL", provider="sample", start="2005-01-03", as_of="2005-02-25", home=other)
    then = ml4t_nb.bars("AAPL", home=other)
    path, named = cited(home=other), None if is_cited else other
    if is_cited:
        path.write_text(json.dumps({**json.loads(path.read_text()), "home": f"{other}"}))
    ml4t_nb.update("AAPL", as_of="2005-03-10", home=other)

    told = line(ml4t_nb.check(path, home=named))

    call = told.partition("as then: ")[2]
    assert call == f'bars("AAPL", version=1, home="{other}")'
    assert eval(call, {"bars": ml4t_nb.bars}).equals(then)  # noqa: S307  # as a reader pastes it


def test_one_symbol_of_two_stores_is_two_datasets(tmp_path: Path) -> None:
    other = tmp_path / "other"
    ml4t_nb.load("AAPL", provider="sample", start="2005-01-03", as_of="2005-02-25", home=other)
    own = cited().read_text()
    path = cited(home=other)
    there = json.dumps({**json.loads(path.read_text()), "home": f"{other}"})
    path.write_text(f"{own}\n{there}")
    assert line(ml4t_nb.check(path)) == "✅ 2 datasets are as read: AAPL, AAPL"

    ml4t_nb.update("AAPL", as_of="2005-03-10", home=other)

    assert line(ml4t_nb.check(path)).startswith(
        "⚠️ 1 of 2 datasets moved: AAPL restated 2:1, 9 bars added; as then: "
    )


def test_bars_on_a_disk_that_is_missing_have_not_moved_for_all_that_is_known(
    tmp_path: Path,
) -> None:
    ml4t_nb.archive("IBM", before="2005-01-01", to=tmp_path / "disk")
    path = cited("IBM", end="2005-02-25")
    ml4t_nb.update("IBM", as_of="2005-03-10")
    (tmp_path / "disk").rename(tmp_path / "gone")

    check = checked(path)

    assert check.state == "damaged"
    assert check.reason.startswith(f"the folder {tmp_path}/disk of the archive is missing")
    assert main(["check", "cited.json"]) == 1


@pytest.mark.parametrize(
    ("share", "restated", "said"),
    [
        (0.0123, None, "2 bars revised, prices by up to 1.23%"),
        (0.00002, None, "2 bars revised, prices by up to 0.002%"),
        (0.00002, 2.0, "restated 2:1, others by up to 0.002%"),
        (1e-12, None, "2 bars revised, prices by their last digits"),
        (0.0, None, "2 bars revised, no price changed"),
    ],
)
def test_how_much_prices_have_moved_is_a_percentage_however_small(
    share: float, restated: float | None, said: str
) -> None:
    aapl = DatasetId("equities", "daily", "AAPL")
    check = ReadCheck(
        aapl, "daily", "splits", True, "", "", 1, "", "changed",
        revised=2, share=share, restated=restated,
    )  # fmt: skip
    assert difference_words(check) == said
