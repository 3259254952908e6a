"""When to ask again after an error, by its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml4t_nb.errors import (
    ProviderError,
    ProviderUnavailable,
    RangeRefused,
    RateLimited,
    SymbolUnknown,
)

__all__ = ["DEFAULT", "Backoff", "Policy"]


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before each retry after one kind of error.

    Parameters
    ----------
    seconds
        One wait for each retry; none means that it is not retried.
    jitter
        Each wait is lengthened by up to this share of it, at random, so that many do not ask
        again at once.
    within_s
        No wait begins that would end later than this after the first try began; None for no
        limit.
    """

    seconds: tuple[float, ...] = ()
    jitter: float = 0.25
    within_s: float | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Backoff by kind of error; an error is of its nearest class that has an entry."""

    backoff: Mapping[type[ProviderError], Backoff]

    def kind(self, error: BaseException) -> type[ProviderError] | None:
        """The entry an error falls under; None if it is not asked again."""
        for kind in type(error).__mro__:
            if kind in self.backoff:
                return kind if self.backoff[kind].seconds else None
        return None


DEFAULT = Policy(
    {
        # Three attempts, exponential from 1 s to at most 30 s, for what nothing else is said of.
        ProviderError: Backoff((1.0, 2.0)),
        ProviderUnavailable: Backoff((1.0, 2.0, 4.0, 8.0), within_s=120.0),
        RateLimited: Backoff((30.0, 60.0, 120.0)),
        SymbolUnknown: Backoff(),
        RangeRefused: Backoff(),
    }
)
