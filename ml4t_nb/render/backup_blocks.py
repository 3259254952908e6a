"""A backup that was made, or checked, in a sentence and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ml4t_nb.backups import BackupReport, CheckBackupReport, FaultKind, FileFault
from ml4t_nb.render.format import instant, many, size
from ml4t_nb.render.layout import Block, Note

__all__ = ["backup_blocks", "check_blocks", "shortcomings"]

_SHOWN = 10
_MEND = "delete what is damaged there: the next backup takes it from the store"
_KINDS: tuple[FaultKind, ...] = ("damaged", "missing", "added", "not saved")


def backup_blocks(report: BackupReport) -> Iterator[Block]:
    """What was saved, and a line for each dataset that could not be read whole."""
    linked = report.total - report.copied
    how = [f"{many(report.copied, 'file')} copied, {size(report.copied_bytes)}"]
    how += [f"{linked:,} linked"] if linked else []
    what = f"{many(len(report.datasets), 'dataset')}: {report.path}"
    mark = "✅" if report.is_whole else "⚠️"
    total = f"{many(report.total, 'file')}, {size(report.bytes)} · {' · '.join(how)}"
    yield [Note(f"{mark} {what}"), Note(total)]
    yield [Note(f"❌ {each}") for each in _unread(report)]


def shortcomings(report: BackupReport | CheckBackupReport) -> list[str]:
    """What is wrong, in a sentence each."""
    if isinstance(report, CheckBackupReport):
        return [_sentence(report)] if report.faults else []
    return _unread(report)


def _unread(report: BackupReport) -> list[str]:
    """A sentence for whatever could not be read in the store."""
    lines = []
    for each in report.datasets:
        if not each.fault:
            continue
        if each.lost and not each.files:
            rest = "and is not in the backup"
        elif each.lost:
            rest = f"{many(len(each.lost), 'file')} of it not in the backup"
        else:
            rest = "the backup has it as the one before did"
        lines.append(f"{each.dataset} could not be read whole, {rest}: {each.fault}")
    return [*lines, *(f"{each.detail}" for each in report.faults)]


def check_blocks(report: CheckBackupReport) -> Iterator[Block]:
    """Whether the backup is whole, and the files that are not."""
    yield [Note(f"{'❌' if report.faults else '✅'} {_sentence(report)}")]
    notes = [Note(f"{each.kind}: {_named(each)}") for each in report.faults[:_SHOWN]]
    if len(report.faults) > _SHOWN:
        notes.append(Note(f"and {len(report.faults) - _SHOWN:,} more"))
    if any(each.kind == "damaged" for each in report.faults):
        notes[-1] = replace(notes[-1], step=_MEND)
    yield notes


def _sentence(report: CheckBackupReport) -> str:
    """Whether the backup is whole, in one sentence."""
    what = f"the backup {report.path} of {instant(report.at)}"
    holds = (
        f"{many(report.datasets, 'dataset')}, {many(report.files, 'file')}, {size(report.bytes)}"
    )
    if not report.faults:
        return f"{what} is whole: {holds}"
    counts = {kind: sum(each.kind == kind for each in report.faults) for kind in _KINDS}
    words = [f"{many(count, 'file')} {kind}" for kind, count in counts.items() if count]
    return f"{what} is not whole: {', '.join(words)}, of {holds}"


def _named(fault: FileFault) -> str:
    return f"{fault.path}, {fault.detail}" if fault.detail else fault.path
