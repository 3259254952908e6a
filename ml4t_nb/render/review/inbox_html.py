"""The findings of an inbox as HTML: the list, and what is known of the one that is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import TYPE_CHECKING

from ml4t_nb.commands.spelling import Speller
from ml4t_nb.finding import Finding, FindingState
from ml4t_nb.model import DatasetId, bar_length
from ml4t_nb.render.format import count
from ml4t_nb.render.markup import Content, element, fragment, picture, trusted
from ml4t_nb.render.review.evidence import Evidence, EvidenceBar, SecondOpinion
from ml4t_nb.render.review.evidence_plot import evidence_plot
from ml4t_nb.render.review.wording import (
    age_words,
    finding_date,
    finding_time,
    finding_words,
    number_words,
    short_words,
    why_words,
)

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = [
    "InboxItem",
    "decided_words",
    "evidence_html",
    "items_html",
    "list_html",
    "sentence_html",
    "step_html",
    "still_html",
]  # fmt: skip

_PRICES = ("open", "high", "low", "close")
_LISTED = 100
_DRAWN = '<svg xmlns="http://www.w3.org/2000/svg" class="ml4t-evidence"'
_WIDE = 800
_ICONS: dict[FindingState, tuple[str, ...]] = {
    "open": ("M7 1.8 13 12.4H1Z", "M7 5.6V8.6", "M7 10.3V10.9"),
    "accepted": ("M7 1.2a5.8 5.8 0 1 0 0 11.6a5.8 5.8 0 1 0 0-11.6Z", "M4.4 7.2 6.3 9.1 9.8 5.2"),
    "rejected": ("M7 1.2a5.8 5.8 0 1 0 0 11.6a5.8 5.8 0 1 0 0-11.6Z", "M3.2 10.8 10.8 3.2"),
    "corrected": ("M2 12l.8-3.2L9.6 2l2.4 2.4-6.8 6.8Z", "M8.2 3.4l2.4 2.4"),
}
"""Paths in a box of 14 pixels: a triangle with a sign, a tick, a bar across, a pencil."""


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A finding, and of which dataset.

    Parameters
    ----------
    done
        What a person did about it, where the finding itself does not say so.
    """

    dataset: DatasetId
    provider: str
    finding: Finding
    done: str = ""

    @property
    def name(self) -> str:
        """The symbol; class and frequency where these are not the usual ones."""
        dataset = self.dataset
        kind = "" if dataset.asset_class in ("equities", "etfs") else f" {dataset.asset_class}"
        often = "" if dataset.frequency == "daily" else f" {dataset.frequency}"
        return f"{dataset.symbol}{kind}{often}"


def decided_words(finding: Finding) -> str:
    """What was decided, and why, in one line."""
    if finding.decision is None:
        return finding.state
    return " ".join(f"{finding.state}: {finding.decision.reason}".split())


def items_html(
    items: Sequence[InboxItem], *, first: int, current: int | None, now: datetime
) -> Markup:
    """Findings as a list to choose from; ``first`` is the number of the first one's row."""
    rows = (
        _item(each, row, now, is_current=row == current) for row, each in enumerate(items, first)
    )
    return element("div", rows, class_="ml4t-inbox-items")


def sentence_html(item: InboxItem, place: str, zone: str = "UTC") -> Markup:
    """Which finding is open: the sentence, and which of how many."""
    words = finding_words(item.finding, item.name, item.dataset.frequency, zone)
    return element(
        "div",
        element("span", words, class_="ml4t-inbox-sentence", role="heading", aria_level=3),
        " ",
        element("span", place, class_="ml4t-inbox-place"),
        class_="ml4t-inbox-head",
    )


def evidence_html(evidence: Evidence, opinion: SecondOpinion | None, currency: str = "") -> Markup:
    """Why it is doubted, the plot, and the numbers."""
    why = element("div", why_words(evidence, opinion), class_="ml4t-inbox-why")
    return fragment(why, evidence_plot(evidence, opinion), _table(evidence, opinion, currency))


def still_html(html: str) -> Markup:
    """What the inbox shows, with its drawing as a picture, which pages keep that drop drawings."""
    before, start, rest = html.partition(_DRAWN)
    if not start:
        return trusted(html)
    drawing, end, after = rest.partition("</svg>")
    # Of a page that it is no part of, it knows neither width nor font.
    sized = f'width="{_WIDE}" font-family="sans-serif"'
    svg = f"{start}{drawing}{end}".replace('width="100%"', sized, 1)
    words = unescape(svg.partition('aria-label="')[2].partition('"')[0])
    return fragment(trusted(before), picture(svg, words), trusted(after))


def step_html(item: InboxItem) -> Markup:
    """What a person may do about a finding that has no bar, as the line that does it."""
    step = item.finding.step
    if step is None:
        return element("div", "There is no bar to show.", class_="ml4t-inbox-why")
    code = element("code", Speller("%ml4t")(step))
    return element("div", "There is no bar to show. Next step: ", code, class_="ml4t-inbox-why")


def list_html(items: Sequence[InboxItem], decided: Sequence[InboxItem]) -> Markup:
    """Findings in sentences, with what can be done: for where no list and no picture is."""
    speller = Speller("%ml4t")
    lines: list[Markup] = []
    for each in (*items[:_LISTED], *decided[:_LISTED]):
        words = finding_words(each.finding, each.name, each.dataset.frequency, "UTC")
        done = "" if each.finding.is_open else f" ({each.done or decided_words(each.finding)})"
        step = each.finding.step
        code = "" if step is None else element("div", element("code", speller(step)))
        lines.append(element("div", words, done, code))
    more = len(items) - _LISTED
    if more > 0:
        lines.append(element("div", f"and {count(more)} more"))
    return element("div", lines, class_="ml4t-inbox-static", style="margin:6px 0")


def _icon(state: FindingState) -> Markup:
    paths = (element("path", d=path) for path in _ICONS[state])
    look = {"fill": "none", "stroke": "currentColor", "stroke_width": 1.5}
    size = {"width": 14, "height": 14, "viewBox": "0 0 14 14", "aria_hidden": "true"}
    return element(
        "svg",
        paths,
        **size,
        **look,
        stroke_linejoin="round",
        stroke_linecap="round",
        class_=f"ml4t-icon ml4t-is-{state}",
    )


def _item(item: InboxItem, row: int, now: datetime, *, is_current: bool) -> Markup:
    finding = item.finding
    last = f"{finding.rule} · {age_words(finding, now)}".rstrip(" ·")
    if not finding.is_open:
        last = item.done or decided_words(finding)
    return element(
        "button",
        _icon(finding.state),
        element("span", item.name, class_="ml4t-inbox-name"),
        element("span", finding_date(finding, item.dataset.frequency), class_="ml4t-inbox-date"),
        element("span", short_words(finding), class_="ml4t-inbox-what"),
        element("span", last, class_="ml4t-inbox-rule"),
        type="button",
        class_="ml4t-inbox-item" if finding.is_open else "ml4t-inbox-item ml4t-is-decided",
        data_row=row,
        aria_current="true" if is_current else "false",
        tabindex="0" if is_current else "-1",
    )


def _table(evidence: Evidence, opinion: SecondOpinion | None, currency: str) -> Markup:
    pays = any(bar.dividend > 0 for bar in evidence.bars[max(evidence.first - 1, 0) :])
    columns = [*_PRICES, "volume"]
    if "dividend" in evidence.columns and pays:
        columns.append("dividend")
    heads = [element("th", currency or "Bar", scope="col")]
    heads += [element("th", name.title(), scope="col", class_="ml4t-number") for name in columns]
    rows = (element("tr", row) for row in _rows(evidence, opinion, columns))
    parts = element("thead", element("tr", heads)), element("tbody", rows)
    return element("table", parts, class_="ml4t-inbox-numbers")


def _rows(
    evidence: Evidence, opinion: SecondOpinion | None, columns: Sequence[str]
) -> Iterator[list[Markup]]:
    if evidence.before is not None:
        yield _row(_when(evidence, evidence.before), evidence.before, columns)
    name = element("b", "Stored")
    if evidence.doubted is None:
        yield [_label(element("b", "Not stored")), *_empty(columns)]
    else:
        stored = _row(fragment(name, f", {evidence.provider}"), evidence.doubted, columns)
        marked = evidence.columns if evidence.finding.rule == "range" else evidence.columns[:1]
        yield [stored[0], *_marked(evidence.doubted, columns, marked, "ml4t-is-doubtful")]
        last = evidence.bars[evidence.last]
        if last is not evidence.doubted and not evidence.is_cut:
            many = f"and {count(evidence.last - evidence.at)} more, to "
            yield _row(f"{many}{_when(evidence, last)}", last, columns)
    if opinion is not None and opinion.bar is None:
        yield [_label(fragment(element("b", "Second opinion"), f", {opinion.provider}: no bar"))]
    elif opinion is not None and opinion.bar is not None:
        label = _label(fragment(element("b", "Second opinion"), f", {opinion.provider}"))
        yield [label, *_marked(opinion.bar, columns, opinion.differs, "ml4t-is-other")]
    if evidence.after is not None:
        yield _row(_when(evidence, evidence.after), evidence.after, columns)


def _when(evidence: Evidence, bar: EvidenceBar) -> str:
    frequency = evidence.dataset.frequency
    words = finding_time(bar.stamp, frequency, evidence.zone, year=False)
    filled = ", filled" if bar.is_filled else ""
    return f"{words if bar_length(frequency) is None else words.split(' ', 1)[1]}{filled}"


def _label(words: Content) -> Markup:
    return element("th", words, scope="row")


def _empty(columns: Sequence[str]) -> list[Markup]:
    return [element("td", "-", class_="ml4t-number") for _ in columns]


def _row(label: Content, bar: EvidenceBar, columns: Sequence[str]) -> list[Markup]:
    return [_label(label), *_marked(bar, columns, (), "")]


def _marked(
    bar: EvidenceBar, columns: Sequence[str], marked: Sequence[str], mark: str
) -> Iterator[Markup]:
    """The numbers of a bar; some of them stand out."""
    for name in columns:
        value = number_words(bar.value(name), name)
        if name in marked:
            yield element("td", element("span", value, class_=mark), class_="ml4t-number")
        else:
            yield element("td", value, class_="ml4t-number")
