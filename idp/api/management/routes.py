"""The blueprint of the management API: every operation names its permission; what all of them share is here."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

from flask import Response, g, jsonify, request
from marshmallow import Schema

from idp.api import etags, idempotency, listing, problems
from idp.api.management.access import needs as access_for
from idp.api.operations import Access, Operations, View
from idp.db.unit import UnitOfWork
from idp.http.context import SLUG
from idp.rbac.permissions import Permission

MAX_BODY = 1024 * 1024


class Managed(Operations):
    """Operations on a tenant: a view gets the unit, and answers a document, nothing, or a response of its own."""

    def home(self, unit: Any) -> UnitOfWork:
        """Where the answer to a POST is remembered."""
        uow: UnitOfWork = unit
        return uow

    def access(self, permission: Permission | None) -> Access:
        """Who may call an operation that needs `permission`."""
        return access_for(permission)

    def operation(  # noqa: PLR0913 - read as the head of an operation
        self,
        method: str,
        rule: str,
        *,
        needs: Permission | None,
        tag: str,
        answer: tuple[int, type[Schema] | None, Any],
        refuses: Iterable[str] = (),
        body: tuple[type[Schema], Any] | None = None,
        query: type[Schema] | None = None,
        etag: bool = False,
        takes: Iterable[str] = (),
    ) -> Callable[[View], View]:
        """Serve a view at `rule`, and describe it; see `Operations.serve`.

        Args:
            method: of HTTP.
            rule: below the blueprint's prefix.
            needs: permission; None is for everybody with a token for this API.
            tag: chapter of the document.
            answer: status, schema and example of what it says when all is well.
            refuses: codes of its own errors.
            body: schema and example of what it takes.
            query: schema of its parameters.
            etag: whether the answer is a document with an ``ETag``, and a change may depend on one.
            takes: media types of a body that is no JSON, and that the view reads itself.
        """
        status, schema, example = answer
        is_post, is_change = method == "POST", method not in {"GET", "POST"}
        parameters = [idempotency.PARAMETER] if is_post else [etags.IF_MATCH] if etag and is_change else []
        codes = ["idempotency-key-invalid", "idempotency-key-reused"] if is_post else []
        codes += ["changed-meanwhile"] if etag and is_change else []
        is_list = query is not None and "cursor" in query._declared_fields  # noqa: SLF001 - marshmallow's own way
        headers: dict[str, Any] = {**(etags.ETAG if etag and schema else {}), **(listing.NEXT if is_list else {})}
        codes += ["cursor-invalid"] if is_list else []

        def decorate(view: View) -> View:
            finished = _finished(view, status, etag=etag and schema is not None)
            return self.serve(
                method,
                rule,
                access=self.access(needs),
                tag=tag,
                answers={status: (schema, example)},
                refuses=[*codes, *refuses],
                body=body,
                query=query,
                parameters=parameters,
                headers=headers,
                around=self._once if is_post else _large,
                takes=takes,
            )(finished)

        return decorate

    def _once(self, call: View) -> View:
        """Answer a POST that came before as it was answered then."""

        def once(unit: Any, **parts: Any) -> Response:
            request.max_content_length = MAX_BODY
            home = self.home(unit)
            response: Response | None = idempotency.claim(home)
            if response is None:
                response = call(unit, **parts)
                idempotency.remember(home, response)
            return response

        return once


def _large(call: View) -> View:
    def large(unit: Any, **parts: Any) -> Any:
        request.max_content_length = MAX_BODY
        return call(unit, **parts)

    return large


management = Managed("management", __name__, url_prefix=f"/t/<{SLUG}>/api/v1")


@management.errorhandler(Exception)  # type: ignore[untyped-decorator]
def refuse(error: Exception) -> Response:
    """Whatever goes wrong is problem+json."""
    return problems.answer(error)


def _finished(view: View, status: int, *, etag: bool) -> View:
    @wraps(view)
    def finished(*arguments: Any, **parts: Any) -> Response:
        response = _respond(view(*arguments, **parts), status, etag=etag)
        for name, value in g.pop("headers", {}).items():
            response.headers[name] = value
        return response

    return finished


def _respond(said: Mapping[str, Any] | Response | None, status: int, *, etag: bool) -> Response:
    if isinstance(said, Response):
        return said
    if said is None:
        return Response(status=status)
    response: Response = jsonify(said)
    response.status_code = status
    if etag:
        response.set_etag(etags.etag_of(said))
        if request.method == "GET":
            response.make_conditional(request)
    return response
