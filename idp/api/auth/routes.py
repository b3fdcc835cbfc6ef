"""The blueprint of the sign-in API; the modules beside it add their operations when they are imported."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Response
from marshmallow import Schema

from idp.api import etags, problems
from idp.api.auth.caller import caller
from idp.api.operations import Access, Answers, Operations, View
from idp.http.context import SLUG

_OF_CLIENT = ("invalid-request", "invalid-client", "direct-sign-in-not-allowed", "too-many-requests")
_OF_BEARER = ("invalid-token", "insufficient-scope", "direct-sign-in-not-allowed", "too-many-requests")
CLIENT = Access(None, [{"basic": []}, {}], _OF_CLIENT)
PERSON = Access(caller, [{"bearer": []}], _OF_BEARER)


class SignIn(Operations):
    """Operations of applications that sign people in, and of the people who are."""

    def operation(
        self,
        method: str,
        rule: str,
        *,
        tag: str,
        answers: Answers,
        refuses: Iterable[str] = (),
        body: tuple[type[Schema], dict[str, Any]] | None = None,
        bearer: bool = False,
        etag: bool = False,
    ) -> Callable[[View], View]:
        """Serve a view at `rule`, and describe it; see `Operations.serve`.

        Args:
            method: of HTTP.
            rule: below the blueprint's prefix.
            tag: chapter of the document.
            answers: what it says when all is well.
            refuses: codes of its own errors.
            body: schema and example of what it takes.
            bearer: whether it wants a person's access token; the view then gets a `Caller` first.
            etag: whether the answer has an ``ETag``, and a change may depend on one.
        """
        access = PERSON if bearer else CLIENT
        return self.serve(
            method,
            rule,
            access=access,
            tag=tag,
            answers=answers,
            refuses=refuses,
            body=body,
            parameters=[etags.IF_MATCH] if etag and method != "GET" else [],
            headers=etags.ETAG if etag else None,
        )


auth = SignIn("auth", __name__, url_prefix=f"/t/<{SLUG}>/api/v1/auth")


@auth.errorhandler(Exception)  # type: ignore[untyped-decorator]
def refuse(error: Exception) -> Response:
    """Whatever goes wrong is problem+json."""
    return problems.answer(error)
