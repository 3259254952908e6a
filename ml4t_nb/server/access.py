"""Who may ask, and for what: Jupyter's own users, and bearers of a token that lets them read."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import web

from ml4t_nb.server.problems import RequestRefused
from ml4t_nb.server.service import Service

__all__ = ["AccessHandler"]

_MOST_BODY = 1 << 20
_OF_THIS_SITE = ("same-origin", "none")


class _Readers(IdentityProvider):
    """Whoever has a token to read; no cookie is made of it, which would stand for more."""

    def get_user(self, handler: web.RequestHandler) -> User:
        del handler
        return User("reader")

    def is_token_authenticated(self, handler: web.RequestHandler) -> bool:
        del handler
        return True


class _ReadOnly(Authorizer):
    """Reading, and nothing else."""

    def is_authorized(
        self, handler: JupyterHandler, user: User, action: str, resource: str
    ) -> bool:
        del handler, user, resource
        return action == "read"


_READERS = _Readers()
_READ_ONLY = _ReadOnly()


class AccessHandler(APIHandler):
    """A request that has a token, or the cookie of Jupyter from a page of Jupyter; else 403."""

    auth_resource = "ml4t"

    @property
    def service(self) -> Service:
        """What all requests share."""
        service: Service = self.settings["ml4t_service"]
        return service

    @property
    def identity_provider(self) -> IdentityProvider:
        """Jupyter's own, but for readers."""
        return _READERS if self._is_reader else super().identity_provider

    @property
    def authorizer(self) -> Authorizer:
        """Jupyter's own, but for readers."""
        return _READ_ONLY if self._is_reader else super().authorizer

    @property
    def _is_reader(self) -> bool:
        token = IdentityProvider.get_token(super().identity_provider, self)
        return bool(token) and self.service.is_reader(token or "")

    async def prepare(self) -> None:  # type: ignore[override]  # as Jupyter's own
        """Let nobody in who is not known, whatever the method."""
        await super().prepare()
        # Jupyter's own check may be off, and knows of no method that a path does not have.
        if not self.current_user:
            raise web.HTTPError(HTTPStatus.FORBIDDEN)
        site = self.request.headers.get("Sec-Fetch-Site", "none")
        if not self.token_authenticated and site not in _OF_THIS_SITE:
            raise web.HTTPError(HTTPStatus.FORBIDDEN)
        if len(self.request.body) > _MOST_BODY:
            raise RequestRefused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the body has more than {_MOST_BODY:,} bytes",
                hint="name fewer symbols",
            )

    def check_origin(self, origin_to_satisfy_tornado: str = "") -> bool:
        """Whether the request is of this site; another is told so, and not that nothing is here."""
        if not super().check_origin(origin_to_satisfy_tornado):
            raise web.HTTPError(HTTPStatus.FORBIDDEN)
        return True

    def set_secure_cookie(self, *args: object, **options: object) -> None:
        """No answer logs anybody in: a token is for one request, and a reader's for no more."""

    def get_argument(self, name: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        """A word of the query; a body is no form, and is not searched for a token."""
        return self.get_query_argument(name, *args, **options)
