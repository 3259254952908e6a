"""Bars that are later than an as-of: who reads them as of then looks ahead."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from ml4t_nb.errors import CalendarUnknown, LaterBars, Ml4tError, VersionNotFound
from ml4t_nb.model import DatasetId, bar_length
from ml4t_nb.options import Moment, as_moment
from ml4t_nb.verbs.past import earliest_known, version_known_on

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ml4t_nb.model import SessionOverride
    from ml4t_nb.records import Summary
    from ml4t_nb.storage.manifest import Manifest
    from ml4t_nb.workspace import Workspace

__all__ = ["LookAhead"]

_log = logging.getLogger(__name__)

# So far from the last stamp, no calendar is needed: a bar of a week lasts the longest.
_FAR = timedelta(days=10)


@dataclass(slots=True)
class LookAhead:
    """What is later, among the datasets that a verb reads, than the as-of of its run.

    An as-of that was given refuses such bars. Where only the setting says it, they are read, and
    one sentence is logged, since it is set for loads and updates, too. The clock's is not looked
    at: nothing is stored that is later.

    Parameters
    ----------
    ws
        With its store as it is read.
    given
        The as-of that the verb was called with.
    """

    ws: Workspace
    given: Moment | None = None
    _later: dict[DatasetId, datetime] = field(default_factory=dict)

    @property
    def moment(self) -> datetime | date | None:
        """The as-of; None if it is the clock's."""
        return as_moment(self.given, option="--as-of") or self.ws.settings.as_of

    def take(self, manifest: Manifest) -> None:
        """Look at the bars that a manifest names; LaterBars if the as-of given refuses them."""
        config, last = manifest.config, manifest.last
        self._take(manifest.dataset, last, config.calendar, config.session_overrides)

    def take_rows(self, rows: Iterable[Summary]) -> None:
        """Look at the bars of datasets of which there is one row each."""
        for each in rows:
            self._take(each.dataset, each.last, each.calendar, ())

    def _take(
        self,
        dataset: DatasetId,
        last: datetime | None,
        calendar: str,
        overrides: Iterable[SessionOverride],
    ) -> None:
        moment = self.moment
        if moment is None or last is None or dataset in self._later:
            return
        if not _is_later(last, moment, dataset, calendar, overrides):
            return
        if self.given is not None:
            raise LaterBars(
                f"{dataset} has bars up to {_shown(last, dataset)}, later than the as-of "
                f"{_written(moment)}",
                hint=self._advice(dataset, moment),
            )
        self._later[dataset] = last

    def told(self) -> tuple[str, ...]:
        """The sentence about what was found; it is logged."""
        moment = self.moment
        if moment is None or not self._later:
            return ()
        dataset, last = max(self._later.items(), key=lambda each: each[1])
        setting, end = f"ML4T_DATA_AS_OF, {_written(moment)}", _shown(last, dataset)
        sentence = f"{dataset} has bars up to {end}, later than {setting}"
        if len(self._later) > 1:
            sentence = (
                f"{len(self._later)} datasets have bars later than {setting}, {dataset} up to {end}"
            )
        sentence = f"{sentence}: {self._advice(dataset, moment)}"
        _log.warning("%s", sentence)
        return (sentence,)

    def _advice(self, dataset: DatasetId, moment: datetime | date) -> str:
        """How to read what was known then, or what there is instead."""
        from ml4t_nb.storage.past_store import NotChosen

        versions = self.ws.store.versions(dataset)
        try:
            version_known_on(self.ws, versions, moment)
        except NotChosen:
            first = earliest_known(versions)
            so_early = f", its first version is of {first:%Y-%m-%d}" if first else ""
            without = "without as_of, " if self.given is not None else ""
            day = moment.date() if isinstance(moment, datetime) else moment
            return (
                f"nothing of it was known then{so_early}; {without}end={day} cuts off there what "
                "is known now"
            )
        except VersionNotFound as gone:
            return gone.message
        except Ml4tError:
            pass  # its past cannot be read, or not be dated: who reads it is told why
        return f"known_on={_written(moment)} reads what was known then"


def _is_later(
    last: datetime,
    moment: datetime | date,
    dataset: DatasetId,
    name: str,
    overrides: Iterable[SessionOverride],
) -> bool:
    """Whether the bar of that stamp was over only after ``moment``; a date means its close."""
    instant = moment if isinstance(moment, datetime) else None
    day = moment.date() if isinstance(moment, datetime) else moment
    if abs(last.date() - day) > _FAR:
        return last.date() > day
    from ml4t_nb.calendars import calendar

    frequency = dataset.frequency
    try:
        dates = calendar(name, overrides)
        if instant is None:
            instant = dates.closing(day, timedelta(0))
        return last >= dates.final_before(instant, frequency, timedelta(0))
    except CalendarUnknown:
        # Of a calendar that is gone, or days that it does not know: by the length of the bar.
        length = bar_length(frequency) or timedelta(days=7 if frequency == "weekly" else 1)
        if instant is None:
            instant = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        return last + length > instant


def _shown(stamp: datetime, dataset: DatasetId) -> str:
    is_intraday = bar_length(dataset.frequency) is not None
    return f"{stamp:%Y-%m-%d %H:%M} UTC" if is_intraday else f"{stamp:%Y-%m-%d}"


def _written(moment: datetime | date) -> str:
    """As it can be given again."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).isoformat(timespec="minutes")
    return moment.isoformat()
