"""The OpenAPI document: what every operation has in common, and the tags in their order (OpenAPI 3.1, RFC 9457)."""

from collections.abc import Iterable
from typing import Any

from apispec import BasePlugin
from flask import Flask
from flask_smorest import Api

from idp.api import components
from idp.api.operations import Operations
from idp.api.protocol import document as protocol
from idp.api.schemas import Problem
from idp.api.tags import TAGS

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
`application/problem+json` (RFC 9457): `code` is stable, `detail` is a sentence, `errors` names members by JSON
pointer. Sentences are plain English; those of the sign-in API are in the language of `Accept-Language`. `429` and
`503` carry `Retry-After`. Beside what it lists, any operation may answer 404 for an unknown tenant, 403
`tenant-suspended`, 405, 413 for a body that is too large, 500, and 503 `unavailable`.

Lists have pages: `limit` (at most 200) and the `next_cursor` of the page before, also as `Link: <…>; rel="next"`.
`sort` and `filter[…]` take what each list names. What has an `ETag` can be changed on condition of it, by `If-Match`.
A `POST` with an `Idempotency-Key` is done once: sent again within 24 hours it is answered as before.
"""


class Parts(BasePlugin):
    """Says what the parts of an address are; the tenant's slug is said once for all."""

    def path_helper(
        self, path: Any = None, operations: Any = None, parameters: list[Any] | None = None, **_: Any
    ) -> None:
        """Called for every address that is added, after Flask's own parts are known."""
        for place, part in enumerate(parameters or []):
            if part["name"] == components.TENANT["name"]:
                parameters[place] = components.TENANT["name"]  # type: ignore[index]
            else:
                part.setdefault("description", components.part(part["name"]))


class Document(Api):  # type: ignore[misc]
    """The document; errors stay with us."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """None: `idp.http.problems` answers them all."""

    def _register_responses(self) -> None:
        """None: every operation names its own."""

    def _register_pagination_header(self) -> None:
        """None: pages are ours, see `idp.api.listing`."""

    def _register_etag_headers(self) -> None:
        """None: ETags are ours, see `idp.api.etags`."""

    def describe(self, blueprint: Operations) -> None:
        """Serve a blueprint and describe it; its operations name their tags themselves."""
        self._app.register_blueprint(blueprint)
        blueprint.register_views_in_doc(self, self._app, self.spec, name=blueprint.name, parameters=[])


def install(app: Flask, blueprints: Iterable[Operations], *, base_url: str) -> Document:
    """Serve `blueprints` and describe them.

    Args:
        app: the application.
        blueprints: of operations.
        base_url: of the installation.
    """
    app.config |= {"API_TITLE": "idp", "API_VERSION": "1", "OPENAPI_VERSION": "3.1.0"}
    info = {"description": DESCRIPTION, "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"}}
    options = {"info": info, "servers": [{"url": base_url}], "paths": protocol.paths()}
    document = Document(app, spec_kwargs={**options, "extra_plugins": [Parts()]})
    components.add(document.spec.components, base_url)
    document.spec.components.schema("Problem", schema=Problem)
    for name, schema in protocol.SCHEMAS.items():
        document.spec.components.schema(name, schema)
    for name, description in TAGS.items():
        document.spec.tag({"name": name, "description": description})
    for blueprint in blueprints:
        document.describe(blueprint)
    return document
