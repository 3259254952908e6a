"""What changed as HTML: a sentence, a picture, its bars, and how to look further."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ml4t_nb.commands.spelling import Speller
from ml4t_nb.hints import selector
from ml4t_nb.model import Command, DatasetId, Hint, NextStep
from ml4t_nb.render.change.number_words import counts_words, run_words, then_words, value_words
from ml4t_nb.render.change.picture import change_picture
from ml4t_nb.render.change.run_change import RunChange, run_change
from ml4t_nb.render.change.still import change_svg
from ml4t_nb.render.change.wording import change_sentence, detail_words
from ml4t_nb.render.command_html import command_html
from ml4t_nb.render.format import currency_words, many
from ml4t_nb.render.icons import icon
from ml4t_nb.render.markup import element, fragment, picture, trusted
from ml4t_nb.render.review.wording import finding_time
from ml4t_nb.render.tokens import token
from ml4t_nb.reports import ComparedVersions, PlotReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["change_html", "changes_html", "one_change_html"]

_ROWS = 30
_MUTED = f"color:{token('muted')};font-size:12px"


def change_html(report: PlotReport, *, is_still: bool = False) -> Markup:
    """The change that `plot` reports of one run, or of two versions.

    It is to be below an element of the class `STYLED`. Of a still one the picture is an image,
    which pages keep that take SVG out of HTML. They take out style sheets, too: so the other has
    the image besides, which a style sheet hides.
    """
    change = run_change(report)
    image = picture(change_svg(change), change_sentence(change))
    drawn = [image] if is_still else [change_picture(change), _hidden(image)]
    return element(
        "div",
        _head(change),
        _legend(change),
        element("div", drawn, style="" if is_still else "padding:0 60px 0 18px"),
        _footer(change),
        class_="ml4t-change",
        style=f"color:{token('text')};font-size:13px;line-height:1.4;max-width:1100px",
    )


def one_change_html(dataset: DatasetId, report: PlotReport) -> Markup:
    """What was changed of a dataset, shown on demand where the change is told."""
    summary = element("summary", f"Show the change of {dataset.symbol}")
    return element("details", summary, change_html(report), class_="ml4t-shown")


def changes_html(changes: Mapping[DatasetId, PlotReport]) -> Markup:
    """One change as it is; several folded, each below its sentence."""
    if len(changes) == 1:
        return fragment(change_html(each) for each in changes.values())
    return fragment(
        element(
            "details",
            element("summary", change_sentence(run_change(each)), style="cursor:pointer"),
            change_html(each),
        )
        for each in changes.values()
    )


def _hidden(image: Markup) -> Markup:
    sheet = element("style", trusted(".ml4t-change-image { display: none }"))
    return fragment(sheet, element("div", image, class_="ml4t-change-image"))


def _head(change: RunChange) -> Markup:
    is_other = bool((change.changed | change.removed).any()) or change.versions is None
    name = "restated" if change.is_restated else "corrected" if is_other else "unchanged"
    sentence = element("div", change_sentence(change), style="font-size:17px;font-weight:600")
    details = element("div", detail_words(change), style=f"color:{token('muted')};margin-top:2px")
    return element(
        "div",
        element("div", icon(name, token("accent")), style="padding-top:5px;transform:scale(1.3)"),
        element("div", sentence, details),
        style="display:flex;gap:10px;margin:4px 0 8px",
    )


def _legend(change: RunChange) -> Markup:
    scale = ", log scale" if change.is_restated else ""
    is_money = change.field not in ("volume", "split")
    money = f", {currency_words(change.report.currency)}" if change.report.currency else ""
    gap = element("span", style="flex:1")
    parts = (
        _sample(_then_words(change), "muted", "1.6", "5 3"),
        _sample(change.names[1], "up", "2.2"),
        gap,
        element("span", f"{change.field}{scale}{money if is_money else ''}"),
    )
    return element("div", parts, style=f"display:flex;gap:14px;flex-wrap:wrap;{_MUTED}")


def _then_words(change: RunChange) -> str:
    """What the line of before is of."""
    if change.versions is not None:
        return then_words(change, change.versions)
    return "before the update" if change.record.verb == "update" else "before the run"


def _sample(words: str, colour: str, width: str, dashes: str = "none") -> Markup:
    line = element("path", d="M0,6H22", stroke_width=width, stroke_dasharray=dashes, fill="none")
    look = f"stroke:{token(colour)};vertical-align:-1px;margin-right:6px"
    drawn = element("svg", line, width=22, height=12, aria_hidden="true", style=look)
    return element("span", drawn, words)


def _footer(change: RunChange) -> Markup:
    number, versions = len(_listed(change)), change.versions
    when = run_words(change) if versions is None else then_words(change, versions)
    row = (
        element("span", f"{when} · {counts_words(change)}", style=f"flex:1;{_MUTED}"),
        element("span", command_html(Speller("%ml4t")(_again(change))), class_="ml4t-line"),
    )
    rule = f"border-top:1px solid {token('line')};margin-top:8px;padding-top:8px"
    flex = "display:flex;gap:14px;align-items:center;flex-wrap:wrap"
    foot = element("div", row, style=f"{flex};{rule}")
    read = "" if versions is None else _read_line(change, versions)
    if not number:
        return fragment(foot, read)
    words = f"Show {'the bar' if number == 1 else f'the {number:,} bars'}"
    shown = element("summary", words, style=f"cursor:pointer;color:{token('accent')}")
    bars = element("details", shown, _bars_table(change), style="margin-top:4px")
    return fragment(foot, read, bars)


def _again(change: RunChange) -> Hint | Command:
    """What shows the runs, or this picture of two versions."""
    report, versions = change.report, change.versions
    if versions is None:
        return NextStep("history", report.dataset, home=report.home)
    later = {} if versions.is_newest else {"version": versions.now}
    drawn = {**selector(report.dataset), "diff": versions.then, **later, **_home(report)}
    return Command("plot", drawn)


def _home(report: PlotReport) -> dict[str, object]:
    return {} if report.home is None else {"home": report.home}


def _read_line(change: RunChange, versions: ComparedVersions) -> Markup:
    """The line of Python that reads the earlier version, and a button that copies it."""
    report = change.report
    asked = {**selector(report.dataset), "version": versions.then, **_home(report)}
    line = f"bars = {Speller('ml4t_nb')(Command('bars', asked))}"
    label = element("span", "Read as of then", style=f"{_MUTED};margin-right:8px")
    return element("div", label, command_html(line), class_="ml4t-line ml4t-change-read")


def _bars_table(change: RunChange, most: int = _ROWS) -> Markup:
    """Bars before and now: those that did not move with the others first, then the oldest."""
    rows = _listed(change)
    before, now = change.names
    heads = ("Bar", f"{change.field} {before}", now, f"{now} ÷ {before}")
    head = element("tr", (element("th", each, scope="col") for each in heads))
    table = element(
        "table",
        element("thead", head, style=f"color:{token('muted')}"),
        element("tbody", (_row(change, row) for row in rows[:most])),
        cellpadding=3,
        style="border-collapse:collapse;text-align:right;font-variant-numeric:tabular-nums;"
        "font-size:12px;margin:6px 0",
    )
    more = len(rows) - most
    if more <= 0:
        return table
    line = element("code", f"{Speller('%ml4t')(_drawn_by(change))} --json")
    return fragment(table, element("div", f"and {many(more, 'more bar')}: ", line, style=_MUTED))


def _drawn_by(change: RunChange) -> Hint | Command:
    """What draws this picture."""
    if change.versions is not None:
        return _again(change)
    report = change.report
    return NextStep("plot", report.dataset, home=report.home, version=change.record.version)


def _listed(change: RunChange) -> list[int]:
    """Rows that the run changed, those first that did not move with the others."""
    import numpy as np

    others = change.changed | change.removed
    others |= change.added & (not change.is_restated)  # those are new days, and not of the past
    return [*np.flatnonzero(change.odd).tolist(), *np.flatnonzero(others & ~change.odd).tolist()]


def _row(change: RunChange, row: int) -> Markup:
    stamp, ratio = change.stamps[row].to_pydatetime(), float(change.ratios[row])
    cells = (
        finding_time(stamp, change.report.dataset.frequency, change.report.zone),
        value_words(change.was[row], change.field),
        value_words(change.now[row], change.field),
        f"{ratio:.6g}" if math.isfinite(ratio) else "",
    )
    odd = {"style": f"color:{token('suspect')};font-weight:600"} if change.odd[row] else {}
    return element("tr", (element("td", each) for each in cells), **odd)
