"""What is stored, without what no two runs have in common: their times, and names by chance."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ml4t_nb.events import Event, Fetched
from ml4t_nb.records import UpdateResult
from ml4t_nb.reports import RunReport

__all__ = ["Heard", "outcomes", "stored"]

_BY_CHANCE = re.compile(r"\.[0-9a-f]{6}(?=\.)")


def stored(home: Path) -> dict[str, object]:
    """Every file of bars, byte for byte, and every manifest."""
    found: dict[str, object] = {}
    for path in home.rglob("*"):
        name = _BY_CHANCE.sub("", path.relative_to(home).as_posix())
        if path.suffix == ".parquet":
            found[name] = path.read_bytes()
        elif path.match("state/*/*/*/m.*.json"):
            document = json.loads(_BY_CHANCE.sub("", path.read_text("utf-8")))
            found[name] = _timeless(document["manifest"])
    assert found
    return found


def outcomes(report: RunReport) -> tuple[UpdateResult, ...]:
    """The results of a run, in their order."""
    return tuple(
        replace(
            each,
            record=replace(each.record, seconds=0.0),
            history=tuple(replace(record, seconds=0.0) for record in each.history),
        )
        for each in report.results
    )


class Heard:
    """An observer that keeps what happened to each dataset, in order."""

    def __init__(self, then: Callable[[Event], None] = lambda _: None) -> None:
        self.of: dict[str, list[Event]] = {}
        self._then = then

    def __call__(self, event: Event) -> None:
        if dataset := getattr(event, "dataset", None):
            told = replace(event, seconds=0.0) if isinstance(event, Fetched) else event
            self.of.setdefault(dataset.symbol, []).append(told)
        self._then(event)


def _timeless(value: Any) -> Any:  # noqa: ANN401  # whatever JSON holds
    if isinstance(value, Mapping):
        return {name: _timeless(each) for name, each in value.items() if name != "seconds"}
    return [_timeless(each) for each in value] if isinstance(value, list) else value
