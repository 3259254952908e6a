"""A run over many datasets: what became of how many, and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ml4t_nb.errors import OUTAGES
from ml4t_nb.model import Command, DatasetId, Hint, NextStep
from ml4t_nb.records import UpdateResult
from ml4t_nb.render.folding import (
    Counted,
    GroupKind,
    folded_groups,
    names_of,
    next_commands,
    one_command,
)
from ml4t_nb.render.format import (
    change_words,
    day,
    first_of,
    gap_words,
    instant,
    many,
    restated_words,
    run_time,
    stamp,
)
from ml4t_nb.render.layout import Group, Headline
from ml4t_nb.reports import DatasetHistory, RunReport

__all__ = [
    "again",
    "cost_words",
    "newest_groups",
    "run_commands",
    "run_groups",
    "run_headline",
    "without_name",
]

_SHOWN = 3
_FEW_BARS = 5
_DONE = {"load": "loaded", "update": "updated"}
"""What a run has done with a dataset in which something is new; of other verbs: changed."""


def run_headline(report: RunReport) -> Headline:
    """How many datasets, and of how many what is to be said: numbers that add up."""
    counts = Counter(_group_of(each) for each in report.results)
    done = Counter(
        _done(each, report) for each in report.results if _group_of(each) in ("new", "corrected")
    )
    counted = (
        *((number, what) for what, number in sorted(done.items())),
        (counts["unchanged"], "unchanged"),
        (counts["restated"], "restated"),
        (counts["suspect"] + counts["incomplete"], "to look at"),
        (counts["failed"], "failed"),
        (len(report.left), "not reached"),
    )
    words = ", ".join(f"{number:,} {what}" for number, what in counted if number)
    total = len(report.results) + len(report.left)
    return Headline(f"{many(total, 'dataset')}: {words}", " · ".join(_about(report)))


def run_groups(report: RunReport) -> tuple[Group, ...]:
    """Datasets of which the same is to be said in one row, the worst first."""
    datasets = (*(each.dataset for each in report.results), *report.left)
    names = names_of(datasets)
    items = [_counted(each, names[each.dataset]) for each in report.results]
    by_reason = report.left_by_reason
    items += [
        Counted("left", names[each], reason if len(by_reason) > 1 else "", None, "")
        for reason, left in by_reason.items()
        for each in left
    ]
    done = "loaded or updated" if report.verb == "sync" else _DONE.get(report.verb, "changed")
    return folded_groups(items, _kinds(done), signed=True)


def newest_groups(histories: Sequence[DatasetHistory]) -> tuple[Group, ...]:
    """The newest runs of datasets in the same way; of one without any run there is nothing."""
    names = names_of(each.dataset for each in histories)
    items = []
    for each in histories:
        for record in each.records[-1:]:
            found = tuple(f for f in each.findings if record.version and f.opened == record.version)
            result = UpdateResult(each.dataset, record, findings=found)
            items.append(replace(_counted(result, names[each.dataset]), last=day(record.at)))
    return folded_groups(items, _kinds("changed"), signed=True)


def _kinds(done: str) -> dict[str, GroupKind]:
    """How each group of `_group_of` is shown, the worst first."""
    return {
        "failed": GroupKind("error", "failed"),
        "left": GroupKind("cancelled", "not reached", is_open=False),
        "suspect": GroupKind("suspect", "suspect"),
        "incomplete": GroupKind("incomplete", "incomplete"),
        "restated": GroupKind("restated", "restated"),
        "corrected": GroupKind("corrected", "corrected"),
        "many": GroupKind("healthy", f"{done}, over {_FEW_BARS} bars", is_open=False),
        "few": GroupKind("healthy", f"{done}, 2 to {_FEW_BARS} bars", is_open=False),
        "one": GroupKind("healthy", f"{done}, 1 bar", is_open=False),
        "none": GroupKind("healthy", f"{done}, no new bar", is_open=False),
        "unchanged": GroupKind("unchanged", "unchanged", is_open=False),
    }


def run_commands(report: RunReport) -> tuple[Command, ...]:
    """What to type about the datasets that need something."""
    return next_commands(_steps(report), report.home)


def again(report: RunReport) -> Command | str:
    """How to go on with datasets that were not reached, and with those that were refused before."""
    if report.verb != "update":
        return "run it again to continue"
    refused = (each.dataset for each in report.results if _is_refused(each))
    datasets = (*refused, *report.left)
    return one_command(((each, NextStep("update", each)) for each in datasets), report.home)


def _steps(report: RunReport) -> Iterator[tuple[DatasetId, Hint]]:
    for each in report.results:
        if _group_of(each) == "suspect":
            yield each.dataset, NextStep("review", each.dataset)
    for each in report.results:
        error = each.record.error
        if error is not None:
            update: Hint = NextStep("update", each.dataset) if each.rows else ""
            is_repeated = _is_refused(each) or not error.hint
            yield each.dataset, update if is_repeated else error.hint
    for left in report.left:
        if report.verb == "update":
            yield left, NextStep("update", left)


def _is_refused(result: UpdateResult) -> bool:
    """Whether its provider was down, or wanted a pause: later it may have the bars."""
    error = result.record.error
    return error is not None and error.type in OUTAGES


def _about(report: RunReport) -> Iterator[str]:
    records = [each.record for each in report.results]
    sums = (
        (sum(each.added for each in records), "added"),
        (sum(each.revised for each in records), "changed"),
        (sum(each.filled for each in records), "filled"),
    )
    counted = [(number, what) for number, what in sums if number]
    if counted:
        (first, what), *others = counted
        more = "".join(f", {number:,} {word}" for number, word in others)
        yield f"{many(first, 'bar')} {what}{more}"
    if report.waiting:
        yield f"{report.waiting:,} not due"
    if report.stopped:
        yield f"stopped, {report.stopped}"
    if cost := cost_words(report):
        yield cost
    if providers := [name for name in dict.fromkeys(each.provider for each in records) if name]:
        yield f"from {', '.join(providers)}"
    yield f"as of {instant(report.as_of)}"


def cost_words(report: RunReport) -> str:
    """``3 requests, 1.2 s``."""
    requests = many(report.requests, "request") if report.requests else ""
    took = "" if report.seconds is None else run_time(report.seconds)
    return ", ".join(filter(None, (requests, took)))


def _group_of(result: UpdateResult) -> str:
    """The worst that is to be said of a dataset; ``new`` if there is nothing but new bars."""
    record = result.record
    if record.outcome in ("failed", "partial"):
        return "failed"
    if any(each.is_to_decide for each in result.findings):
        return "suspect"
    if any(gap.is_pending for gap in result.gaps):
        return "incomplete"
    if record.restatement is not None:
        return "restated"
    if record.revised:
        return "corrected"
    return "new" if record.has_changed else "unchanged"


def _done(result: UpdateResult, report: RunReport) -> str:
    verb = result.record.verb if report.verb == "sync" else report.verb
    return _DONE.get(verb, "changed")


def _counted(result: UpdateResult, name: str) -> Counted:
    group = _group_of(result)
    if group == "new":
        added = result.record.added
        group = "many" if added > _FEW_BARS else "few" if added > 1 else "one" if added else "none"
    says = "; ".join(_facts(result))
    last = stamp(result.last, result.dataset.frequency)
    is_changed = result.record.revised > 0 or result.record.restatement is not None
    changed = result.dataset if is_changed else None
    return Counted(group, name, says, result.record.added, last, changed)


def _facts(result: UpdateResult) -> Iterator[str]:
    """What is to be said of a dataset, the worst first; without its name, to be alike."""
    record, frequency = result.record, result.dataset.frequency
    if record.error is not None:
        part = f"{change_words(record)}: " if record.outcome == "partial" else ""
        yield part + without_name(record.error.message, result.dataset)
    if doubts := [each for each in result.findings if each.is_to_decide]:
        details = "; ".join(first_of((each.detail for each in doubts), _SHOWN))
        yield f"{many(len(doubts), 'finding')}: {details}"
    if waiting := [gap for gap in result.gaps if gap.is_pending]:
        missing = many(sum(gap.missing for gap in waiting), "bar")
        one = f"{gap_words(waiting[0], frequency)} ({waiting[0].state})"
        yield one if len(waiting) == 1 else f"{many(len(waiting), 'gap')}, {missing} missing"
    if record.restatement is not None:
        kept = record.restatement.kept
        more = f": {many(record.revised, 'earlier bar')}" * bool(record.revised)
        more += f", {many(kept, 'bar')} kept" * bool(kept)
        yield restated_words(record.restatement) + more
    elif record.revised:
        stamps = {each.stamp for each in record.revisions}
        columns = ", ".join(dict.fromkeys(each.column for each in record.revisions))
        one = f"{columns} of {stamp(next(iter(stamps)), frequency)}" if len(stamps) == 1 else ""
        yield f"{one or many(record.revised, 'bar')} revised"
    if record.filled:
        yield f"{many(record.filled, 'bar')} filled"
    yield from record.notes


def without_name(message: str, dataset: DatasetId) -> str:
    """What is said of a dataset, in the words that are said of others too."""
    words = message.replace(f"{dataset}: ", "").replace(str(dataset), "the dataset")
    return re.sub(rf"(?<!\w){re.escape(dataset.symbol)}(?!\w)", "…", words)
