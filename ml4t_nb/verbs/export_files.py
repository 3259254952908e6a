"""Bars of one dataset or many as files: one each, or all in one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ml4t_nb.model import FileFormat
from ml4t_nb.records import Exported
from ml4t_nb.verbs.formats import WholeFiles, csv_of, folder_made, json_of

if TYPE_CHECKING:
    import pandas as pd

    from ml4t_nb.reading.request import BarsRequest
    from ml4t_nb.reading.symbol_bars import SymbolBars

__all__ = ["Target", "exported", "write_bars"]


_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Target:
    """A file of bars, or a folder with one for each symbol.

    Parameters
    ----------
    is_wide
        The symbols stand side by side.
    """

    path: Path
    kind: FileFormat
    is_folder: bool = False
    is_wide: bool = False


def exported(part: SymbolBars, out: Path | None = None) -> Exported:
    """What is said of a dataset's bars."""
    from ml4t_nb.core.bars import as_instant
    from ml4t_nb.reading.origin import ATTRIBUTE

    bars, manifest, config = part.bars, part.manifest, part.manifest.config
    origin = bars.attrs[ATTRIBUTE]
    return Exported(
        dataset=part.dataset,
        provider=config.provider,
        currency=config.currency,
        frequency=origin["frequency"],
        derived_from=origin["derived_from"],
        rows=len(bars),
        first=as_instant(bars.index[0]) if len(bars) else None,
        last=as_instant(bars.index[-1]) if len(bars) else None,
        out=out,
        version=manifest.sequence,
        checksum=manifest.checksum,
        as_of=manifest.updated,
    )


def write_bars(
    parts: Iterable[SymbolBars], request: BarsRequest, target: Target, *, is_one: bool
) -> tuple[Exported, ...]:
    """Write bars of each dataset; one at a time is held, unless they stand side by side.

    All files are written or, on any error, none.
    """
    path, kind = target.path, target.kind
    with WholeFiles() as files:
        if target.is_folder:
            return tuple(_write_own(files, part, request, target) for part in parts)
        # A file of nothing would look like one of something.
        first = next(parts := iter(parts), None)
        if first is None:
            return ()
        if is_one and not target.is_wide:
            return (_write_one(files, first, request, path, kind),)
        found: list[Exported] = []
        noted = _noted(chain([first], parts), found, path)
        fill = _fill_wide if target.is_wide else _fill
        files.write(path, lambda file: fill(file, kind, noted, request, found))
    return tuple(found)


def _write_own(
    files: WholeFiles, part: SymbolBars, request: BarsRequest, target: Target
) -> Exported:
    from ml4t_nb.storage.names import folder_name

    folder_made(target.path)
    path = target.path / f"{folder_name(part.dataset.symbol)}.{target.kind}"
    return _write_one(files, part, request, path, target.kind)


def _write_one(
    files: WholeFiles, part: SymbolBars, request: BarsRequest, path: Path, kind: FileFormat
) -> Exported:
    done = exported(part, path)
    said = {**_origin(done), "adjust": request.adjust}
    files.write(path, lambda file: _put(file, kind, part.bars, said))
    return done


def _noted(parts: Iterable[SymbolBars], found: list[Exported], path: Path) -> Iterator[SymbolBars]:
    for part in parts:
        found.append(exported(part, path))
        yield part


def _fill_wide(
    file: BinaryIO,
    kind: FileFormat,
    parts: Iterable[SymbolBars],
    request: BarsRequest,
    found: Sequence[Exported],
) -> None:
    from ml4t_nb.reading.batch import batch_of
    from ml4t_nb.reading.wide import widened

    held = [*parts]
    frequency = held[0].frequency if held else "daily"
    bars = widened(batch_of(held, request.names), request.names, frequency)
    _put(file, kind, bars, _origin_of_all(found, request))


def _fill(
    file: BinaryIO,
    kind: FileFormat,
    parts: Iterable[SymbolBars],
    request: BarsRequest,
    found: Sequence[Exported],
) -> None:
    """The bars of one dataset after those of the other, told apart by a column."""
    from ml4t_nb.reading.batch import batch_of
    from ml4t_nb.reading.many import stacked

    frames = (stacked(batch_of([part], request.names), request.names) for part in parts)
    if kind == "parquet":
        _fill_parquet(file, frames, lambda: _origin_of_all(found, request))
    elif kind == "arrow":
        # What is written last, the datasets, has no place after the first bars.
        _fill_arrow(file, frames, {"adjust": request.adjust})
    else:
        _fill_text(file, kind, frames)


def _fill_text(file: BinaryIO, kind: FileFormat, frames: Iterable[pd.DataFrame]) -> None:
    """Rows as text, some at a time: in words they are much larger than in a frame."""
    pieces = (
        frame.iloc[first : first + _ROWS]
        for frame in frames
        for first in range(0, max(len(frame), 1), _ROWS)
    )
    if kind == "csv":
        texts = (csv_of(piece, heading=number == 0) for number, piece in enumerate(pieces))
        file.writelines(text.encode("utf-8") for text in texts)
    else:
        rows = (json_of(piece)[1:-1] for piece in pieces if len(piece))
        texts = (f"{', ' if number else ''}{row}" for number, row in enumerate(rows))
        file.writelines(text.encode("utf-8") for text in chain("[", texts, "]"))


def _fill_arrow(file: BinaryIO, frames: Iterable[pd.DataFrame], words: Mapping[str, str]) -> None:
    """A batch of rows, or more, for each frame, the first of which has the types of all."""
    import pyarrow as pa

    tables = map(pa.Table.from_pandas, frames)
    first = next(tables)
    schema = first.schema.with_metadata({**first.schema.metadata, **_as_metadata(words)})
    with pa.ipc.new_file(file, schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table)


def _fill_parquet(
    file: BinaryIO, pieces: Iterable[pd.DataFrame], words: Callable[[], Mapping[str, str]]
) -> None:
    """A row group for each piece, the first of which has the types of all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = map(pa.Table.from_pandas, pieces)
    first = next(tables)
    with pq.ParquetWriter(file, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table)
        writer.add_key_value_metadata(_as_metadata(words()))


def _put(file: BinaryIO, kind: FileFormat, bars: pd.DataFrame, words: Mapping[str, str]) -> None:
    """Bars as a file; Parquet and Arrow say in metadata what they are, beside pandas' own."""
    if kind == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(bars)
        known = table.schema.metadata or {}
        pq.write_table(table.replace_schema_metadata({**known, **_as_metadata(words)}), file)
    elif kind == "arrow":
        _fill_arrow(file, [bars], words)
    else:
        _fill_text(file, kind, [bars])


def _as_metadata(words: Mapping[str, str]) -> dict[str, str]:
    return {f"ml4t_nb.{name}": word for name, word in words.items() if word}


def _origin(of: Exported) -> dict[str, str]:
    return {
        "dataset": str(of.dataset),
        "provider": of.provider,
        "currency": of.currency,
        "frequency": of.frequency,
        "derived_from": of.derived_from or "",
        "version": f"{of.version}",
        "checksum": of.checksum,
        "as_of": of.as_of.isoformat() if of.as_of else "",
    }


def _origin_of_all(found: Sequence[Exported], request: BarsRequest) -> dict[str, str]:
    return {"adjust": request.adjust, "datasets": json.dumps([*map(_origin, found)])}
