"""Messages sent to targets, by apprise: bounded in time, and without a word that may be secret."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from threading import Thread, local
from time import monotonic
from typing import Any

from ml4t_nb.errors import MissingExtra
from ml4t_nb.targets.settings import NotifyTarget

__all__ = ["Message", "refusal", "require_apprise", "send", "shown_url"]

# A dead target costs a run two seconds. One that talks over mail may take longer in all, since that
# takes a dozen questions and answers; none of them takes as long as that.
_CONNECT_S, _READ_S, _MAIL_S = 1.0, 1.0, 2.0
_MAIL_IN_ALL_S = 10.0

_LOGGERS = ("apprise", "urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry")
"""Who may log an address, with the secrets in it."""

_UNKNOWN = "apprise does not know what to do with its URL"
_UNENCRYPTED = "its password would be sent unencrypted: write mailtos:// instead of mailto://"
_REFUSED = "the message was not taken"
_SILENT = "no answer within {seconds:g} s"

_sending = local()


@dataclass(frozen=True, slots=True)
class Message:
    """What to tell a target."""

    target: NotifyTarget
    title: str
    body: str


@dataclass(slots=True, eq=False)
class _Delivery:
    """A message on its way, in a thread of its own that nobody has to wait for."""

    message: Message
    service: Any
    error: str = ""
    is_over: bool = False
    thread: Thread = field(init=False)

    def start(self) -> None:
        self.thread = Thread(target=self._send, name="ml4t notice", daemon=True)
        self.thread.start()

    def _send(self) -> None:
        with _muted():
            try:
                self.error = _sent(self.message, self.service)
            except Exception as error:  # noqa: BLE001  # of a library: its words may hold a secret
                self.error = f"{_REFUSED} ({type(error).__name__})"
        self.is_over = True


def require_apprise() -> None:
    """Raise MissingExtra unless messages can be sent."""
    try:
        import apprise  # noqa: F401
    except ImportError as error:
        raise MissingExtra(
            "messages are sent by the package apprise, which is not installed",
            hint="pip install 'ml4t-nb[notify]'",
        ) from error


def send(messages: Sequence[Message]) -> list[str]:
    """Why each message did not arrive, in their order; empty if it did.

    They are sent at the same time. One that takes too long is given up, and may arrive later.

    Raises
    ------
    MissingExtra
        If apprise is not installed.
    """
    require_apprise()
    # That takes the library longer than to send.
    deliveries = [_Delivery(each, _service(each.target.url)) for each in messages]
    began = monotonic()
    for each in deliveries:
        each.start()
    errors = []
    for each in deliveries:
        patience_s = _patience_s(each.message.target.url)
        each.thread.join(max(0.0, began + patience_s - monotonic()))
        errors.append(each.error if each.is_over else _SILENT.format(seconds=patience_s))
    return errors


def refusal(target: NotifyTarget) -> str:
    """Why nothing is ever sent to the target; empty if it can be tried.

    Raises
    ------
    MissingExtra
        If apprise is not installed.
    """
    require_apprise()
    service = _service(target.url)
    if service is None:
        return _UNKNOWN
    is_open = _is_mail(target.url) and _is_open(service, target.url)
    return _UNENCRYPTED if is_open else ""


def shown_url(target: NotifyTarget) -> str:
    """The URL without all that may be secret, as is the scheme too if apprise does not know it."""
    if target.error or refusal(target) == _UNKNOWN:
        return "…"
    return f"{target.kind}://…"


def _sent(message: Message, service: Any) -> str:  # noqa: ANN401  # of a library
    """Why the message did not arrive; empty if it did."""
    import apprise

    if service is None:
        return _UNKNOWN
    sender = apprise.Apprise(asset=service.asset)
    sender.add(service)
    outcome = sender.notify(
        title=message.title, body=message.body, body_format=apprise.NotifyFormat.TEXT
    )
    arrived = [bool(each) for each in outcome.results]
    return "" if arrived and all(arrived) else _REFUSED


def _service(url: str) -> Any:  # noqa: ANN401  # of a library
    """What sends to that URL; None if nothing does."""
    import apprise

    # In the calling thread: the library's own threads would keep the process from ending.
    asset = apprise.AppriseAsset(
        app_id="ml4t_nb", app_desc="market data", async_mode=False, service_timeout=0.0
    )
    _mute()
    with _muted():
        service: Any = apprise.Apprise.instantiate(url, asset=asset)
    if service is not None and _given_s(url, "cto") is None:
        service.socket_connect_timeout = _MAIL_S if _is_mail(url) else _CONNECT_S
    if service is not None and _given_s(url, "rto") is None:
        service.socket_read_timeout = _READ_S
    return service


def _patience_s(url: str) -> float:
    """Seconds to wait for a message to be taken."""
    connect_s, read_s = _given_s(url, "cto"), _given_s(url, "rto")
    in_all_s = (connect_s or _CONNECT_S) + (read_s or _READ_S)
    return max(in_all_s, _MAIL_IN_ALL_S) if _is_mail(url) else in_all_s


def _given_s(url: str, name: str) -> float | None:
    """A time that the URL names itself."""
    found = re.search(rf"[?&]{name}=([0-9.]+)", url, re.IGNORECASE)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None


def _is_mail(url: str) -> bool:
    return re.match(r"\s*mailtos?:", url, re.IGNORECASE) is not None


def _is_open(service: Any, url: str) -> bool:  # noqa: ANN401  # of a library
    """Whether a password would leave this machine as it is."""
    if not service.password or _is_loopback(f"{service.smtp_host or service.host}"):
        return False
    is_secured = re.match(r"\s*mailtos:", url, re.IGNORECASE) is not None
    return not is_secured or service.secure_mode == "insecure"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


class _Muted(logging.Filter):
    """Lets nothing through that is logged while a message is sent, in the thread that sends it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether others log it."""
        del record
        return not getattr(_sending, "is_muted", False)


_MUTED = _Muted()


def _mute() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_MUTED)  # once: it is not added again


@contextmanager
def _muted() -> Iterator[None]:
    _sending.is_muted = True
    try:
        yield
    finally:
        _sending.is_muted = False
