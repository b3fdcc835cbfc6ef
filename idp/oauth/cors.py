"""Cross-origin calls: token, userinfo, keys, discovery and the API, for registered origins, no credentials (R43)."""

from flask import Blueprint, Flask, Response, g, request

from idp import log
from idp.db.tenancy import DatabaseUnavailable
from idp.http.context import current_unit
from idp.oauth.clients import allows_origin

_ENDPOINTS = frozenset({"oauth.token", "oauth.userinfo", "discovery.openid_configuration", "discovery.jwks"})
_LONGEST_ORIGIN = 300


def install(app: Flask, api: Blueprint) -> None:
    """Add the headers to the answers of those endpoints and of `api`, preflights included."""

    @app.after_request
    def add(response: Response) -> Response:
        if request.endpoint not in _ENDPOINTS and request.blueprint != api.name:
            return response
        response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin is None or not _is_registered(origin):
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "ETag, RateLimit, RateLimit-Policy, Retry-After"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET, POST")
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, If-Match, If-None-Match"
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
