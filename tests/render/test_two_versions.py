"""The picture of two versions: then and now over one another, and what is said of them."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import Ml4tError, OptionError, VersionNotFound
from ml4t_nb.render.change.change_html import change_html
from ml4t_nb.render.change.run_change import run_change
from ml4t_nb.render.change.wording import change_sentence, detail_words
from ml4t_nb.render.plots.figures import figure_of
from ml4t_nb.render.plots.svg import svg_of
from ml4t_nb.render.text import report_text
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.verbs.own_files import OwnFiles

HALVED = "AAPL split 2:1 on 28 Feb 2005 since version {}: its {} earlier bars were halved"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """AAPL on three evenings, restated by run 3, for its split of 28 February 2005."""
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="sample"))
    verbs.load(ws, "AAPL", start="2004-12-01", as_of="2005-02-24")
    verbs.update(ws, as_of="2005-02-25")
    verbs.update(ws, as_of="2005-03-10")
    return ws


def sentence(ws: Workspace, symbol: str = "AAPL", **more: Any) -> str:  # noqa: ANN401
    return change_sentence(run_change(verbs.plot(ws, symbol, **more)))


def test_both_versions_are_what_was_read_then_and_now(ws: Workspace) -> None:
    what = verbs.plot(ws, "AAPL", diff=1)

    assert what.before is not None
    assert what.versions is not None
    assert (what.versions.then, what.versions.now, what.versions.is_newest) == (1, 3, True)
    assert f"{what.versions.then_at:%Y-%m-%d %H:%M}" == "2005-02-24 21:30"
    then, now = verbs.bars(ws, "AAPL", version=1), verbs.bars(ws, "AAPL")
    pd.testing.assert_frame_equal(what.before, then)
    pd.testing.assert_frame_equal(what.bars, now)


def test_the_split_of_a_restatement_is_named_and_each_bar_is_counted(ws: Workspace) -> None:
    what = verbs.plot(ws, "AAPL", diff=1)
    change = run_change(what)

    assert change_sentence(change) == f"{HALVED.format(1, 59)}, so the history stays one line."
    assert detail_words(change) == (
        "Prices ÷ 2, volume \N{MULTIPLICATION SIGN} 2, from 1 Dec 2004 to 24 Feb 2005. Every bar "
        "changed by the same factor; nothing else moved. 10 bars added after them. Version 1 can "
        "be read as it was."
    )
    text = report_text(what)
    assert text.startswith(f"equities/daily/AAPL: {HALVED.format(1, 59)}")


def test_the_picture_has_both_lines_the_split_and_the_stretch_that_was_added(ws: Workspace) -> None:
    html = str(change_html(verbs.plot(ws, "AAPL", diff=2)))

    assert "version 2, 25 Feb 2005 16:30 New York" in html
    assert "2:1 </tspan>Mon 28 Feb 2005" in html
    assert html.count('class="ml4t-change-band"') == 1
    assert "9 added</text>" in html
    assert "Show the 60 bars" in html
    assert "<code>%ml4t plot AAPL --diff 2</code>" in html
    assert '<code>bars = ml4t_nb.bars("AAPL", version=2)</code>' in html.replace("&#34;", '"')


def test_the_lines_name_the_store_where_it_is_not_the_readers_own(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    what = verbs.plot(ws, "AAPL", diff=2)
    monkeypatch.setenv("ML4T_DATA_HOME", str(tmp_path / "another"))

    html = str(change_html(what)).replace("&#34;", '"')

    home = ws.settings.home
    assert f"<code>%ml4t plot AAPL --diff 2 --home {home}</code>" in html
    assert f'<code>bars = ml4t_nb.bars("AAPL", version=2, home="{home}")</code>' in html


def test_a_still_keeps_the_picture_as_an_image(ws: Workspace) -> None:
    html = str(change_html(verbs.plot(ws, "AAPL", diff=2), is_still=True))

    (image,) = re.findall(r"base64,([^\"]+)", html)
    assert HALVED.format(2, 60) in b64decode(image).decode()


def test_two_past_versions_are_compared_with_one_another(ws: Workspace) -> None:
    assert sentence(ws, diff=1, version=2) == (
        "1 bar of AAPL was added between versions 1 and 2; version 1 ended on 24 Feb 2005, and no "
        "bar of it is another."
    )
    assert sentence(ws, diff=3, known_on="2005-02-25") == (
        "AAPL lacks the split 2:1 of 28 Feb 2005 that version 3 had: its 60 earlier bars were "
        "doubled."
    )
    html = str(change_html(verbs.plot(ws, "AAPL", diff=1, version=2)))
    assert "%ml4t plot AAPL --diff 1 --version 2</code>" in html
    assert ">version 2</span>" in html


def test_a_version_without_a_difference_says_so(ws: Workspace) -> None:
    verbs.undo(ws, "AAPL", run=3)

    assert sentence(ws, diff=4) == "Version 4 of AAPL is the newest: what is read now."
    assert sentence(ws, diff=2) == (
        "Version 4, the newest, has the same bars of AAPL as version 2."
    )
    html = str(change_html(verbs.plot(ws, "AAPL", diff=2)))
    assert "no bar differs" in html
    assert "Show the" not in html
    assert 'class="ml4t-change-band"' not in html


def test_a_correction_is_marked_and_its_value_named(tmp_path: Path) -> None:
    own = OwnFiles(tmp_path)
    own.write()
    own.load("2004-12-20")
    own.write(
        lambda table: table.assign(close=table["close"].where(table.index != "2004-12-20", 63))
    )
    own.update("2004-12-22")

    found = sentence(own.ws, "ACME", diff=1)

    assert found == (
        "1 bar of ACME was changed and 2 were added since version 1: the close of 20 Dec 2004, "
        "from 62.72 to 63.00 (+0.446 %)."
    )
    html = str(change_html(verbs.plot(own.ws, "ACME", diff=1)))
    # The three bars stand side by side.
    assert html.count('class="ml4t-change-band"') == 1
    assert "<td>62.72</td><td>63.00" in html


@pytest.mark.parametrize(
    ("more", "kind", "words"),
    [
        ({"diff": 9}, VersionNotFound, "version 9 of equities/daily/AAPL is not there"),
        ({"diff": 0}, OptionError, "0 is not a version"),
        ({"diff": 1, "run": 3}, OptionError, "--run and --diff are two pictures"),
        ({"diff": 1, "coverage": True}, OptionError, "--diff draws two versions alone"),
        ({"diff": 1, "start": "2005-01-03"}, OptionError, "--diff draws two versions alone"),
        ({"diff": 1, "frequency": "weekly"}, OptionError, "--diff is of stored bars"),
    ],
)
def test_versions_that_cannot_be_drawn_say_why(
    ws: Workspace, more: dict[str, Any], kind: type[Ml4tError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        verbs.plot(ws, "AAPL", **more)

    assert caught.value.hint
    with pytest.raises(OptionError, match="--diff draws one symbol alone"):
        verbs.plot(ws, ["AAPL", "MSFT"], diff=1)


def test_a_version_whose_files_are_gone_is_named(ws: Workspace) -> None:
    for kept in (ws.settings.home / "versions").rglob("*.parquet"):
        kept.unlink()

    with pytest.raises(VersionNotFound, match="version 1 of equities/daily/AAPL cannot be read"):
        verbs.plot(ws, "AAPL", diff=1)


def test_a_shell_shows_both_as_numbers_and_as_a_page(
    ws: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ML4T_DATA_HOME", str(ws.settings.home))
    monkeypatch.chdir(tmp_path)

    assert main(["plot", "AAPL", "--diff", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert main(["plot", "AAPL", "--diff", "2", "--out", "then.html"]) == 0

    assert document["versions"] == {
        "then": 2,
        "now": 3,
        "then_at": "2005-02-25T21:30:00+00:00",
        "now_at": "2005-03-10T21:30:00+00:00",
        "is_newest": True,
        "splits": [["2005-02-28T00:00:00+00:00", 2.0]],
    }
    assert document["before"][0]["close"] == 2 * document["after"][0]["close"]
    assert HALVED.format(2, 60) in (tmp_path / "then.html").read_text(encoding="utf-8")
    assert HALVED.format(2, 60) in capsys.readouterr().out


def test_a_page_names_both_lines_and_the_versions(ws: Workspace) -> None:
    what = verbs.plot(ws, "AAPL", diff=2)

    figure = figure_of(what)

    assert [each.name for each in figure.data if each.mode == "lines"][:1] == ["then"]
    assert "version 2 and now" in figure.layout.title.text
    assert "version 2 and now" in svg_of(what)
