"""The one family of errors: what happened, and what to do next.

Where the standard library has an error of the same meaning, ours is one too, so that
``except TimeoutError`` around an update catches a lock that another writer holds::

    Ml4tError(message, *, hint="")
    ├── OptionError         a word on the command line, a keyword, a date     ValueError
    │   └── LaterBars             bars are later than the as-of that was given
    ├── SettingsInvalid     ML4T_DATA_* of the environment, .env, ml4t.toml   ValueError
    ├── CalendarUnknown     no such exchange, or no such year of it           LookupError
    ├── DatasetNotFound     nothing stored under that name                    LookupError
    ├── BarsInvalid         a frame that is not Bars                          ValueError
    ├── BarsDoubtful        bars that are not as the reader requires them
    ├── MissingExtra        an optional package is not installed              ImportError
    ├── Suspicious          an answer contradicts what is stored, and nothing explains it
    │   └── SplitPending          a split that prices do not show yet: retried
    ├── Overtaken           another writer is further on, as of a later instant
    ├── WorkerUnavailable   no process or machine can be had for the work
    ├── WorkerLost          who did the work was lost, twice: it may be why
    ├── JobBusy             a background job is already running on the same dataset
    ├── RunFailed           some datasets of a run failed, or were not reached
    ├── ProviderError(.provider)
    │   ├── ProviderUnavailable   network, 5xx, nonsense: retried             ConnectionError
    │   ├── RateLimited           retried after a while, then the batch stops
    │   ├── SymbolUnknown         not retried                                 LookupError
    │   └── RangeRefused          the span is cut again                       ValueError
    └── StoreError
        ├── LockTimeout           another writer holds the dataset            TimeoutError
        ├── StoreNotFound         the folder that was named is not there      FileNotFoundError
        ├── StoreNotWritable      permissions, a full disk                    OSError
        ├── StoreOutdated         an older version of the package wrote it
        ├── StoreNewer            a newer version of the package wrote it
        ├── ArchiveMissing        the disk of archived bars is not there
        └── ChunkCorrupt          a file is damaged or missing

A block that catches errors of the standard library around calls of this package therefore lets
ours through first, where they already say what the block would say.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from ml4t_nb.hints import in_words
from ml4t_nb.model import Hint
from ml4t_nb.records import ErrorNote, Summary

if TYPE_CHECKING:
    from ml4t_nb.reports import RunReport

__all__ = [
    "OUTAGES",
    "PASSING",
    "ArchiveMissing",
    "BarsDoubtful",
    "BarsInvalid",
    "CalendarUnknown",
    "ChunkCorrupt",
    "DatasetNotFound",
    "Interrupted",
    "JobBusy",
    "LaterBars",
    "LockTimeout",
    "MissingExtra",
    "Ml4tError",
    "OptionError",
    "Overtaken",
    "ProviderError",
    "ProviderUnavailable",
    "RangeRefused",
    "RateLimited",
    "RunFailed",
    "SettingsInvalid",
    "SplitPending",
    "StoreError",
    "StoreNewer",
    "StoreNotFound",
    "StoreNotWritable",
    "StoreOutdated",
    "Suspicious",
    "SymbolUnknown",
    "VersionNotFound",
    "WorkerLost",
    "WorkerUnavailable",
]


class Ml4tError(Exception):
    """Base of every error this package raises on purpose.

    Parameters
    ----------
    message
        What happened, in one sentence without a final stop.
    hint
        What to do next, in words and steps; empty if there is nothing to do.

    Attributes
    ----------
    advice
        The hint as it was given. The front end spells its steps.
    """

    def __init__(self, message: str, *, hint: Hint = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = hint

    @property
    def hint(self) -> str:
        """What to do next; steps are spelled as Python calls."""
        return in_words(self.advice)

    @property
    def note(self) -> ErrorNote:
        """The error as a history and JSON keep it."""
        return ErrorNote(type(self).__name__, self.message, self.advice)

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Exception pickles positional arguments only, and ours has a keyword.
        return (type(self).__new__, (type(self),), {**vars(self), "args": self.args})

    def _render_traceback_(self) -> list[str]:
        """Message and hint instead of a traceback; IPython still counts the cell as failed."""
        return f"{type(self).__name__}: {self}".splitlines()


class OptionError(Ml4tError, ValueError):
    """A verb, option, value or date that is invalid."""


class LaterBars(OptionError):
    """Bars that would be read are later than the as-of that was given: that would look ahead."""


class SettingsInvalid(Ml4tError, ValueError):
    """A setting that is invalid, or an ``ML4T_DATA_`` name that does not exist."""


class CalendarUnknown(Ml4tError, LookupError):
    """A calendar that does not exist, or does not cover the years asked for."""


class DatasetNotFound(Ml4tError, LookupError):
    """Nothing is stored under that name."""


class VersionNotFound(DatasetNotFound):
    """A version that never was, or that cannot be read any more."""


class BarsInvalid(Ml4tError, ValueError):
    """A frame that lacks a column, an order or a type that bars must have."""


class BarsDoubtful(Ml4tError):
    """Bars of a range are not as its reader requires them: nothing of it is returned.

    Parameters
    ----------
    doubts
        Stamps of the bars by what is the matter: ``missing``, ``rejected``, ``filled``,
        ``suspect``.
    """

    def __init__(
        self, message: str, *, doubts: Mapping[str, tuple[datetime, ...]], hint: Hint = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.doubts = doubts


class MissingExtra(Ml4tError, ImportError):
    """A package that only some verbs need is not installed."""


class Suspicious(Ml4tError):
    """A provider's answer contradicts the stored bars, unexplained; nothing is written."""


class SplitPending(Suspicious):
    """A split is reported that prices do not show yet, or not all of them; retried later."""


class Overtaken(Ml4tError):
    """Others have moved the dataset on: to a later as-of, or to another configuration."""


class WorkerUnavailable(Ml4tError):
    """No process or machine can be had for the work."""


class WorkerLost(Ml4tError):
    """The process or machine that did the work was lost, and so was the next; not retried.

    The work itself may end them: it may need more memory than there is.
    """


class JobBusy(Ml4tError):
    """A background job of this process is already running on the same dataset.

    Parameters
    ----------
    job
        Its number.
    """

    def __init__(self, message: str, *, job: int, hint: Hint = "") -> None:
        super().__init__(message, hint=hint)
        self.job = job


class RunFailed(Ml4tError):
    """Some datasets of a run failed or were not reached; the others are stored.

    Parameters
    ----------
    report
        What the run did.
    """

    def __init__(self, message: str, *, report: RunReport, hint: Hint = "") -> None:
        super().__init__(message, hint=hint)
        self.report = report


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or a kernel's interrupt, once what was done is kept.

    Not an `Ml4tError`: code that continues after any ``Exception`` means failing symbols, not a
    request to stop.

    Parameters
    ----------
    message, hint
        As of an `Ml4tError`.
    report
        What the run did until then; None if the verb is not a run.
    """

    def __init__(self, message: str, *, report: RunReport | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.report = report

    def _render_traceback_(self) -> list[str]:
        """Message and hint instead of a traceback; IPython still counts the cell as failed."""
        return f"KeyboardInterrupt: {self.message}\n{self.hint}".splitlines()


class ProviderError(Ml4tError):
    """A provider did not answer, or not with bars.

    Parameters
    ----------
    provider
        Name of the provider.
    """

    def __init__(self, message: str, *, provider: str, hint: Hint = "") -> None:
        super().__init__(message, hint=hint)
        self.provider = provider


class ProviderUnavailable(ProviderError, ConnectionError):
    """Network or server error, or an answer that cannot be read; retried."""


class RateLimited(ProviderError):
    """The provider wants a pause; after the last try the whole batch stops."""


class SymbolUnknown(ProviderError, LookupError):
    """The provider has no such symbol; not retried."""


class RangeRefused(ProviderError, ValueError):
    """The provider does not serve this frequency for a span so long or so old."""


class StoreError(Ml4tError):
    """The store could not do what was asked; what was committed before is untouched."""


class LockTimeout(StoreError, TimeoutError):
    """Another writer held the dataset for longer than the lock timeout."""


class StoreNotFound(StoreError, FileNotFoundError):
    """The folder that was named as the store's is not there: a typo, a disk not mounted."""


class StoreNotWritable(StoreError, OSError):
    """The store's folder cannot be written: permissions, or no space."""


class StoreOutdated(StoreError):
    """A dataset in an earlier version's format, which this one does not read.

    Parameters
    ----------
    summary
        What is known of it nevertheless.
    """

    def __init__(self, message: str, *, summary: Summary, hint: Hint = "") -> None:
        super().__init__(message, hint=hint)
        self.summary = summary


class StoreNewer(StoreError):
    """A file in the format of a later version, which this one neither reads nor replaces.

    Parameters
    ----------
    file
        What it is, such as ``the manifest PATH``.
    """

    def __init__(self, file: str) -> None:
        super().__init__(
            f"{file} was written by a newer ml4t_nb", hint="upgrade: pip install --upgrade ml4t-nb"
        )


class ArchiveMissing(StoreError):
    """The folder of the store's archive is not there, or is another one; the bars are not lost."""


class ChunkCorrupt(StoreError):
    """A chunk or manifest is truncated, altered, unreadable or gone."""


OUTAGES = (ProviderUnavailable.__name__, RateLimited.__name__)
"""Types of errors that are a provider's as a whole, and pass."""

PASSING = (LockTimeout, RateLimited, ProviderUnavailable, SplitPending, WorkerUnavailable)
"""Errors that pass by themselves: the same run succeeds later."""
