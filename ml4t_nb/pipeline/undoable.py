"""Which run of a dataset can be taken back, and what else does what an undo cannot."""

from __future__ import annotations

from collections.abc import Sequence

from ml4t_nb.errors import OptionError
from ml4t_nb.model import Hint, NextStep
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.manifest import Manifest

__all__ = ["has_replaced_all", "run_to_undo"]

_REPLACING = ("restated", "suspicious", "insufficient")


def has_replaced_all(record: UpdateRecord) -> bool:
    """Whether a run has replaced the whole history, perhaps on another basis."""
    return record.restatement is not None or (record.verdict in _REPLACING and record.revised > 0)


def run_to_undo(
    state: Manifest, history: Sequence[UpdateRecord], version: int | None
) -> UpdateRecord:
    """The run of that number in ``history``, or the last one that can be undone.

    OptionError if there is none.
    """
    dataset = state.dataset
    undone = {each.undid: each.version for each in history if each.undid}
    if version is None:
        for each in reversed(history):
            if each.version not in undone and not _reason(state, each):
                return each
        raise OptionError(
            f"no run of {dataset} can be undone: none replaced a value or decided anything",
            hint=NextStep("history", dataset),
        )
    found = next((each for each in history if 0 < each.version == version), None)
    if found is None:
        raise OptionError(
            f"{dataset} has no run {version} in its history",
            hint=("the runs there are: ", NextStep("history", dataset)),
        )
    if version in undone:
        raise OptionError(
            f"run {version} of {dataset} is undone already, by run {undone[version]}",
            hint=("the runs there are: ", NextStep("history", dataset)),
        )
    if reason := _reason(state, found):
        words, hint = reason
        raise OptionError(f"run {version} of {dataset} {words}", hint=hint)
    return found


def _reason(state: Manifest, record: UpdateRecord) -> tuple[str, Hint] | None:
    """Why a run cannot be undone, and what to do instead; None if it can."""
    dataset = state.dataset
    otherwise: dict[str, tuple[str, Hint]] = {
        "undo": (
            "is an undo itself",
            ("to take the provider's values: ", NextStep("accept", dataset)),
        ),
        "remove": ("removed bars", ("to fetch them again: ", NextStep("load", dataset))),
        "end": (
            "declared an end, or took it back",
            ("to take an end back: ", NextStep("reopen", dataset)),
        ),
        "rename": (
            "joined the history of a former name",
            "load the former name again, if its provider still knows it",
        ),
    }
    if record.verb in otherwise:
        return otherwise[record.verb]
    if record.is_undoable:
        return None
    if record.added:
        return "only added bars", "remove takes bars out, with --start and --end"
    if record.verb == "gaps":
        step = NextStep("all_gaps", dataset)
        return "changed only gaps", ("other actions on these take that back: ", step)
    return "changed no bar", ("the runs there are: ", NextStep("history", dataset))
