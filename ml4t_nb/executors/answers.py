"""What the works of a run ask of their coordinator, and how it answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ml4t_nb.executors.connections import Wire
from ml4t_nb.executors.messages import Question, Reply
from ml4t_nb.pipeline import RunContext
from ml4t_nb.providers.budget import budget_of
from ml4t_nb.providers.retry import NoMoreWaiting

__all__ = ["Tools", "reply_to", "tools_of"]

Tools: TypeAlias = Mapping[str, Callable[..., object]]
"""What a work may call of its run, by name."""


def tools_of(context: RunContext) -> Tools:
    """What is called by a work that has this context here, and another one where it is done."""
    return {
        "observe": context.observe,
        "pause": context.pause,
        "request": context.on_request,
        "spend": _spent,
        "log": _logged,
    }


def _spent(provider: str, per_minute: float, home: Path | None, requests: int) -> float:
    """Requests of the budget that all of the run share."""
    return budget_of(provider, per_minute, home).spend(requests)


def _logged(record: logging.LogRecord) -> None:
    """What a worker logged, as if it had been logged here."""
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)


def reply_to(wire: Wire, question: Question, tools: Tools) -> None:
    """Call what the work asks for; what ends the work is raised there."""
    value: Any = None
    error: BaseException | None = None
    try:
        value = tools[question.name](*question.arguments)
    except (KeyboardInterrupt, NoMoreWaiting) as raised:
        error = raised.with_traceback(None)
    if question.waits:
        wire.send(Reply(value, error))
