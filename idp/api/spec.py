"""The OpenAPI document: what every operation has in common, and the tags in their order (OpenAPI 3.1, RFC 9457)."""

from collections.abc import Iterable

from flask import Flask
from flask_smorest import Api

from idp.api import protocol
from idp.api.operations import Operations
from idp.api.schemas import Problem
from idp.api.tags import TAGS
from idp.rbac.permissions import DESCRIPTIONS

DESCRIPTION = """\
Every tenant is an issuer of its own, `{base}/t/{tenant_slug}`.

The **management API**, `{issuer}/api/v1/…`, is everything that a tenant's administrators and their programs do. It
wants an access token for the audience `{issuer}/api/v1`: of a person, through a first-party client, or of a machine
client with roles. A permission is a scope; what a token may do is its scope and what its holder may do *now*, both.

The **platform API**, `{base}/api/v1/…`, is for operators: people and machine clients of the tenant `system`, with
tokens of its issuer for the audience `{base}/api/v1`.

The **sign-in API** is for first-party applications that ask for the password themselves: clients that are registered
with `first_party` and `direct_sign_in`. Whoever can, should send people to the hosted pages instead.

Bearer tokens only: no cookie is read or set. Bodies are one JSON object (64 KiB in the sign-in API, 1 MiB elsewhere);
unknown members, repeated members, wrong types and unknown parameters are refused. Errors are
`application/problem+json` (RFC 9457): `code` is stable, `detail` is a sentence in the language of `Accept-Language`,
`errors` names members by JSON pointer. `429` and `503` carry `Retry-After`. Beside what it lists, any operation may
answer 404 for an unknown tenant, 403 `tenant-suspended`, 405, 413 for a body that is too large, 500, and 503
`unavailable`.

Lists have pages: `limit` (at most 200) and the `next_cursor` of the page before, also as `Link: <…>; rel="next"`.
`sort` and `filter[…]` take what each list names. What has an `ETag` can be changed on condition of it, by `If-Match`.
A `POST` with an `Idempotency-Key` is done once: sent again within 24 hours it is answered as before.
"""


class Document(Api):  # type: ignore[misc]
    """The document; errors stay with us."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """None: `idp.http.problems` answers them all."""

    def _register_responses(self) -> None:
        """None: every operation names its own."""

    def _register_pagination_header(self) -> None:
        """None: pages are ours, see `idp.api.listing`."""

    def describe(self, blueprint: Operations) -> None:
        """Serve a blueprint and describe it; its operations name their tags themselves."""
        self._app.register_blueprint(blueprint)
        parameters = [protocol.TENANT] if "/t/" in blueprint.url_prefix else []
        blueprint.register_views_in_doc(self, self._app, self.spec, name=blueprint.name, parameters=parameters)


def install(app: Flask, blueprints: Iterable[Operations], *, base_url: str) -> Document:
    """Serve `blueprints` and describe them.

    Args:
        app: the application.
        blueprints: of operations.
        base_url: of the installation.
    """
    app.config |= {"API_TITLE": "idp", "API_VERSION": "1", "OPENAPI_VERSION": "3.1.0"}
    options = {"info": {"description": DESCRIPTION}, "servers": [{"url": base_url}], "paths": protocol.paths()}
    document = Document(app, spec_kwargs=options)
    components = document.spec.components
    components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "at+jwt"})
    components.security_scheme(
        "basic", {"type": "http", "scheme": "basic", "description": "client_id and client_secret (RFC 6749 §2.3.1)."}
    )
    components.security_scheme("management", _oauth(base_url))
    components.header("RateLimit", {"description": "What is left, by limit.", "schema": {"type": "string"}})
    components.header("RateLimitPolicy", {"description": "The limits.", "schema": {"type": "string"}})
    components.header("ETag", {"description": "Names this state of it.", "schema": {"type": "string"}})
    components.header("Link", {"description": 'The next page: `<…>; rel="next"`.', "schema": {"type": "string"}})
    components.schema("Problem", schema=Problem)
    for name, description in TAGS.items():
        document.spec.tag({"name": name, "description": description})
    for blueprint in blueprints:
        document.describe(blueprint)
    return document


def _oauth(base_url: str, slug: str = "system") -> dict[str, object]:
    """How to get a token: of this tenant, where the page that shows the document asks for it."""
    issuer = f"{base_url}/t/{slug}"
    scopes = {permission.value: text for permission, text in DESCRIPTIONS.items()}
    endpoints = {"tokenUrl": f"{issuer}/oauth/token", "refreshUrl": f"{issuer}/oauth/token", "scopes": scopes}
    return {
        "type": "oauth2",
        "description": "Of the tenant that is managed; the addresses here are those of the tenant `system`.",
        "flows": {
            "authorizationCode": {"authorizationUrl": f"{issuer}/oauth/authorize", **endpoints},
            "clientCredentials": endpoints,
        },
    }
