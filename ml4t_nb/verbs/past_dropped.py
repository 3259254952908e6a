"""What is known of versions that are not there any more, and of removals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from ml4t_nb.errors import VersionNotFound

if TYPE_CHECKING:
    from ml4t_nb.storage.versions import Versions

__all__ = ["removed_error", "require_none_gone", "require_one_history"]


def removed_error(versions: Versions, number: int, moment: datetime | date) -> VersionNotFound:
    """The error that says that commit ``number`` had removed the dataset, or renamed it, by then.

    No version of it is wanted: a NotChosen.
    """
    from ml4t_nb.storage.past_store import NotChosen

    dataset, removal = versions.folder.dataset, versions.removals[number]
    assert removal is not None
    at = f"{removal.removed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if removal.renamed_to:
        new = replace(dataset, symbol=removal.renamed_to)
        return NotChosen(
            f"{dataset} was renamed as of {at}: since then its bars are those of {new}",
            hint=f"read {new.symbol} with known_on={moment.isoformat()}",
        )
    times = versions.times
    before = [each for each, at in times.items() if each < number and at is not None]
    return NotChosen(
        f"{dataset} was removed as of {at}: nothing of it was stored then",
        hint=f"its last version: version={before[-1]}" if before else "load it again",
    )


def require_none_gone(versions: Versions, number: int, until: datetime) -> None:
    """VersionNotFound if a later one than ``number``, as of ``until`` or before, was dropped."""
    dataset, there, times = versions.folder.dataset, versions.numbers, versions.times
    following = next((each for each in there if each > number), number + 1)
    known = {**_times_by_removals(versions), **_times_of_runs(versions)}
    # Of one before the last hundred runs it is not known: it may be the one.
    gone = [each for each in range(number + 1, following) if known.get(each, until) <= until]
    # As-ofs may begin again, where a dataset was removed and loaded as of an earlier day.
    gone += [each for each in known if each > following and each not in times]
    gone = [each for each in gone if known.get(each, until) <= until]
    if not gone:
        return
    runs = [each for each, at in times.items() if at is not None]
    nearest = [*[each for each in runs if each <= number][-1:]]
    nearest += [each for each in runs if each > number][:1]
    raise VersionNotFound(
        f"what was known of {dataset} then cannot be read any more: version {gone[-1]} is gone",
        hint=f"the nearest versions there are: {' and '.join(map(str, nearest))}"
        if nearest
        else "read it from a backup of then",
    )


def require_one_history(versions: Versions, number: int, until: datetime) -> None:
    """VersionNotFound if what followed version ``number`` by then was replaced from a backup.

    Then versions of later commits, of a history that was given up, lie beside those of the other.
    """
    at, later = versions.times[number], [each for each in versions.numbers if each > number]
    if at is None or until <= at:
        return
    newest = versions.folder.sequence()
    is_last = number != newest and not later
    if is_last or (later and versions.number_before(later[0]) < number):
        raise VersionNotFound(
            f"an earlier state of {versions.folder.dataset} was restored from a backup after "
            f"version {number}: what was known of it then cannot be said",
            hint=f"read version={number} or, without known_on, what is in force",
        )


def _times_by_removals(versions: Versions) -> dict[int, datetime]:
    """As-of of the first run before each removal, for all numbers of those that were removed."""
    return {
        each: removal.since
        for before, number in pairwise([0, *versions.removals])
        if (removal := versions.removals[number]) and removal.since
        for each in range(before + 1, number)
    }


def _times_of_runs(versions: Versions) -> dict[int, datetime]:
    """As-of of the last hundred runs, by the number of the commit that each made."""
    from ml4t_nb.storage.past_snapshot import read_version

    for number in reversed(versions.numbers):
        if versions.manifest(number) is not None:
            runs, _ = read_version(versions, number).readable_history()
            return {
                number: each.at if number == each.version else each.since
                for each in runs
                if each.version
                for number in range(each.first_version, each.version + 1)
            }
    return {}
