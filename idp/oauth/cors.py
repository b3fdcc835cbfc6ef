"""Cross-origin calls: token, userinfo, keys, discovery and the API, for registered origins, no credentials (R43)."""

from collections.abc import Iterable

from flask import Blueprint, Flask, Response, g, request

from idp import log
from idp.db.tenancy import DatabaseUnavailable
from idp.http.context import current_unit
from idp.oauth.clients import allows_origin

_ENDPOINTS = frozenset({"oauth.token", "oauth.userinfo", "discovery.openid_configuration", "discovery.jwks"})
_LONGEST_ORIGIN = 300
_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"
_SHOWN = "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After"


def install(app: Flask, api: Iterable[Blueprint]) -> None:
    """Add the headers to the answers of those endpoints and of `api`, preflights included."""
    names = {blueprint.name for blueprint in api}

    @app.after_request
    def add(response: Response) -> Response:
        if request.endpoint not in _ENDPOINTS and request.blueprint not in names:
            return response
        response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin is None or not _is_registered(origin):
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _SHOWN
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET, POST")
            response.headers["Access-Control-Allow-Headers"] = _HEADERS
            response.headers["Access-Control-Max-Age"] = "600"
        return response


def _is_registered(origin: str) -> bool:
    if "uow" not in g or not origin.startswith(("https://", "http://")) or len(origin) > _LONGEST_ORIGIN:
        return False
    try:
        return allows_origin(current_unit(), origin)
    except DatabaseUnavailable:
        log.get().warning("cors.undecided")
        return False
