"""Errors as a client gets them: a status, and a document of RFC 9457 with the next step."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ml4t_nb import errors
from ml4t_nb.commands.spelling import spell
from ml4t_nb.server.asked import MethodRefused, NotJson

__all__ = ["MEDIA_TYPE", "RequestRefused", "problem_of", "status_of"]

MEDIA_TYPE = "application/problem+json"

_STATUSES: Mapping[type[errors.Ml4tError], HTTPStatus] = {
    NotJson: HTTPStatus.BAD_REQUEST,
    MethodRefused: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.OptionError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.CalendarUnknown: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RangeRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DatasetNotFound: HTTPStatus.NOT_FOUND,
    errors.SymbolUnknown: HTTPStatus.NOT_FOUND,
    errors.StoreNotFound: HTTPStatus.NOT_FOUND,
    errors.JobBusy: HTTPStatus.CONFLICT,
    errors.SettingsInvalid: HTTPStatus.CONFLICT,  # such as no universe that is declared
    errors.Overtaken: HTTPStatus.CONFLICT,
    errors.Suspicious: HTTPStatus.CONFLICT,
    errors.BarsDoubtful: HTTPStatus.CONFLICT,
    errors.LockTimeout: HTTPStatus.LOCKED,
    errors.RateLimited: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ProviderUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.MissingExtra: HTTPStatus.NOT_IMPLEMENTED,
}


class RequestRefused(errors.Ml4tError):
    """A request that is not carried out, for a reason that is no verb's.

    Parameters
    ----------
    headers
        What the answer says besides.
    """

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.headers = dict(headers or {})


def status_of(error: errors.Ml4tError) -> HTTPStatus:
    """What an error is in HTTP; of the server, unless the request or the store's state is why."""
    if isinstance(error, RequestRefused):
        return error.status
    kinds = (_STATUSES[each] for each in type(error).__mro__ if each in _STATUSES)
    return next(kinds, HTTPStatus.INTERNAL_SERVER_ERROR)


def problem_of(error: errors.Ml4tError, **besides: object) -> dict[str, Any]:
    """The document of an error."""
    status = status_of(error)
    return {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": error.message,
        "hint": spell(error.advice, "ml4t-data"),
        "error": type(error).__name__,
        **besides,
    }
