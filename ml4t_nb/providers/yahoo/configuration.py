"""yfinance, imported once and kept from disturbing the process it runs in."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml4t_nb.providers.yahoo.session import BoundedSession

__all__ = ["open_yfinance", "raising"]

_OPENING = threading.Lock()
_OPENED: list[tuple[ModuleType, BoundedSession]] = []


def open_yfinance(caches: Path) -> tuple[ModuleType, BoundedSession]:
    """The module and the session it is to use, the same ones for the whole process.

    Parameters
    ----------
    caches
        Folder of yfinance's own caches (time zones, a cookie). Only the first one named in a
        process counts: yfinance cannot move them once they are open.
    """
    with _OPENING:
        if not _OPENED:
            _OPENED.append(_import(caches))
        # yfinance switches its DeprecationWarnings on as it is imported, and code that saves and
        # restores the filters, as pytest does, takes ours out again.
        if not any(_is_ours(each) for each in warnings.filters):
            warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")
    return _OPENED[0]


def _import(caches: Path) -> tuple[ModuleType, BoundedSession]:
    import yfinance

    from ml4t_nb.providers.yahoo.session import BoundedSession

    # Where there can be no folder, yfinance does without.
    with suppress(OSError):
        caches.mkdir(parents=True, exist_ok=True)
    yfinance.set_tz_cache_location(str(caches))
    logging.getLogger("yfinance").addFilter(_may_log)
    return yfinance, BoundedSession()


def _is_ours(each: Any) -> bool:  # noqa: ANN401  # a tuple that the standard library does not type
    action, _, category, module, _ = each
    return (
        action == "ignore"
        and category is DeprecationWarning
        and getattr(module, "pattern", module) == "yfinance"
    )


def _may_log(record: logging.LogRecord) -> bool:
    from ml4t_nb.providers.yahoo.session import current_call

    del record
    call = current_call()
    return call is None or call.is_loud


class _ConfigOverride:
    """yfinance's configuration during a request; the user's own before and after."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._askers = 0
        self._theirs: tuple[Any, Any] = (True, 0)

    def begin(self, config: Any) -> None:  # noqa: ANN401  # of an untyped neighbour
        with self._lock:
            if not self._askers:
                self._theirs = config.debug.hide_exceptions, config.network.retries
                config.debug.hide_exceptions = False
                config.network.retries = 0
            self._askers += 1

    def end(self, config: Any) -> None:  # noqa: ANN401
        with self._lock:
            self._askers -= 1
            if not self._askers:
                config.debug.hide_exceptions, config.network.retries = self._theirs


_OVERRIDE = _ConfigOverride()


@contextmanager
def raising(yfinance: ModuleType) -> Iterator[None]:
    """Errors are raised instead of logged, and nothing is asked twice, while inside."""
    _OVERRIDE.begin(yfinance.config)
    try:
        yield
    finally:
        _OVERRIDE.end(yfinance.config)
