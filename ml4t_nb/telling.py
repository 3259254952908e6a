"""What a run changed, told to the targets of its store: once, whatever other process tells too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeAlias

from ml4t_nb.core.notices import (
    DueNotices,
    after_failure,
    due_notices,
    is_to_be_tried,
    with_renamed,
    without_dataset,
)
from ml4t_nb.errors import LockTimeout, MissingExtra, StoreNewer, StoreNotWritable
from ml4t_nb.model import DatasetId
from ml4t_nb.notice import Delivery, Notice, Observed, ToldState
from ml4t_nb.storage.told_file import locked_told, read_told, write_told
from ml4t_nb.targets.sending import Message, refusal, send
from ml4t_nb.targets.settings import NotifyTarget

__all__ = ["Compose", "forget", "keep_renamed", "tell"]

Compose: TypeAlias = Callable[[Sequence[Notice]], tuple[str, str]]
"""Title and body of one message about the notices."""

# Who holds the lock sends messages, in some seconds at most.
_PATIENCE_S = 30.0


def tell(
    home: Path,
    targets: Sequence[NotifyTarget],
    observed: Collection[Observed],
    *,
    as_of: datetime,
    compose: Compose,
    sends: bool = True,
) -> tuple[Delivery, ...]:
    """Tell each target what is new since it was told last; a delivery for each message.

    Where nothing ``sends``, what no later run would find again is kept for it. Where the store
    cannot be written, that is worth telling more than once.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked_told(home, timeout_s=_PATIENCE_S))
            is_kept = True
        except LockTimeout as error:
            return (Delivery("", error=error.message),)
        except StoreNotWritable:
            is_kept = False
        before = read_told(home)
        known = {each: before.get(each.name, ToldState()) for each in targets}
        due = {each: due_notices(known[each], observed, each.on, as_of) for each in targets}
        tried = {
            each: one
            for each, one in due.items()
            if sends and one.notices and is_to_be_tried(known[each], as_of)
        }
        outcomes = _outcomes(tried, compose)
        after = {
            each.name: _after(known[each], due[each], outcomes.get(each), as_of) for each in targets
        }
        if is_kept and after != before:
            with suppress(StoreNotWritable):
                write_told(home, after)
    return tuple(
        Delivery(each.name, len(due[each].notices), one.error) for each, one in outcomes.items()
    )


def forget(home: Path, dataset: DatasetId) -> None:
    """Forget what targets were told of a dataset that is removed, unless it cannot be written."""
    _change(home, lambda told: without_dataset(told, dataset))


def keep_renamed(home: Path, old: DatasetId, new: DatasetId) -> None:
    """Keep what targets were told of a dataset for the name under which it goes on.

    If it cannot be written, the next run tells that it ended under the old one.
    """
    _change(home, lambda told: with_renamed(told, old, new))


def _change(home: Path, change: Callable[[ToldState], ToldState]) -> None:
    """Write what each target knows, changed so."""
    with suppress(LockTimeout, StoreNewer, StoreNotWritable):
        if not read_told(home):
            return
        with locked_told(home, timeout_s=_PATIENCE_S):
            before = read_told(home)
            after = {name: change(told) for name, told in before.items()}
            if after != before:
                write_told(home, after)


class _Outcome(NamedTuple):
    """Why a message did not arrive, empty if it did, and whether it may have arrived all the same.

    Nothing was sent where it may not.
    """

    error: str
    is_sent: bool = True


def _outcomes(
    tried: Mapping[NotifyTarget, DueNotices], compose: Compose
) -> dict[NotifyTarget, _Outcome]:
    outcomes = {each: _Outcome(_unable(each), is_sent=False) for each in tried}
    messages = [
        Message(each, *compose(tried[each].notices))
        for each, outcome in outcomes.items()
        if not outcome.error
    ]
    sent = zip(messages, send(messages), strict=True) if messages else ()
    return {**outcomes, **{message.target: _Outcome(error) for message, error in sent}}


def _unable(target: NotifyTarget) -> str:
    try:
        return target.error or refusal(target)
    except MissingExtra as error:
        return f"{error.message} ({error.hint})"


def _after(
    known: ToldState, due: DueNotices, outcome: _Outcome | None, as_of: datetime
) -> ToldState:
    """What a target knows after a run; without an outcome it was not tried."""
    is_told = outcome is not None and not outcome.error
    if is_told or not due.notices:
        return due.after
    is_sent = outcome is not None and outcome.is_sent
    return after_failure(known, due, as_of if is_sent else None)
