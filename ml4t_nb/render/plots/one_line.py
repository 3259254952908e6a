"""A picture in one line, for a terminal."""

from __future__ import annotations

from collections import Counter
from typing import get_args

from ml4t_nb.render.format import count, labelled, many, stamp
from ml4t_nb.reports import PlotReport, SessionState

__all__ = ["plot_line"]


def plot_line(report: PlotReport) -> str:
    """What is drawn, in numbers."""
    name, frequency = labelled(report.dataset, report.provider), report.dataset.frequency
    where = f" written to {report.out}" if report.out is not None else ""
    if report.sessions is not None:
        states = Counter(report.sessions["state"])
        told = ", ".join(f"{count(states[s])} {s}" for s in get_args(SessionState) if states[s])
        return f"{name}: {many(len(report.sessions), 'session')}: {told or 'none'}{where}"
    if report.bars.empty:
        return f"{name}: no bars in this range{where}"
    ends = [stamp(each.to_pydatetime(), frequency) for each in report.bars.index[[0, -1]]]
    parts = [f"{many(len(report.bars), 'bar')}, {ends[0]} … {ends[1]}"]
    if filled := int(report.bars["filled"].sum()):
        parts.append(f"{count(filled)} of them filled")
    if report.gaps:
        parts.append(f"{many(len(report.gaps), 'gap')}, {many(len(report.missing), 'bar')} missing")
    return f"{name}: {'; '.join(parts)}{where}"
