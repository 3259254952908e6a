"""The picture of a finding: the bars around it, a ring on the value in doubt, what is usual.

It is an SVG of our own rather than a plotly figure: some thirty bars need no zoom, it appears with
the words around it and without a script, in a saved notebook too, and takes its colours from the
page. Across it is measured in per cent, so that it fits any width without scaling its words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ml4t_nb.model import bar_length
from ml4t_nb.render.markup import Content, element
from ml4t_nb.render.review.drawing import PlotScale, box_at, ink, line_at, ticks_of, words_at
from ml4t_nb.render.review.evidence import Evidence, EvidenceBar, SecondOpinion
from ml4t_nb.render.review.wording import finding_time, number_words, what_words

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["evidence_plot"]

_TALL = 306
_LEFT, _RIGHT = 2.0, 92.0  # per cent; beyond are the numbers of the axis
_TOP, _FLOOR = 16.0, 262.0
_LABELS_AT = 286
_PRICES_FLOOR, _VOLUMES_TOP = 190.0, 206.0  # where there are volumes below
_EVERY = 5
_LOG_FROM = 4.0
_NEAR_EDGE = 0.3
_APART = 16.0
_BESIDE = 15


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where everything is: ``prices``, and ``volumes`` where these are in doubt."""

    evidence: Evidence
    opinion: SecondOpinion | None
    prices: PlotScale
    volumes: PlotScale | None

    @property
    def step(self) -> float:
        """Width of a bar's place."""
        return (_RIGHT - _LEFT) / len(self.evidence.bars)

    def x(self, row: float) -> float:
        """The middle of a row."""
        return _LEFT + (row + 0.5) * self.step

    @property
    def doubt_x(self) -> float:
        """Where the doubtful bar is, or would be."""
        return self.x(self.evidence.at - (0 if self.evidence.is_stored else 0.5))


def evidence_plot(evidence: Evidence, opinion: SecondOpinion | None = None) -> Markup:
    """The bars of a finding, as SVG."""
    frame = _frame(evidence, opinion)
    parts: list[Content] = [
        *_axes(frame),
        *_stretch(frame),
        *_reach(frame),
        *_candles(frame),
        *_volumes(frame),
        *_dividends(frame),
        *_doubt(frame),
        *_second(frame),
    ]
    return element(
        "svg",
        parts,
        xmlns="http://www.w3.org/2000/svg",
        class_="ml4t-evidence",
        width="100%",
        height=_TALL,
        role="img",
        aria_label=f"{what_words(evidence.finding)}, and the bars around",
        font_size=11,
        style="display:block;font-variant-numeric:tabular-nums",
    )


def _frame(evidence: Evidence, opinion: SecondOpinion | None) -> _Frame:
    bars, reach = evidence.bars, evidence.reach
    named = evidence.columns[0] if evidence.columns else "close"
    lows, highs = [bar.low for bar in bars], [bar.high for bar in bars]
    other = [] if opinion is None or opinion.bar is None else [opinion.bar]
    ends = [] if reach is None or named == "volume" else [reach.low, reach.high]
    # A high may lie below the low: that is what some findings are about.
    all_ = [*lows, *highs, *ends, *(bar.value(each) for bar in other for each in ("low", "high"))]
    low, high = min(all_), max(all_)
    has_volumes = named == "volume"
    is_log = low > 0 and high / low > _LOG_FROM
    pad = 0.0 if is_log else (high - low) * 0.06 or high * 0.01 or 1.0
    low, high = (low / 1.15, high * 1.15) if is_log else (low - pad, high + pad)
    floor = _PRICES_FLOOR if has_volumes else _FLOOR
    volumes = None
    if has_volumes:
        most = max((bar.volume for bar in (*bars, *other)), default=0.0)
        volumes = PlotScale(0.0, most or 1.0, _VOLUMES_TOP, _FLOOR)
    return _Frame(evidence, opinion, PlotScale(low, high, _TOP, floor, is_log), volumes)


def _axes(frame: _Frame) -> Iterator[Markup]:
    for tick in ticks_of(frame.prices):
        y = frame.prices(tick)
        yield line_at(_LEFT, y, _RIGHT, y, "grid")
        yield words_at(99.5, y + 4, f"{tick:,.6g}", anchor="end")
    evidence = frame.evidence
    zone = ZoneInfo(evidence.zone)
    is_intraday = bar_length(evidence.dataset.frequency) is not None
    day = None
    for row, bar in enumerate(evidence.bars):
        local = bar.stamp.astimezone(zone) if is_intraday else bar.stamp
        if is_intraday and local.date() != day:
            if day is not None:
                yield line_at(frame.x(row - 0.5), _TOP - 10, frame.x(row - 0.5), _FLOOR, "line2")
            yield words_at(frame.x(row - 0.4), 11, f"{local:%a %-d %b}", font_weight=600)
            day = local.date()
        if row % _EVERY == 0:
            yield line_at(frame.x(row), _TOP - 14, frame.x(row), _FLOOR + 6, "grid")
            words = f"{local:%H:%M}" if is_intraday else f"{local:%-d %b}"
            yield words_at(frame.x(row), _LABELS_AT, words, anchor="middle" if row else "start")


def _stretch(frame: _Frame) -> Iterator[Markup]:
    """The ground of several doubtful bars."""
    evidence = frame.evidence
    rows = evidence.last - evidence.first + 1
    if rows > 1:
        x = frame.x(evidence.first - 0.5)
        look = ink("suspect", opacity=".09")
        yield box_at(x, rows * frame.step, _TOP - 10, _FLOOR, look)
    if evidence.is_cut:
        is_left = evidence.first == 0
        words = "← the stretch goes on" if is_left else "the stretch goes on →"
        place, anchor = (_LEFT + 1, "start") if is_left else (_RIGHT, "end")
        yield words_at(place, 11, words, anchor=anchor, colour="suspect")


def _reach(frame: _Frame) -> Iterator[Markup]:
    """The box in which the value would be usual, and what the box is."""
    evidence, reach = frame.evidence, frame.evidence.reach
    if reach is None:
        return
    named = evidence.columns[0]
    scale = frame.volumes if named == "volume" and frame.volumes is not None else frame.prices
    look = ink("filledbg", stroke="filled", stroke_dasharray="3 3")
    top, floor = scale(reach.high), scale(reach.low)
    yield box_at(frame.doubt_x - frame.step / 2, frame.step, top, floor, look)
    share = f"{reach.share * 100:.1f} %"
    words = {
        "volume": "dotted box: usual volumes",
        "high": f"dotted box: usual reach, at most {share} beyond the body",
        "low": f"dotted box: usual reach, at most {share} beyond the body",
    }.get(named, f"dotted box: usual move, at most {share}")
    yield words_at(_LEFT + 2, _free_height(frame), words)


def _free_height(frame: _Frame) -> float:
    """Where at the left there is room for a line: below the bars, above them, or in between."""
    evidence, scale = frame.evidence, frame.prices
    left = evidence.bars[: len(evidence.bars) // 2]
    taken = [(scale(bar.high), scale(bar.low)) for bar in left]
    bar, column = evidence.doubted, evidence.columns[0]
    if bar is not None and column not in ("volume", "dividend"):
        taken.append((scale(bar.value(column)),) * 2)
    heights = (scale.floor - 4, scale.top + 14, (scale.floor + scale.top) / 2)
    free = (
        y
        for y in heights
        if all(y < top - 4 or y > low + _APART for top, low in map(sorted, taken))
    )
    return next(free, heights[0])


def _candles(frame: _Frame) -> Iterator[Markup]:
    wide = frame.step * 0.52
    for row, bar in enumerate(frame.evidence.bars):
        x, y = frame.x(row), frame.prices
        colour = "filled" if bar.is_filled else "up" if bar.close >= bar.open else "down"
        yield line_at(x, y(bar.high), x, y(bar.low), colour, stroke_width="1.2")
        top, floor = sorted((y(bar.open), y(bar.close)))
        if bar.is_filled:
            look = ink("paper", stroke="filled")
            yield box_at(x - wide / 2, wide, top - 1.5, floor + 1.5, look)
        else:
            yield box_at(x - wide / 2, wide, top, max(floor, top + 1.5), ink(colour))


def _volumes(frame: _Frame) -> Iterator[Markup]:
    if frame.volumes is None:
        return
    wide = frame.step * 0.52
    for row, bar in enumerate(frame.evidence.bars):
        look = ink("up" if bar.close >= bar.open else "down", opacity=".45")
        top = frame.volumes(bar.volume)
        yield box_at(frame.x(row) - wide / 2, wide, top, frame.volumes.floor, look)


def _dividends(frame: _Frame) -> Iterator[Markup]:
    for row, bar in enumerate(frame.evidence.bars):
        if bar.dividend > 0:
            x, y = frame.x(row), _FLOOR - 10
            look = ink("none", stroke="muted", stroke_width="1.2")
            yield element("circle", cx=f"{x:.2f}%", cy=y, r=7, style=look)
            yield words_at(x, y + 4, "D", anchor="middle", font_weight=600)


def _doubt(frame: _Frame) -> Iterator[Markup]:
    """A ring on the value that is in doubt, and the value beside it."""
    evidence, x = frame.evidence, frame.doubt_x
    bar = evidence.doubted
    if bar is None:
        yield line_at(x, _TOP, x, _FLOOR, "suspect", stroke_dasharray="2 3", stroke_width="1.5")
        yield from _beside(x, _TOP + 4, "suspect", "not stored", "", is_left=x > _RIGHT / 2)
        return
    if not evidence.columns:
        when = finding_time(bar.stamp, evidence.dataset.frequency, evidence.zone, year=False)
        y = frame.prices((bar.high + bar.low) / 2)
        yield from _ring(x, y)
        yield from _beside(x, y, "suspect", when, "", is_left=_is_left(x))
        return
    y = _height(frame, bar, evidence.columns[0])
    yield from _ring(x, y)
    for name in evidence.columns[1:] if evidence.finding.rule == "range" else ():
        yield from _ring(x, _height(frame, bar, name))
    value = number_words(bar.value(evidence.columns[0]), evidence.columns[0])
    words = f"stored {evidence.columns[0]}"
    if evidence.columns[0] == "volume":
        y = min(y, _VOLUMES_TOP + 4)  # above the volumes beside it
    elif evidence.columns[0] == "dividend":
        y -= _APART  # above the dividend before it
    yield from _beside(x, y, "suspect", words, value, is_left=_is_left(x))


def _ring(x: float, y: float) -> Iterator[Markup]:
    look = ink("none", stroke="suspect", stroke_width="2.4")
    yield element("circle", cx=f"{x:.2f}%", cy=y, r=9, style=look)


def _height(frame: _Frame, bar: EvidenceBar, column: str) -> float:
    if column == "dividend":
        return _FLOOR - 10
    if column == "volume":
        assert frame.volumes is not None
        return frame.volumes(bar.volume)
    return frame.prices(bar.value(column))


def _is_left(x: float) -> bool:
    """Whether there is room for words at the left."""
    return x - _LEFT > (_RIGHT - _LEFT) * _NEAR_EDGE


def _beside(
    x: float, y: float, colour: str, words: str, value: str, *, is_left: bool, far: int = _BESIDE
) -> Iterator[Markup]:
    strong = element("tspan", value, font_weight=700)
    anchor, away = ("end", -far) if is_left else ("start", far)
    words = f"{words} " if value else words
    yield words_at(x, y + 4, words, strong, anchor=anchor, colour=colour, font_size=12, dx=away)


def _second(frame: _Frame) -> Iterator[Markup]:
    """What another provider says, with a mark that points at it."""
    opinion, evidence = frame.opinion, frame.evidence
    if opinion is None or opinion.bar is None:
        return
    named = evidence.columns[0] if evidence.columns else "close"
    if named == "dividend" or (evidence.is_stored and named not in opinion.differs):
        return
    x, y = frame.doubt_x, _height(frame, opinion.bar, named)
    is_left = x - _LEFT > (_RIGHT - _LEFT) * (1 - _NEAR_EDGE)
    stored = evidence.doubted
    words_y = y
    if stored is not None and is_left == _is_left(x):
        other = _height(frame, stored, named)
        if abs(other - y) < _APART:
            words_y = other + (_APART if y >= other else -_APART)
    way = "M-6,0L-14,-5V5Z" if is_left else "M6,0L14,-5V5Z"
    mark = element("path", d=way, style=ink("filled"))
    yield element("svg", mark, x=f"{x:.2f}%", y=y, overflow="visible", width=1, height=1)
    value = number_words(opinion.bar.value(named), named)
    says = f"{opinion.provider} says"
    yield from _beside(x, words_y, "filled", says, value, is_left=is_left, far=_BESIDE + 4)
