"""Gaps as rows of a list, and what can be done about each."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ml4t_nb.model import DatasetId, Gap
from ml4t_nb.notebook.panels.gap_rows import gap_rows
from ml4t_nb.notebook.panels.gap_target import GapTarget, disabled_reasons
from tests.render.reports import day


def gap(missing: int = 2, **more: Any) -> Gap:  # noqa: ANN401
    return Gap(day("2024-01-10"), day("2024-01-11"), missing, **more)


@pytest.mark.parametrize(
    ("what", "possible"),
    [
        (gap(), {"refetch", "refill", "close"}),
        (gap(5), {"refetch", "refill", "close"}),
        (gap(6), {"refetch", "close"}),
        (gap(6, filled_by="forward"), {"refetch", "refill", "unfill", "close"}),
        (gap(state="failed"), {"refetch", "refill", "close"}),
        (gap(state="confirmed"), {"refetch", "refill", "close", "reopen"}),
        (gap(state="closed"), {"reopen"}),
        (gap(is_left_open=True), {"refetch", "refill", "close", "reopen"}),
    ],
)
def test_only_what_makes_sense_can_be_pressed(what: Gap, possible: set[str]) -> None:
    demo = DatasetId("equities", "daily", "DEMO")
    target = GapTarget(demo, what, date(2024, 1, 10), date(2024, 1, 11), (what,))

    against = disabled_reasons(target)

    assert {name for name, reason in against.items() if not reason} == possible
    assert set(disabled_reasons(None).values()) == {"choose a gap"}


def test_columns_of_the_list_stand_under_their_headings() -> None:
    heading, lines = gap_rows([gap(1200, state="confirmed"), gap(filled_by="zero")], "daily", "UTC")

    starts = [heading.index(word) for word in ("First", "Last", "State", "Filled")]
    assert [line[at - 1] for line in lines for at in starts[1:]] == ["\u00a0"] * 6
    assert [line[starts[2] :].split("\u00a0")[0] for line in lines] == ["confirmed", "open"]
    end = heading.index("Missing") + len("Missing")
    assert [line[:end].split("\u00a0")[-1] for line in lines] == ["1,200", "2"]
