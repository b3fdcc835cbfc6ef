"""Errors as answers: one table from category to status, and one shape, ``application/problem+json`` (RFC 9457, R60)."""

from http import HTTPStatus

from flask import Response, g, jsonify
from sqlalchemy.exc import DataError, IntegrityError
from werkzeug.exceptions import HTTPException

from idp import errors, log
from idp.db.cache import DATABASE_IS_GONE
from idp.db.tenancy import DatabaseUnavailable
from idp.i18n import gettext as _
from idp.i18n import mark

STATUS: dict[type[errors.IdPError], int] = {
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.PreconditionFailed: 412,
    errors.Invalid: 422,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
}
NOTHING_CHANGED = mark("Something went wrong on our side. Nothing was changed.")


def normalise(error: Exception) -> errors.IdPError | HTTPException:
    """Any exception as one that we answer; what we did not expect is logged and says nothing of itself."""
    if isinstance(error, DATABASE_IS_GONE):
        log.get().warning("database.unavailable", error=type(error).__name__)
        detail = _("We cannot reach our database right now. Nothing was lost. Try again in a moment.")
        return DatabaseUnavailable(detail)
    if isinstance(error, errors.IdPError | HTTPException):
        return error
    if isinstance(error, DataError):
        log.get().warning("database.refused_value", exc_info=error)
        return errors.Invalid(_("A value that cannot be stored."))
    if isinstance(error, IntegrityError):
        log.get().warning("database.refused_row", exc_info=error)
        return errors.Conflict(_("Something that this needs was changed or removed at the same moment. Try again."))
    log.get().error("request.failed", exc_info=error)
    return errors.IdPError(_(NOTHING_CHANGED))


def status_of(error: errors.IdPError | HTTPException) -> int:
    """The HTTP status of an error."""
    if isinstance(error, HTTPException):
        return error.code or 500
    given: int | None = getattr(error, "status", None)
    return given or next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def retry_after(error: errors.IdPError | HTTPException) -> int | None:
    """Seconds to wait, where waiting helps."""
    seconds: int | None = getattr(error, "retry_after", None)
    return seconds


def problem(error: Exception, *, code: str | None = None) -> Response:
    """The problem+json answer.

    Args:
        error: what went wrong.
        code: instead of the error's own.
    """
    known = normalise(error)
    status = status_of(known)
    if isinstance(known, errors.IdPError):
        code, detail = code or known.code, known.detail
    else:
        code, detail = HTTPStatus(status).phrase.lower().replace(" ", "-"), known.description or ""
    body = {
        "type": f"urn:idp:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": g.get("request_id"),
    }
    if found := getattr(known, "errors", None):
        body["errors"] = [{"pointer": pointer, "detail": text} for pointer, text in found]
    elif field := getattr(known, "field", None):
        body["errors"] = [{"pointer": f"/{field}", "detail": detail}]
    response = jsonify(body)
    response.status_code, response.mimetype = status, "application/problem+json"
    return with_headers(response, known)


def with_headers(response: Response, error: errors.IdPError | HTTPException) -> Response:
    """Add ``Retry-After`` and ``Allow`` where they are due."""
    if (seconds := retry_after(error)) is not None:
        response.headers["Retry-After"] = str(seconds)
    if isinstance(error, HTTPException):
        for name, value in error.get_headers():
            if name.lower() not in {"content-type", "content-length"}:
                response.headers[name] = value
    return response
