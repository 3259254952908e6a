"""Answers that outlive a run that breaks off, so that the next one goes on where it stopped.

A fetch of many requests keeps each answer on disk until they are committed. Nothing in old bars
shows that the provider has restated them since: so they are used only if those that were asked for
first are still the same, for a day at most, by the as-of and by the clock, and only where that
saves a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ml4t_nb.codec import Codec
from ml4t_nb.core.bars import Bars, empty_bars
from ml4t_nb.core.request_spans import split_span
from ml4t_nb.core.timestamps import index_micros, to_micros
from ml4t_nb.finding import Finding
from ml4t_nb.model import Basis, DatasetConfig, DatasetId, SessionOverride, Span
from ml4t_nb.providers import Answer
from ml4t_nb.storage.answer_files import AnswerFiles

__all__ = ["KeptAnswers"]

_CODEC = Codec(omit_defaults=True)
_DAY = timedelta(days=1)
_UNDER_WAY = "under-way"


@dataclass(frozen=True, slots=True)
class _Asker:
    """What an answer depends on besides its span and its as-of."""

    provider: str
    calendar: str
    session_overrides: tuple[SessionOverride, ...]
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class _About:
    """What there is to know of one answer beside its bars, which are those of a span."""

    asker: _Asker
    as_of: datetime
    span: Span
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    basis: Basis | None = None
    zone: str | None = None
    currency: str = ""


class KeptAnswers:
    """Those of an earlier run that a run on the dataset may use, and where it keeps its own.

    A run never uses what it has kept itself. All that are kept were asked for oldest first, so
    that a restatement between two of them, or after them, has moved the oldest.
    """

    def __init__(
        self,
        home: Path,
        dataset: DatasetId,
        config: DatasetConfig,
        *,
        provider: str,
        zone: str | None,
        as_of: datetime,
    ) -> None:
        self._files = AnswerFiles(home, dataset)
        self._asker = _Asker(provider, config.calendar, config.session_overrides, zone)
        self._as_of = as_of
        self._held = {about.span: (name, about) for name, about in self._usable()}
        self.is_resuming = bool(self._held)
        """Whether an earlier run broke off, this very day and asking the same."""
        self.is_confirmed = False
        """Whether it is known, of the next fetch, that nothing was restated since."""

    @property
    def asked_at(self) -> datetime:
        """As of when the oldest of them was asked for."""
        return min((about.as_of for _, about in self._held.values()), default=self._as_of)

    def _usable(self) -> list[tuple[str, _About]]:
        found: list[tuple[str, _About]] = []
        for name, plain in self._files.found():
            with suppress(ValueError, TypeError, KeyError, OverflowError):
                about: _About = _CODEC.load(_About, plain)
                is_recent = timedelta(0) <= self._as_of - about.as_of <= _DAY
                if about.asker == self._asker and is_recent:
                    found.append((name, about))
        return found

    def cut(self, span: Span, longest: timedelta | None) -> tuple[list[Span], list[Span]]:
        """``span`` in pieces that are answered, and in pieces to ask for."""
        answered: list[Span] = []
        asked: list[Span] = []
        at = span.start
        while at < span.end:
            end = max((each.end for each in self._held if each.start <= at < each.end), default=at)
            if end > at:
                answered.append(Span(at, min(end, span.end)))
                at = answered[-1].end
                continue
            starts = (each.start for each in self._held if each and at < each.start)
            until = min((span.end, *starts))
            asked += split_span(Span(at, until), longest)
            at = until
        return answered, asked

    def answer(self, piece: Span) -> Answer | None:
        """The answer to an answered piece; None if it cannot be read any more."""
        name, about = next(one for span, one in self._held.items() if span.covers(piece))
        bars = self._files.bars(name)
        if bars is None:
            return None
        return Answer(
            _within(bars, piece),
            _findings(about.findings, piece),
            about.notes,
            basis=about.basis,
            zone=about.zone,
            currency=about.currency,
        )

    def keep(self, piece: Span, answer: Answer, *, final_before: datetime) -> None:
        """Keep what is final of an answer; those of later spans were asked for before, and go."""
        span = Span(piece.start, max(piece.start, min(piece.end, final_before)))
        # What an answer that was made earlier does not know yet may be known the next time.
        if not span or answer.over_before is not None:
            return
        start = to_micros(span.start)
        for name in self._files.names():
            first, _, last = name.partition("_")
            if last and int(first) >= start:
                self._files.remove(name)
        about = _About(
            self._asker,
            self._as_of,
            span,
            _findings(answer.findings, span),
            answer.notes,
            answer.basis,
            answer.zone,
            answer.currency,
        )
        name = f"{start}_{to_micros(span.end)}"
        self._files.keep(name, _CODEC.dump(about), _within(answer.bars, span))

    def drop(self, ahead: Sequence[Span] = ()) -> None:
        """Forget all answers; but that the run is under way, if there is more ``ahead``."""
        self._held = {}
        self._files.drop()
        if ahead:
            about = _About(self._asker, self._as_of, Span(ahead[0].start, ahead[0].start))
            self._files.keep(_UNDER_WAY, _CODEC.dump(about), empty_bars())


def _within(bars: Bars, span: Span) -> Bars:
    """The rows of a span, and those without a stamp, which are to be reported."""
    at = index_micros(bars.index)
    inside = (at >= to_micros(span.start)) & (at < to_micros(span.end))
    return bars[inside | bars.index.isna()]


def _findings(findings: Iterable[Finding], span: Span) -> tuple[Finding, ...]:
    return tuple(each for each in findings if each.stamp is None or each.stamp in span)
