"""The report of ``health`` as tables, lines and maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from ml4t_nb import reports
from ml4t_nb.model import AssetClass, NextStep
from ml4t_nb.records import Health
from ml4t_nb.render.alike_notes import Told, alike_notes
from ml4t_nb.render.folding import (
    FEW,
    Counted,
    GroupKind,
    folded_groups,
    names_of,
    next_commands,
)
from ml4t_nb.render.format import MARKS, count, day, instant, labelled, many, size, stamp
from ml4t_nb.render.layout import (
    Block,
    Folded,
    Group,
    Headline,
    NextCommands,
    Note,
    SessionMap,
    Table,
    nothing_stored,
)

__all__ = ["class_totals", "health_blocks", "session_maps"]

_HEADINGS = ("State", "Datasets", "Bars>", "Last>")


def health_blocks(report: reports.HealthReport) -> Iterator[Block]:
    """How many are in which state; then those that need attention, each, or of many each cause."""
    if not report.datasets:
        yield nothing_stored(report.home)
        yield [*_left_notes(report)]
        return
    yield _headline(report)
    shown = [each for each in report.datasets if report.detailed or each.state != "healthy"]
    doubtful = [each for each in shown if each.state != "healthy"]
    if shown:
        table = _judged(shown, report)
        if len(doubtful) > FEW:
            yield Folded(_HEADINGS, _groups(report), len(report.datasets), table)
            steps = ((each.dataset, each.step) for each in doubtful)
            if commands := next_commands(steps, report.home):
                yield NextCommands(commands)
        if len(doubtful) <= FEW or report.detailed:
            yield table
        if len(doubtful) <= FEW:
            yield [
                Note(f"{MARKS[each.state]} {each.dataset.symbol}: {each.reason}", each.step)
                for each in doubtful
            ]
    yield [*_left_notes(report)]
    if report.recent:
        yield from session_maps(report.datasets, report.recent)


def _left_notes(report: reports.HealthReport) -> Iterator[Note]:
    """What is left of datasets that are not stored any more, and what erases it."""
    told = []
    for each in report.left:
        what = "was deleted by hand" if each.is_by_hand else "was removed"
        # Of many, one note for all of which the same is told.
        much = "some" if len(report.left) > FEW else size(each.bytes)
        words = f"{what}: {much} of its versions and records are left"
        told.append(Told(each.dataset, "", words, NextStep("forget", each.dataset)))
    yield from alike_notes(told, report.home)


def _headline(report: reports.HealthReport) -> Headline:
    counted = ", ".join(
        f"{report.count(state):,} {state}" for state in MARKS if report.count(state)
    )
    classes = class_totals(report.datasets)
    each_of = ", ".join(f"{number:,} {name}" for name, (number, _) in classes.items())
    about = [many(report.rows, "bar"), f"as of {instant(report.as_of)}"]
    if len(classes) > 1:
        about.insert(1, each_of)
    if number := sum(each.versions or 0 for each in report.datasets):
        past = sum(each.versions_bytes or 0 for each in report.datasets)
        about.append(f"{many(number, 'past version')}, {size(past)}")
    return Headline(f"{many(len(report.datasets), 'dataset')}: {counted}", " · ".join(about))


def _groups(report: reports.HealthReport) -> tuple[Group, ...]:
    names = names_of(each.dataset for each in report.datasets)
    items = [
        Counted(
            each.state,
            names[each.dataset],
            "" if each.state == "healthy" else each.reason.removeprefix(f"data are {each.state}: "),
            each.rows,
            stamp(each.last, each.dataset.frequency),
        )
        for each in report.datasets
    ]
    kinds: dict[str, GroupKind] = {
        state: GroupKind(state, state, is_open=state != "healthy") for state in reversed(MARKS)
    }
    return folded_groups(items, kinds, signed=False)


def session_maps(
    datasets: Sequence[Health], recent: Sequence[tuple[reports.RecentSession, ...]]
) -> Iterator[SessionMap]:
    """A map of what each dataset has of late, and one of the weeks of weekly bars."""
    both = list(zip(datasets, recent, strict=True))
    for is_weekly, what in ((False, "sessions"), (True, "weeks")):
        chosen = [each for each in both if (each[0].dataset.frequency == "weekly") == is_weekly]
        days = tuple(sorted({each.session for _, had in chosen for each in had}))
        if not days:
            continue
        by_day = ({each.session: each for each in had} for _, had in chosen)
        yield SessionMap(
            f"{what} from {days[0]} to {days[-1]}",
            days,
            tuple(labelled(health.dataset, health.provider) for health, _ in chosen),
            tuple(tuple(had.get(day) for day in days) for had in by_day),
        )


def class_totals(datasets: Iterable[Health]) -> dict[AssetClass, tuple[int, int]]:
    """How many datasets there are of each asset class, and bars in them."""
    totals: dict[AssetClass, tuple[int, int]] = {}
    for each in datasets:
        number, rows = totals.get(each.dataset.asset_class, (0, 0))
        totals[each.dataset.asset_class] = number + 1, rows + each.rows
    return totals


def _judged(shown: list[Health], report: reports.HealthReport) -> Table:
    more = ("First", "Updated", "Days ago>", "Failed>", "Next due") if report.detailed else ()
    if any(each.versions for each in shown):
        more = (*more, "Versions>", "Their size>")
    headings = ("", "State", "Dataset", "Bars>", "Last", "Behind>", "Gaps>", *more)
    rows = (
        (
            MARKS[each.state],
            each.state,
            labelled(each.dataset, each.provider),
            count(each.rows),
            stamp(each.last, each.dataset.frequency),
            count(each.sessions_behind),
            count(each.gaps_open),
            stamp(each.first, each.dataset.frequency),
            day(each.updated),
            "-" if each.days_since_run is None else count(each.days_since_run),
            count(each.recent_errors),
            _due_words(each, report.as_of),
            count(each.versions or 0),
            size(each.versions_bytes or 0),
        )
        for each in shown
    )
    return Table(headings, tuple(row[: len(headings)] for row in rows))


def _due_words(health: Health, as_of: datetime) -> str:
    """When an update of it is due."""
    if health.due is None:
        return "-"
    return "now" if health.due <= as_of else instant(health.due)
