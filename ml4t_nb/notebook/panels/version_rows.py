"""Versions of a dataset as rows: which run made each one, and what it changed, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml4t_nb.records import UpdateRecord
from ml4t_nb.render.format import instant, many, one_line, ratio
from ml4t_nb.render.layout import Block, Note, Table
from ml4t_nb.verbs.stored_versions import StoredVersion, StoredVersions

__all__ = ["kept_versions", "version_rows", "versions_shown"]

_KEPT = 30
_DECIDING = ("review", "reconcile", "undo", "remove", "rename", "end")


def version_rows(versions: Sequence[StoredVersion], newest: int) -> list[str]:
    """Lines of the list, whose columns stand one below the other."""
    number = len(str(newest)) + 1  # off the edge of the list
    verb = max((len(_verb(each)) for each in versions), default=0)
    lines = (
        f"{each.number:>{number}}  {_when(each)}  {_verb(each):<{verb}}  {_run_words(each)}"
        f"{_state(each, newest)}"
        for each in versions
    )
    return [each.replace(" ", "\N{NO-BREAK SPACE}") for each in lines]


def _run_words(version: StoredVersion) -> str:
    """``split 2:1 restated 290 bars, 9 bars added``; what a person decided, in the run's words."""
    run = version.run
    if run is None:
        return "the dataset was removed" if version.at is None else "no record is left of its run"
    return ", ".join(_words(run)) or "no bar changed"


def versions_shown(versions: Sequence[StoredVersion], *, only_changed: bool) -> list[StoredVersion]:
    """All, or those whose runs changed stored values, and the newest."""
    return [
        each for at, each in enumerate(versions) if not only_changed or not at or _is_marked(each)
    ]


def kept_versions(found: StoredVersions) -> Iterator[Block]:
    """The newest versions as a saved notebook keeps them."""
    rows = tuple(
        (
            f"{each.number:,}",
            _when(each),
            _verb(each),
            f"{_run_words(each)}{_state(each, found.newest)}",
        )
        for each in found.versions[:_KEPT]
    )
    yield Table(("Version>", "As of", "Verb", "Change"), rows)
    more = len(found.versions) - len(rows)
    if more > 0:
        yield [Note(f"and {many(more, 'earlier version')}")]


def _is_marked(version: StoredVersion) -> bool:
    return version.has_changed_values or version.run is None


def _words(run: UpdateRecord) -> Iterator[str]:
    if run.restatement is not None:
        ratios = [ratio(value) for _, value in run.restatement.splits]
        why = f"split {' and '.join(ratios)}" if ratios else "another basis"
        yield f"{why} restated {many(run.revised, 'bar')}"
    elif run.revised and run.verb not in _DECIDING:
        yield f"{many(run.revised, 'bar')} corrected"
    if run.verb in _DECIDING and run.notes:
        yield one_line(run.notes[0])
    if run.added:
        yield f"{many(run.added, 'bar')} added"
    if run.filled:
        yield f"{many(run.filled, 'bar')} filled"
    if run.repeated:
        yield f"no bar changed, {run.times:,} times since {instant(run.since)}"


def _verb(version: StoredVersion) -> str:
    return "" if version.run is None else version.run.verb


def _when(version: StoredVersion) -> str:
    return "" if version.at is None else instant(version.at)


def _state(version: StoredVersion, newest: int) -> str:
    if version.undone_by:
        return f" (undone by run {version.undone_by})"
    if not version.is_kept:
        return " (not kept)"
    return " (newest)" if version.number == newest else ""
