"""The blueprint of the sign-in API; the modules beside it add their operations when they are imported."""

from flask import Response

from idp.api import problems
from idp.api.spec import Operations
from idp.http.context import SLUG

auth = Operations("auth", __name__, url_prefix=f"/t/<{SLUG}>/api/v1/auth")


@auth.errorhandler(Exception)  # type: ignore[untyped-decorator]
def refuse(error: Exception) -> Response:
    """Whatever goes wrong is problem+json."""
    return problems.answer(error)
