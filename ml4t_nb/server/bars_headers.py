"""What bars are, in headers of the answer: CSV has no place for it, and Parquet is read later."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from ml4t_nb.records import Exported
from ml4t_nb.reports import ExportReport

__all__ = ["BARS_HEADERS", "bars_headers"]

_DATASETS = "ML4T-Datasets"
_LIST = """A list of structured fields (RFC 9651) with an item for each dataset: its name, \
percent-encoded, with the parameters version, checksum (of its manifest) and as-of (of its newest \
run). Of very many datasets, the first."""
_SENTENCE = """A sentence for the reader, such as that bars are later than ML4T_DATA_AS_OF; one \
header for each. What is not ASCII is percent-encoded."""
BARS_HEADERS: dict[str, tuple[str, bool]] = {
    _DATASETS: (_LIST, True),
    "ML4T-As-Of": ("As-of of the newest run of all of them, ISO 8601.", False),
    "ML4T-Frequency": ("Of the bars, which may be derived from those of the datasets.", True),
    "ML4T-Adjust": ("How prices are adjusted: raw, splits or all.", True),
    "ML4T-Filled": ("Whether bars made by filling may be among them: ?1 or ?0.", True),
    "ML4T-Notice": (_SENTENCE, False),
}
"""What each says, and whether every answer with bars has it."""

# Servers in between, and clients, refuse headers of more than some thousand bytes.
_MOST = 4000
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def bars_headers(report: ExportReport) -> Iterator[tuple[str, str]]:
    """Names and values of the headers."""
    listed = [*_listed(report)]
    yield _DATASETS, ", ".join(listed)
    known = [each.as_of for each in report.datasets if each.as_of]
    if known:
        yield "ML4T-As-Of", max(known).isoformat()
    yield "ML4T-Frequency", report.datasets[0].frequency
    yield "ML4T-Adjust", report.adjust
    yield "ML4T-Filled", f"?{report.filled:d}"
    notes = [*report.notes]
    if len(listed) < len(report.datasets):
        first, number = len(listed), len(report.datasets)
        rest = "application/json says all"
        notes.append(f"{_DATASETS} has the first {first:,} of {number:,} datasets; {rest}")
    for each in notes:
        yield "ML4T-Notice", quote(each, safe=_PRINTABLE)


def _listed(report: ExportReport) -> Iterator[str]:
    left = _MOST
    for each in report.datasets:
        item = _item(each)
        left -= len(item) + len(", ")
        if left < 0:
            return
        yield item


def _item(of: Exported) -> str:
    words = [quote(f"{of.dataset}"), f"version={of.version}", f'checksum="{of.checksum}"']
    words += [f'as-of="{of.as_of.isoformat()}"'] if of.as_of else []
    return ";".join(words)
