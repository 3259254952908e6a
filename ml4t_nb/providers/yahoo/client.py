"""One call to Yahoo through yfinance: its frame, and the reply that the frame was made of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import as_stamps
from ml4t_nb.errors import ProviderError, ProviderUnavailable
from ml4t_nb.model import Span
from ml4t_nb.providers.budget import Budget, budget_of
from ml4t_nb.providers.yahoo.corporate_actions import CorporateAction, actions_of
from ml4t_nb.providers.yahoo.errors import NoBars, raised_by, translate, unknown

if TYPE_CHECKING:
    from curl_cffi.requests import Response

    from ml4t_nb.providers.yahoo.session import Call

__all__ = ["ChartReply", "Charts", "Client", "ReplyAtHand", "local_dates"]

# Yahoo's symbols; another character would be read as a part of the address.
_SYMBOL = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.^=&_-]*")

# yfinance keeps a reply for other threads that send the same request at that moment, and events
# are only in the reply. So often in a row a call is made that ended without one of its own.
_MOST_KEPT = 5


@dataclass(frozen=True, slots=True)
class ChartReply:
    """What Yahoo answered: yfinance's frame, in the exchange's time, and what came beside it."""

    frame: pd.DataFrame
    meta: Mapping[str, Any]
    actions: tuple[CorporateAction, ...]

    def within(self, window: Span, *, are_days: bool) -> ChartReply:
        """What it has of ``window``: of days by their local dates, else by instant.

        Raises `NoBars` if those are none. Where there are bars after the window, none of it was
        traded.
        """
        local = pd.DatetimeIndex(self.frame.index)
        stamps = local_dates(local) if are_days else as_stamps(local)
        start, end = pd.Timestamp(window.start), pd.Timestamp(window.end)
        inside = np.asarray((stamps >= start) & (stamps < end))
        if not inside.any():
            raise NoBars(
                f"yahoo has no bars of {self.meta.get('symbol', 'it')} for this span",
                is_explained=bool((stamps >= end).any()),
                meta=self.meta,
            )
        kept = tuple(a for a in self.actions if (a.day if are_days else a.instant) in window)
        return replace(self, frame=self.frame[inside], actions=kept)


def local_dates(local: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The dates of stamps in the exchange's time, at 00:00 UTC."""
    return as_stamps(local.tz_localize(None).normalize())


class Charts(Protocol):
    """Who answers with the bars of a span."""

    def chart(self, symbol: str, interval: str, span: Span) -> ChartReply:
        """Bars of the span, perhaps more; raises `NoBars` if there are none."""


@dataclass(frozen=True, slots=True)
class Client:
    """Asks yfinance; one for all threads.

    A reply may take ``timeout_s``, a call ``deadline_s`` in all; in the store's ``home`` are the
    caches of yfinance's own, which may log what it does if it is loud.
    """

    home: Path
    per_minute: float
    timeout_s: float
    deadline_s: float
    is_loud: bool = False

    def meta(self, symbol: str) -> Mapping[str, Any]:
        """What Yahoo says of ``symbol`` beside its bars."""
        self._budget().wait()
        try:
            return self._asked(symbol, interval="1d", period="1d").meta
        except NoBars as error:
            # It has not traded of late, but is known.
            return error.meta

    def chart(self, symbol: str, interval: str, span: Span) -> ChartReply:
        """Bars of the ``interval`` in ``span``, raising `NoBars` if the answer has none.

        The caller has waited for the budget; requests beyond the first are charged afterwards.
        """
        return self._asked(symbol, interval=interval, start=span.start, end=span.end)

    def refund(self) -> None:
        """Give back the request that a caller has waited for and need not send."""
        self._budget().charge(-1)

    def _asked(self, symbol: str, **span: Any) -> ChartReply:  # noqa: ANN401  # for an untyped neighbour
        from ml4t_nb.providers.yahoo.session import calling

        if not _SYMBOL.fullmatch(symbol):
            raise unknown(symbol, "it is not spelled like a symbol")
        with calling(
            self.home / "cache" / "yfinance",
            timeout_s=self.timeout_s,
            deadline_s=self.deadline_s,
            is_loud=self.is_loud,
        ) as call:
            try:
                for _ in range(_MOST_KEPT):
                    frame = _history(call, symbol, span)
                    if call.reply is not None:
                        break
                return _chart(frame, call, symbol)
            except ProviderError:
                raise
            except raised_by(call.yfinance) as error:
                raise translate(error, symbol, call.yfinance, _meta(call)) from error
            finally:
                self._budget().charge(call.requests - 1)

    def _budget(self) -> Budget:
        return budget_of("yahoo", self.per_minute, self.home)


@dataclass(slots=True)
class ReplyAtHand:
    """A client that gives one reply, which it has already, to the first question it answers.

    Others are asked of ``client``. A reply that had no bars is the error that says so.
    """

    client: Client
    symbol: str
    interval: str
    span: Span
    reply: ChartReply | NoBars | None

    def chart(self, symbol: str, interval: str, span: Span) -> ChartReply:
        """As the client's own."""
        held, self.reply = self.reply, None
        is_same = (symbol, interval) == (self.symbol, self.interval) and self.span.covers(span)
        if held is None or not is_same:
            return self.client.chart(symbol, interval, span)
        self.client.refund()
        if isinstance(held, NoBars):
            raise held
        return held


def _history(call: Call, symbol: str, span: Mapping[str, Any]) -> pd.DataFrame:
    from yfinance.data import YfData

    # yfinance's cache of replies keeps a 503 for the life of the process.
    clear = getattr(YfData.cache_get, "cache_clear", None)
    if clear is not None:
        clear()
    ticker = call.yfinance.Ticker(symbol, session=call.session)
    # It would send a request for the exchange's time zone first, only to read bare dates by it; the
    # instants that it is given here need none, and its frame is in the zone that the reply names.
    ticker._tz = "UTC"  # noqa: SLF001  # there is no other way to say it
    frame: pd.DataFrame = ticker.history(
        **span,
        auto_adjust=False,
        back_adjust=False,
        actions=True,
        repair=False,
        prepost=False,
        keepna=True,
        rounding=False,
        timeout=call.timeout_s,
    )
    return frame


def _chart(frame: pd.DataFrame, call: Call, symbol: str) -> ChartReply:
    if call.reply is None:
        raise ProviderUnavailable(
            f"yfinance returned bars of {symbol} without a request to yahoo", provider="yahoo"
        )
    result = _result(call.reply)
    if frame.empty:
        words = f"yahoo has no bars of {symbol} for this span"
        raise NoBars(words, meta=result["meta"])
    return ChartReply(frame, result["meta"], actions_of(result))


def _result(reply: Response) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(reply.content)["chart"]["result"][0]
    return found


def _meta(call: Call) -> Mapping[str, Any]:
    """What the last reply says beside its bars; nothing if it is not such a reply."""
    if call.reply is None:
        return {}
    try:
        found: Mapping[str, Any] = _result(call.reply)["meta"]
    except (LookupError, TypeError, ValueError):
        return {}
    return found
