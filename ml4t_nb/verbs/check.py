"""The verb that says whether what was read once is read today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ml4t_nb.check_reports import CheckReport, ReadCheck
from ml4t_nb.errors import OptionError
from ml4t_nb.options import PathName
from ml4t_nb.session_reads import current_session, named_home, unnoted
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import AsOfUnused, Home

if TYPE_CHECKING:
    from ml4t_nb.citations import Citation
    from ml4t_nb.session_reads import SessionReads
    from ml4t_nb.workspace import Workspace

__all__ = ["check"]

_OPTIONS = ("adjust", "filled", "start", "end")


@verb
def check(
    ws: Workspace,
    /,
    file: PathName | None = None,
    *,
    record: bool = False,
    allow_added: bool = False,
    as_of: AsOfUnused = None,
    home: Home = None,
) -> CheckReport:
    """Compare bars that were read before, as recorded or cited, with what is stored now.

    It says which of them moved, by how much, and how those of then can be read.

    Parameters
    ----------
    file
        A notebook, whose record is NOTEBOOK.ml4t.json beside it; that file; or one with citations,
        the JSON of cite. In a notebook it may be left out: its own.
    record
        Record what the cells of this notebook have read since its kernel was started, in place of
        what the file has.
    allow_added
        Let the shell's exit code be 0, instead of 3, where later bars were added and that is all.
    home
        Folder of the store that everything is compared with.
    """
    from ml4t_nb.verbs.reread import checks_of
    from ml4t_nb.verbs.stamp_files import read_stamps, write_stamps

    own = ws.at(home)
    own.require_home()
    own.resolve_as_of(as_of)
    session = current_session()
    path = _path(file, session)
    now = _to_record(session, path) if record else session.reads if session else ()
    before = () if record and not path.exists() else read_stamps(path)
    today = now
    if home is not None:
        named = named_home(home)
        before, today = (tuple(replace(e, home=named) for e in reads) for reads in (before, now))
    pieces = [*_pieces(today)]
    checks: list[ReadCheck] = []
    with unnoted():
        for read in before:
            store = (ws.at(read.home) if read.home else own).store
            found = checks_of(store, read)
            checks += [_with_today(each, pieces) if session else each for each in found]
    if record:
        write_stamps(path, now)
    return CheckReport(
        path,
        tuple(checks),
        unrecorded=tuple(_unrecorded(pieces, before, checks)) if session else (),
        recorded=len(now) if record else None,
        allow_added=allow_added,
        home=own.settings.home,
        unnoted=session.others if session else (),
    )


def _path(file: PathName | None, session: SessionReads | None) -> Path:
    """The file that says what was read."""
    from ml4t_nb.verbs.stamp_files import stamp_file

    if file is not None:
        return stamp_file(Path(file))
    if session is None:
        raise OptionError(
            "check needs a file",
            hint="name a notebook, what it recorded, or a file of citations",
        )
    notebook = session.find_notebook()
    if notebook is None:
        raise OptionError(
            "the file of this notebook is not known to its kernel",
            hint="name it, such as check analysis.ipynb",
        )
    path, here = stamp_file(notebook), Path.cwd()
    # A kernel runs in the folder of its notebook: what is shown there names no folder of a machine.
    return path.relative_to(here) if path.is_relative_to(here) else path


def _to_record(session: SessionReads | None, path: Path) -> tuple[Citation, ...]:
    """What the session has read; OptionError if there is nothing that could be recorded there."""
    if session is None:
        raise OptionError(
            "only what the cells of a notebook read can be recorded",
            hint="elsewhere, write the JSON of cite to a file",
        )
    if path.suffix != ".json":
        raise OptionError(f"{path.name!r} must end in .json or .ipynb", hint="name the notebook")
    if not session.reads:
        raise OptionError(
            "no cell has read bars since the extension was loaded", hint="run the cells that do"
        )
    return session.reads


class _Piece(NamedTuple):
    """What a cell has read today of one dataset."""

    dataset: str
    frequency: str
    home: str
    version: int
    checksum: str
    shown: tuple[object, ...]

    @property
    def words(self) -> str:
        """Dataset, and how it is shown."""
        said = [
            f"{name}={_said(value)}"
            for name, value in zip(_OPTIONS, self.shown, strict=True)
            if value not in ("", True)
        ]
        of = (
            self.dataset
            if f"/{self.frequency}/" in self.dataset
            else f"{self.dataset} {self.frequency}"
        )
        return f"{of} {' '.join(said)}"


def _pieces(reads: Iterable[Citation]) -> Iterator[_Piece]:
    for each in reads:
        shown = tuple(getattr(each, name) for name in _OPTIONS)
        parts = zip(each.datasets, each.versions, each.checksums, strict=True)
        for dataset, version, checksum in parts:
            yield _Piece(dataset, each.frequency, each.home, version, checksum, shown)


def _unrecorded(
    today: Iterable[_Piece], before: Iterable[Citation], checks: Iterable[ReadCheck]
) -> Iterator[str]:
    """What was read today and never before, each once."""
    known = {each[:3] for each in _pieces(before)}
    now = {str(replace(e.dataset, symbol=e.now_named)) for e in checks if e.now_named}
    new = (each for each in today if each[:3] not in known and each.dataset not in now)
    yield from dict.fromkeys(each.words for each in new)


def _with_today(check: ReadCheck, today: Sequence[_Piece]) -> ReadCheck:
    """The check, and what cells have read of it today."""
    names = {str(check.dataset)}
    if check.now_named:
        names.add(str(replace(check.dataset, symbol=check.now_named)))
    of = (check.frequency, check.home)
    found = [_otherwise(e, check) for e in today if e.dataset in names and e[1:3] == of]
    if not found:
        return replace(check, today="unread")
    nearest = min(found, key=len)
    if not nearest:
        return replace(check, today="same")
    return replace(check, today="other", otherwise=", ".join(nearest))


def _otherwise(piece: _Piece, check: ReadCheck) -> list[str]:
    """In which ways it was read otherwise today."""
    then = {name: getattr(check, name) for name in _OPTIONS}
    words = [
        f"{name}={_said(now)} instead of {_said(then[name])}"
        for name, now in zip(_OPTIONS, piece.shown, strict=True)
        if now != then[name]
    ]
    alike = {check.checksum, check.newest_checksum if check.state == "same" else ""}
    if piece.checksum not in alike:
        words.append(f"version {piece.version} instead of {check.version}")
    return words


def _said(value: object) -> str:
    """An option's value; where it has none, the bars have no bound."""
    return f"{value}" if value != "" else "no bound"
