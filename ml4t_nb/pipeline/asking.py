"""Asking a provider one question, as a run does: told to its observer, and given up with it."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np

from ml4t_nb.core.bars import Bars
from ml4t_nb.core.timestamps import index_micros, to_micros
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.events import Fetched, FetchStarted, RequestDelayed, RetryScheduled
from ml4t_nb.interruption import waiting
from ml4t_nb.model import Frequency, Span
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.providers import Answer, Request
from ml4t_nb.providers.retry import fetch_with_retries

__all__ = ["ask_for"]


def ask_for(run: DatasetRun, span: Span, frequency: Frequency | None = None) -> Answer:
    """The provider's answer to one request, within its budget and retried."""
    dataset, name, context = run.dataset, run.provider.name, run.context

    def retried(attempt: int, wait_s: float, reason: str) -> None:
        context.observe(RetryScheduled(dataset, attempt, wait_s, reason))

    context.pause(0)
    context.observe(FetchStarted(dataset, name, span))
    began = perf_counter()
    asked = replace(dataset, frequency=frequency or dataset.frequency)
    request = Request(asked, span, run.as_of, run.calendar, run.zone)
    with waiting():
        answer = fetch_with_retries(
            run.provider,
            request,
            home=context.store.home,
            on_retry=retried,
            on_wait=lambda *wait: context.observe(RequestDelayed(dataset, *wait)),
            on_request=context.on_request,
            sleep=context.pause,
        )
    _require_within(answer.bars, request, name)
    context.observe(Fetched(dataset, len(answer.bars), perf_counter() - began))
    return answer


def _require_within(bars: Bars, request: Request, name: str) -> None:
    """Raise BarsInvalid, naming the provider, if an answer has bars that were not asked for."""
    span, stamped = request.span, np.asarray(bars.index.notna())
    at = index_micros(bars.index)
    # A row without a stamp is for validation.
    is_out = stamped & ((at < to_micros(span.start)) | (at >= to_micros(span.end)))
    if is_out.any():
        outside = bars.index[is_out]
        raise BarsInvalid(
            f"{name} returned bars of {request.dataset} that were not requested, such as "
            f"{outside[0]:%Y-%m-%dT%H:%MZ}, for the span {span.start:%Y-%m-%dT%H:%MZ} to "
            f"{span.end:%Y-%m-%dT%H:%MZ}",
            hint=f"this is a bug in the provider {name!r}: it must return `within(bars, span)`",
        )
