"""The numbers as tables for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.contenders import ALL, OURS
from benchmarks.door.ways import door_tables
from benchmarks.series import Book
from benchmarks.targets import Verdict, judged

__all__ = ["as_json", "as_text"]

_SERIES = ("load", "append", "overlap", "read", "range")
_SYMBOLS = ("symbols", "symbols, processor")
_KEPT = ("bytes", "memory of load", "memory of read")


def as_text(book: Book, machine: dict[str, str]) -> str:
    """Everything that was measured, what was promised, and who syncs."""
    tables = [
        _grid("Daily bars, 20 years: ms", book, [f"daily {each}" for each in _SERIES]),
        _grid("Minute bars, 5 years: ms", book, [f"minute {each}" for each in _SERIES]),
        *(
            _grid(f"{kind.title()} bars: ms of the processors", book, _processor(kind))
            for kind in ("daily", "minute")
        ),
        _grid("Kept and held: MB", book, [f"{k} {e}" for k in ("daily", "minute") for e in _KEPT]),
        _grid("Append to each of 500 symbols: ms a symbol", book, _SYMBOLS),
        *(_grid(title, book, ways, kind) for title, ways, kind in door_tables()),
        _own(book),
        _promised(judged(book)),
        _commits(book),
        "\n".join(f"{name}: {value}" for name, value in machine.items()),
    ]
    return "\n\n".join(table for table in tables if table)


def as_json(book: Book, machine: dict[str, str]) -> dict[str, Any]:
    """Each round's numbers, the targets, the commits and the machine."""
    return {
        "machine": machine,
        "commits": {party.name: party.synced for party in ALL},
        "measured": [
            {
                "workload": what,
                "of": who,
                "unit": book.units[what],
                "rounds": values,
                "best": book.best(what, who),
            }
            for (what, who), values in book.values.items()
        ],
        "targets": [
            {
                "target": each.target.text,
                "measured": each.measured,
                "lowest": each.low,
                "highest": each.high,
                "of the bests": each.best,
                "of the processors": each.processor,
                "at most": each.target.most,
                "at least": each.target.least,
                "met": each.is_met,
            }
            for each in judged(book)
        ],
    }


def _grid(title: str, book: Book, workloads: Sequence[str], kind: str = "") -> str:
    """Medians of each contender, the ratio of ours to it, and that of the bests.

    What the workloads have in common, ``kind``, is told by the title.
    """
    measured = [what for what in workloads if (what, OURS.name) in book.values]
    if not measured:
        return ""
    lines = [["", *(what.replace(kind, "") for what in measured)]]
    lines += [
        [who, *(_number(book.median(what, who)) for what in measured)]
        for who in book.contenders(measured)
    ]
    others = [who for who in book.contenders(measured) if who != OURS.name]
    for who in others:
        ratios = (book.ratio((what, OURS.name), (what, who)) for what in measured)
        told = (_number(ratio.middle) if ratio else "" for ratio in ratios)
        lines.append([f"{OURS.name} / {who}", *told])
    for who in others:
        bests = ((book.best(what, OURS.name), book.best(what, who)) for what in measured)
        told = (_number(ours / theirs) if ours and theirs else "" for ours, theirs in bests)
        lines.append([f"{OURS.name} / {who}, best", *told])
    return f"{title}\n{_columns(lines)}"


def _own(book: Book) -> str:
    """What no peer does, one line a number."""
    kinds = ("daily", "minute")
    shared = {
        *(f"{kind} {each}" for kind in kinds for each in (*_SERIES, *_KEPT)),
        *(each for kind in kinds for each in _processor(kind)),
        *_SYMBOLS,
        *(each for _, ways, _ in door_tables() for each in ways),
    }
    lines = [
        [what, who, _number(book.median(what, who)), book.units[what], _reach(values)]
        for (what, who), values in book.values.items()
        if what not in shared
    ]
    return f"The package alone\n{_columns(lines)}" if lines else ""


def _processor(kind: str) -> list[str]:
    return [f"{kind} {each}, processor" for each in _SERIES]


def _promised(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    lines = [["target", "allowed", "median", "lowest to highest", "best", "processor", ""]]
    for each in verdicts:
        target = each.target
        bound = target.most if target.most is not None else target.least
        sign = "<=" if target.most is not None else ">="
        said = "met" if each.is_met else f"MISSED by a factor of {each.factor:.2f}"
        reach = f"{_number(each.low)} to {_number(each.high)}"
        allowed = f"{sign} {bound:g} {target.unit}".strip()
        told = [_number(each.measured), reach, _number(each.best), _number(each.processor)]
        lines.append([target.text, allowed, *told, said])
    return f"Targets\n{_columns(lines)}"


def _commits(book: Book) -> str:
    taking_part = {who for _, who in book.values}
    lines = [[party.name, party.synced] for party in ALL if party.name in taking_part]
    return f"What a commit brings to the disk\n{_columns(lines)}" if lines else ""


def _reach(values: Sequence[float]) -> str:
    return f"{_number(min(values))} to {_number(max(values))}"


def _number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004


def _columns(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
