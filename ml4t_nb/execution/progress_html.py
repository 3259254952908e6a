"""How far a run is, as a card in a notebook: the same for a cell, a panel and the board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.execution.track import Line, Track, time_words
from ml4t_nb.render.format import many
from ml4t_nb.render.icons import icon
from ml4t_nb.render.markup import element, fragment, trusted
from ml4t_nb.render.tokens import STYLED, custom_properties, token

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["JOB_STYLE", "bar_html", "card_html", "current_html", "head_html", "progress_bar_html"]

# More boxes would be too narrow to count.
_MOST_BOXES = 24

JOB_STYLE = f"""
.ml4t-job {{ border: 1px solid {token("line")}; border-left: 3px solid {token("accent")};
  background: {token("sunken")}; border-radius: 2px; padding: 6px 10px; margin: 6px 2px;
  font-size: 13px; line-height: 1.4; color: {token("text")}; font-variant-numeric: tabular-nums;
  overflow: hidden; box-sizing: border-box; }}
.ml4t-job.ml4t-is-done {{ border-left-color: {token("ok")}; }}
.ml4t-job.ml4t-is-failed {{ border-left-color: {token("error")}; }}
.ml4t-job.ml4t-is-cancelled {{ border-left-color: {token("faint")}; }}
.ml4t-job .widget-html, .ml4t-job .widget-box, .ml4t-job button.widget-button {{ margin: 0; }}
.ml4t-job .widget-html-content {{ line-height: 1.4; font-size: 13px; color: {token("text")}; }}
.ml4t-job .ml4t-job-top {{ display: flex; flex-wrap: wrap; align-items: center;
  gap: 2px 8px; min-height: 26px; }}
.ml4t-job .ml4t-job-head {{ flex: 1 1 120px; min-width: 0; }}
.ml4t-job .ml4t-job-title {{ font-weight: 600; margin-right: 10px; white-space: nowrap; }}
.ml4t-job .ml4t-job-title + .ml4t-job-faint {{ display: inline-block; }}
.ml4t-job .ml4t-job-faint {{ color: {token("muted")}; }}
.ml4t-job .ml4t-icon-running {{ color: {token("accent")};
  animation: ml4t-turn 1.2s linear infinite; }}
.ml4t-job-bar {{ height: 6px; margin: 6px 0; background: {token("line")}; }}
.ml4t-job-bar > div {{ height: 6px; background: {token("accent")}; }}
.ml4t-job-current {{ display: flex; flex-wrap: wrap; align-items: center; gap: 2px 8px;
  font-size: 12px; }}
.ml4t-job-current > b {{ font-weight: 600; }}
.ml4t-job-boxes {{ display: inline-flex; gap: 2px; }}
.ml4t-job-boxes > i {{ width: 12px; height: 4px; border: 1px solid {token("accent")}; }}
.ml4t-job-boxes > .ml4t-is-full {{ background: {token("accent")}; }}
.ml4t-job-boxes > .ml4t-is-half {{
  background: linear-gradient(90deg, {token("accent")} 50%, transparent 50%); }}
.ml4t-job-far {{ margin-left: auto; }}
.ml4t-job button.widget-button, .ml4t-jobs button.ml4t-jobs-clear {{ height: 26px;
  line-height: 24px; width: auto; padding: 0 10px;
  font-size: 13px; border: 1px solid {token("line2")}; border-radius: 4px; box-shadow: none;
  color: {token("text")}; background: {token("raised")}; }}
.ml4t-job button.ml4t-job-plain {{ border-color: transparent; background: none; padding: 0 6px;
  color: {token("accent")}; }}
.ml4t-job button:disabled {{ opacity: .6; }}
.ml4t-job :is(button, [tabindex]):focus-visible {{ outline: 2px solid {token("accent")};
  outline-offset: 2px; }}
.ml4t-job pre {{ max-height: 200px; overflow: auto; margin: 4px 0; font-size: 12px;
  background: {token("paper")}; color: {token("text")}; padding: 4px 8px; }}
.ml4t-jobs-top {{ justify-content: space-between; align-items: center; overflow: hidden; }}
:is(.ml4t-job, .ml4t-universe) .ml4t-copy {{ font: inherit; font-size: 12px; height: 22px;
  padding: 0 8px; margin-left: 8px; border: 1px solid {token("line2")}; border-radius: 4px;
  cursor: pointer; color: {token("text")}; background: {token("raised")}; }}
.ml4t-job-lines {{ border-collapse: collapse; font-size: 12px; }}
.ml4t-job-lines td {{ padding: 1px 10px 1px 0; vertical-align: top;
  border-bottom: 1px solid {token("line")}; }}
.ml4t-job-line code {{ font-size: 12px; color: {token("muted")}; background: none; }}
.ml4t-unseen {{ position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }}
@keyframes ml4t-turn {{ to {{ transform: rotate(360deg); }} }}
@media (prefers-reduced-motion: reduce) {{ .ml4t-job .ml4t-icon-running {{ animation: none; }} }}
"""


def head_html(title: str, words: str) -> Markup:
    """What is done, and what came of it so far."""
    name = element("span", title, class_="ml4t-job-title")
    return fragment(name, " ", element("span", words, class_="ml4t-job-faint"))


def bar_html(share: float) -> Markup:
    """A bar of six pixels; what it says, `progress_bar_html` says in words."""
    full = element("div", style=f"width:{share:.1%}")
    return element("div", full, class_="ml4t-job-bar", aria_hidden="true")


def progress_bar_html(title: str, track: Track) -> Markup:
    """The bar for who hears it."""
    return element(
        "div",
        role="progressbar",
        class_="ml4t-unseen",
        aria_label=title,
        aria_valuemin=0,
        aria_valuemax=100,
        aria_valuenow=f"{100 * track.share:.0f}",
        aria_valuetext=f"{track.done} of {many(track.total, 'dataset')} done",
    )


def current_html(track: Track) -> Markup:
    """The dataset at work, its pieces as boxes, and how much came so far."""
    line, speed = track.current, track.speed
    bars = f"{many(track.bars, 'bar')} so far" if track.bars else ""
    far = element(
        "span", " · ".join(filter(None, (bars, speed))), class_="ml4t-job-faint ml4t-job-far"
    )
    if line is None:
        return element("div", far, class_="ml4t-job-current")
    more = f"and {track.running - 1} more" if track.running > 1 else ""
    parts = (
        element("b", line.dataset.symbol),
        element("span", more, class_="ml4t-job-faint") if more else "",
        _boxes(line),
        element("span", line.words, class_="ml4t-job-faint"),
        far,
    )
    return element("div", parts, class_="ml4t-job-current")


def _boxes(line: Line) -> Markup:
    """A box a piece: full if it is here, half full if it is asked for."""
    if not 1 < len(line.pieces) <= _MOST_BOXES:
        return trusted("")
    kinds = ("ml4t-is-full",) * line.fetched + ("ml4t-is-half",) * (line.begun - line.fetched)
    kinds += ("",) * (len(line.pieces) - len(kinds))
    boxes = (element("i", class_=kind) for kind in kinds)
    return element("span", boxes, class_="ml4t-job-boxes", aria_hidden="true")


def card_html(title: str, track: Track) -> Markup:
    """A run of a cell, that nothing but an interrupt of the kernel can cancel."""
    style = element("style", trusted(f"{custom_properties()}{JOB_STYLE}"))
    top = (
        icon("running"),
        element("span", head_html(title, track.counts), class_="ml4t-job-head"),
        element("span", time_words(track.elapsed_s, track.left_s), class_="ml4t-job-faint"),
    )
    card = (
        element("div", top, class_="ml4t-job-top"),
        bar_html(track.share),
        progress_bar_html(title, track),
        current_html(track),
    )
    still = trusted(".ml4t-job-still .ml4t-icon-running { animation: none; }")  # drawn ever anew
    inside = element("div", card, class_="ml4t-job ml4t-job-still")
    return element("div", style, element("style", still), inside, class_=STYLED)
