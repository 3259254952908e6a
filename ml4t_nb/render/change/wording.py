"""What a run, or all since a version, changed: which bars, when, by how much, and why.

No sentence says "every bar" or "its" bars unless every single one was compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ml4t_nb.render.change.effect_words import (
    corrected_details,
    dividend_words,
    effect,
    largest_move,
    listed,
    moved_details,
    splits_words,
)
from ml4t_nb.render.change.run_change import RunChange
from ml4t_nb.render.change.version_words import (
    bars_since,
    cause_since,
    details_since,
    is_without_splits,
)
from ml4t_nb.render.format import many

__all__ = ["change_sentence", "detail_words"]

_FETCHING = ("load", "update", "gaps")


def change_sentence(change: RunChange) -> str:
    """What changed, in one sentence."""
    if not change.is_restated:
        return _corrected(change) if change.versions is None else bars_since(change)
    reason = ", so the history stays one line" if _is_one_line(change) else ""
    cause = _cause(change) if change.versions is None else cause_since(change)
    return f"{cause}: {effect(change)}{reason}."


def detail_words(change: RunChange) -> str:
    """Factors, span, and what else there is to say, in a few short sentences."""
    parts = [*(moved_details(change) if change.is_restated else corrected_details(change))]
    if change.versions is not None:
        return " ".join([*parts, *details_since(change)])
    besides = _besides(change) if change.is_restated else ()
    return " ".join([*parts, *besides, "The old bars are kept."])


def _cause(change: RunChange) -> str:
    """The split that a run followed, the run that it took back, or that no split was named."""
    symbol, record = change.report.dataset.symbol, change.record
    if record.undid:
        return f"Run {record.undid} of {symbol} was undone"
    if change.splits:
        return f"{symbol} split {splits_words(change.splits)}"
    if dividend := dividend_words(change):
        return f"{symbol} paid {dividend}"
    whose = record.provider or "a run"
    return f"{whose} moved the history of {symbol} to another basis and names no split"


def _is_one_line(change: RunChange) -> bool:
    """Whether the step to the bar after those that moved is smaller than it would be without."""
    import numpy as np

    is_undone = change.record.undid if change.versions is None else is_without_splits(change)
    if change.odd.any() or is_undone:
        return False
    last = int(np.flatnonzero(change.moved)[-1])
    after = change.now[last + 1 :]
    after = after[np.isfinite(after)]
    values = (change.was[last], change.now[last])
    if not len(after) or not all(math.isfinite(each) and each > 0 for each in (*values, after[0])):
        return False
    old, new = (abs(math.log(float(after[0]) / float(each))) for each in values)
    return new < old


def _besides(change: RunChange) -> Iterator[str]:
    """What the run did to other bars."""
    import numpy as np

    last = int(np.flatnonzero(change.moved)[-1])
    restatement = change.record.restatement
    kept = 0 if restatement is None else restatement.kept
    for number, words in (
        (kept, "that the provider no longer has moved with them"),
        (int((change.changed & ~change.moved).sum()), "changed besides"),
        (int(change.added[:last].sum()), "added among them"),
        (int(change.removed.sum()), "taken out"),
    ):
        if number:
            yield f"{many(number, 'bar')} {words}."


def _corrected(change: RunChange) -> str:
    """Of values that were replaced, brought or taken out: by whom, how many, which moved most."""
    symbol, record = change.report.dataset.symbol, change.record
    changed, added, removed = (
        int(each.sum()) for each in (change.changed, change.added, change.removed)
    )
    verb = record.verb
    if record.undid:
        who = f"Undoing run {record.undid}"
    elif verb in _FETCHING and record.provider:
        who = record.provider
    else:
        who = {"review": "A decision", "reconcile": "Reconciling"}.get(verb, f"A run ({verb})")
    does = "corrected" if who == record.provider else "changed"
    deeds = [
        f"{deed} {many(number, 'bar')}"
        for deed, number in ((does, changed), ("brought", added), ("took out", removed))
        if number
    ]
    head = f"{who} {listed(deeds)} of {symbol}"
    if not (move := largest_move(change)):
        return f"{head}."
    return f"{head}{move}"
