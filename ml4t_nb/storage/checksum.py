"""Checksums of files: XXH3 of 64 bits, and CRC-32 of those that earlier versions wrote."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import xxhash

__all__ = ["checksum_of", "checksum_of_parts", "has_checksum"]


def checksum_of(content: bytes) -> str:
    """The checksum of a new file."""
    return f"xxh3:{xxhash.xxh3_64_hexdigest(content)}"


def checksum_of_parts(parts: Iterable[memoryview]) -> str:
    """The checksum of the parts, one after the other."""
    found = xxhash.xxh3_64()
    for each in parts:
        found.update(each)
    return f"xxh3:{found.hexdigest()}"


def has_checksum(content: bytes, checksum: str) -> bool:
    """Whether the content is that of which the checksum was made."""
    if checksum.startswith("crc32:"):
        return checksum == f"crc32:{zlib.crc32(content):08x}"
    return checksum == checksum_of(content)
