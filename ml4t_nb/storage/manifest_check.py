"""Whether a manifest is plausible: its checksum is not a signature, and stores can be copied."""

from __future__ import annotations

from itertools import pairwise

from ml4t_nb.core.timestamps import TICK
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.names import CHUNK_NAME

__all__ = ["inconsistency"]

# Bars that are all alike take a twentieth of a byte each, and what writes and reads them takes
# room for as many as the manifest says.
_MOST_ROWS_PER_BYTE = 64
_CRC_END = 1 << 32


def inconsistency(manifest: Manifest) -> str:
    """What of its chunks cannot be; empty if all can."""
    for chunk in manifest.chunks:
        if fault := _fault(chunk, manifest.sequence):
            return f"its chunk {chunk.file!r} {fault}"
    files = [chunk.file for chunk in manifest.chunks]
    if len({*files}) < len(files):
        return "it lists a chunk twice"
    for before, after in pairwise(manifest.chunks):
        if after.first <= before.last:
            return f"its chunk {after.file!r} begins before {before.file!r} ends"
    return ""


def _fault(chunk: Chunk, sequence: int) -> str:
    name = CHUNK_NAME.fullmatch(chunk.file)
    if not name or name["date"] != chunk.first.date().isoformat():
        return "does not have the name of a chunk that begins there"
    if not 1 <= int(name["number"]) <= sequence:
        return f"is not from a commit up to {sequence}"
    if chunk.bytes < 1 or not 0 <= chunk.crc < _CRC_END:
        return "has an invalid size or checksum"
    return (
        "" if _has_room(chunk) else f"cannot hold {chunk.rows} bars, {chunk.filled} of them filled"
    )


def _has_room(chunk: Chunk) -> bool:
    """Whether so many bars go into so many bytes, and between the first and the last stamp."""
    ticks = (chunk.last - chunk.first) // TICK
    return (
        1 <= chunk.rows <= min(_MOST_ROWS_PER_BYTE * chunk.bytes, ticks + 1)
        and 0 <= chunk.filled <= chunk.rows
        and (chunk.rows > 1 or ticks == 0)
    )
