"""What differs from a past version, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ml4t_nb.render.change.effect_words import (
    date_words,
    dividend_words,
    largest_move,
    listed,
    splits_words,
)
from ml4t_nb.render.change.number_words import day_words
from ml4t_nb.render.change.run_change import RunChange
from ml4t_nb.render.format import many, ratio
from ml4t_nb.reports import ComparedVersions

__all__ = ["bars_since", "cause_since", "details_since", "is_without_splits"]


def cause_since(change: RunChange) -> str:
    """Why the history is on another basis than it was in the earlier version."""
    symbol, versions = change.report.dataset.symbol, _versions(change)
    if is_without_splits(change):
        gone = [(day, 1 / value) for day, value in change.splits]
        return f"{symbol} lacks the split {_of(gone)} that version {versions.then} had"
    if change.splits:
        return f"{symbol} split {splits_words(change.splits)} {_since(versions)}"
    if dividend := dividend_words(change):
        return f"{symbol} paid {dividend} {_since(versions)}"
    return (
        f"The history of {symbol} is on another basis than in version {versions.then}, and no "
        "split is named"
    )


def is_without_splits(change: RunChange) -> bool:
    """Whether the splits are those of the earlier version, which the later one lacks."""
    before = change.report.before
    assert before is not None
    days = [day for day, _ in change.splits]
    return bool(days) and bool((before["split"].reindex(days).fillna(1) != 1).all())


def bars_since(change: RunChange) -> str:
    """How many bars differ, or are in one version alone, and which value moved most."""
    symbol, versions = change.report.dataset.symbol, _versions(change)
    if not change.any_changed.any():
        if versions.then != versions.now:
            return f"{_later(versions)} has the same bars of {symbol} as version {versions.then}."
        is_read = "the newest: what is read now" if versions.is_newest else "compared with itself"
        return f"Version {versions.then} of {symbol} is {is_read}."
    counted = [
        (int(flags.sum()), deed)
        for flags, deed in (
            (change.changed, "changed"),
            (change.added, "added"),
            (change.removed, "taken out"),
        )
        if flags.any()
    ]
    (first, deed), *others = counted
    words = [f"{many(first, 'bar')} of {symbol} {_were(first)} {deed}"]
    words += [f"{number:,} {_were(number)} {deed}" for number, deed in others]
    head = f"{listed(words)} {_since(versions)}"
    if move := largest_move(change):
        return f"{head}{move}"
    return f"{head}{_ended(change)}."


def details_since(change: RunChange) -> Iterator[str]:
    """What else differs in a restated history, and that the version can be read."""
    import numpy as np

    if change.is_restated:
        last = int(np.flatnonzero(change.moved)[-1])
        for number, words in (
            (int((change.changed & ~change.moved).sum()), "changed besides"),
            (int(change.added[:last].sum()), "added among them"),
            (int(change.added[last:].sum()), "added after them"),
            (int(change.removed.sum()), "taken out"),
        ):
            if number:
                yield f"{many(number, 'bar')} {words}."
    yield f"Version {_versions(change).then} can be read as it was."


def _ended(change: RunChange) -> str:
    """Where the earlier version ended, if all that differs came after it."""
    import numpy as np

    had = np.flatnonzero(~change.added)
    if not len(had) or change.changed.any() or change.removed.any():
        return ""
    if change.added[: had[-1]].any():
        return ""
    last = day_words(change.stamps[had[-1]].to_pydatetime(), change)
    then = _versions(change).then
    return f"; version {then} ended on {last}, and no bar of it is another"


def _versions(change: RunChange) -> ComparedVersions:
    assert change.versions is not None
    return change.versions


def _since(versions: ComparedVersions) -> str:
    """``since version 17``."""
    if versions.is_newest:
        return f"since version {versions.then}"
    return f"between versions {versions.then} and {versions.now}"


def _later(versions: ComparedVersions) -> str:
    newest = f"Version {versions.now}, the newest,"
    return newest if versions.is_newest else f"Version {versions.now}"


def _of(splits: Sequence[tuple[datetime, float]]) -> str:
    return listed([f"{ratio(value)} of {date_words(day)}" for day, value in splits])


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
