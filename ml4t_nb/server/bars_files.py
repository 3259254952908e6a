"""Bars as a client accepts them: a file that is written, and then sent, in pieces.

An error is known before the first byte: a client never has half of the bars.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

from ml4t_nb.errors import OptionError
from ml4t_nb.events import silent
from ml4t_nb.execution.execute import call
from ml4t_nb.model import Command, FileFormat
from ml4t_nb.render.to_json import document
from ml4t_nb.reports import ExportReport
from ml4t_nb.server.bars_headers import bars_headers
from ml4t_nb.server.problems import RequestRefused

__all__ = ["MEDIA_TYPES", "BarsFile", "accepted", "bars_file"]

MEDIA_TYPES: dict[str, FileFormat] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.file": "arrow",
}
"""What bars can be sent as; the first is sent to who accepts anything."""
_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class BarsFile:
    """Bars in a file, what is sent before and after it, and headers that say what they are."""

    path: Path
    headers: tuple[tuple[str, str], ...]
    before: bytes = b""
    after: bytes = b""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.before) + self.path.stat().st_size + len(self.after)

    def pieces(self) -> Iterator[bytes]:
        """All of it, in order."""
        yield self.before
        with self.path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
        yield self.after


def accepted(header: str) -> str:
    """The media type to send, by an Accept header: of those wanted most, the first we have."""
    wanted = sorted(map(_wanted, (header or "*/*").split(",")), key=lambda each: -each[1])
    for media, weight in wanted:
        for own in MEDIA_TYPES if weight > 0 else ():
            if media in (own, f"{own.partition('/')[0]}/*", "*/*"):
                return own
    raise RequestRefused(
        HTTPStatus.NOT_ACCEPTABLE,
        f"bars are not sent as {header}",
        hint=f"accept one of {', '.join(MEDIA_TYPES)}",
    )


def _wanted(part: str) -> tuple[str, float]:
    media, *parameters = (each.strip().lower() for each in part.split(";"))
    weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return media, float(weight)
    except ValueError:
        return media, 0.0


def bars_file(asked: Command, media: str, folder: Path) -> BarsFile:
    """The bars that are asked for, in a file in ``folder``."""
    kind = MEDIA_TYPES[media]
    if asked.arguments.get("errors") == "skip" and kind != "json":
        raise OptionError(
            "errors=skip is for JSON alone, which says what was skipped",
            hint="accept application/json, or leave errors out",
        )
    out = folder / f"bars.{kind}"
    report = call(Command("export", {**asked.arguments, "out": out}), watch=silent)
    assert isinstance(report, ExportReport)
    headers = tuple(bars_headers(report))
    if kind != "json":
        return BarsFile(out, headers)
    datasets = tuple(replace(each, out=None) for each in report.datasets)
    said = json.dumps(
        document(replace(report, datasets=datasets, bars=None, out=None), "ml4t-data")
    )
    # The document of an export without a file has the rows of that file.
    return BarsFile(out, headers, f'{said[:-1]}, "bars": '.encode(), b"}\n")
