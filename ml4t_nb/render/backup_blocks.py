"""A backup that was made, or checked, in a sentence and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ml4t_nb.backups import (
    BackupReport,
    CheckBackupReport,
    CheckedBackup,
    FaultKind,
    FileFault,
    LeftBackup,
)
from ml4t_nb.render.format import first_of, instant, many, size
from ml4t_nb.render.layout import Block, Note, Table

__all__ = ["backup_blocks", "check_blocks", "shortcomings"]

_SHOWN = 10
_MEND = "delete what is damaged there: the next backup takes it from the store"
_NAMED = 3
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
    yield [*_old(report)]


def _old(report: BackupReport) -> Iterator[Note]:
    """What became of old backups."""
    if report.removed:
        names = first_of([each.name for each in reversed(report.removed)], _NAMED)
        yield Note(f"{many(len(report.removed), 'old backup')} removed: {', '.join(names)}")
    for each in report.left:
        yield Note(f"{'❌' if each.is_failed else '⚠️'} {_left(each)}")


def _left(each: LeftBackup) -> str:
    return f"{each.path} is not removed: {each.reason}"


def shortcomings(report: BackupReport | CheckBackupReport) -> list[str]:
    """What is wrong, in a sentence each."""
    if isinstance(report, CheckBackupReport):
        return [_sentence(each) for each in report.checked if each.faults or each.error]
    return [*_unread(report), *(_left(each) for each in report.left if each.is_failed)]


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
    """Whether the backup is whole, or all that there are, and the files that are not."""
    checked = report.checked
    if len(checked) > 1:
        bad = [each for each in checked if each.faults or each.error]
        number, folder = many(len(checked), "backup"), report.path.parent
        is_one = "is" if len(bad) == 1 else "are"
        said = f"{len(bad):,} of {number} in {folder} {is_one} not whole"
        yield [Note(f"❌ {said}" if bad else f"✅ {number} in {folder} are whole")]
        yield Table(_HEADINGS, tuple(map(_row, checked)))
    for each in checked:
        if len(checked) == 1 or each.faults or each.error:
            yield _notes(each)


_HEADINGS = ("Backup", "Made", "Datasets>", "Files>", "Size>", "")


def _row(of: CheckedBackup) -> tuple[str, ...]:
    made = "" if of.at is None else instant(of.at)
    counts = (f"{of.datasets:,}", f"{of.files:,}", size(of.bytes)) if not of.error else ("-",) * 3
    return of.path.name, made, *counts, "❌ not whole" if of.faults or of.error else "✅ whole"


def _notes(of: CheckedBackup) -> list[Note]:
    notes = [Note(f"{'❌' if of.faults or of.error else '✅'} {_sentence(of)}")]
    notes += [Note(f"{each.kind}: {_named(each)}") for each in of.faults[:_SHOWN]]
    if len(of.faults) > _SHOWN:
        notes.append(Note(f"and {len(of.faults) - _SHOWN:,} more"))
    if any(each.kind == "damaged" for each in of.faults):
        notes[-1] = replace(notes[-1], step=_MEND)
    return notes


def _sentence(of: CheckedBackup) -> str:
    """Whether the backup is whole, in one sentence."""
    if of.error:
        return of.error
    what = f"the backup {of.path}" + (f" of {instant(of.at)}" if of.at else "")
    holds = f"{many(of.datasets, 'dataset')}, {many(of.files, 'file')}, {size(of.bytes)}"
    if not of.faults:
        return f"{what} is whole: {holds}"
    counts = {kind: sum(each.kind == kind for each in of.faults) for kind in _KINDS}
    words = [f"{many(count, 'file')} {kind}" for kind, count in counts.items() if count]
    return f"{what} is not whole: {', '.join(words)}, of {holds}"


def _named(fault: FileFault) -> str:
    return f"{fault.path}, {fault.detail}" if fault.detail else fault.path
