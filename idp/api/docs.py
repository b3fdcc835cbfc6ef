"""``{base}/openapi.json``, and ``{base}/docs``: Swagger UI over it, every asset from us (R41, R66).

`static/` holds Swagger UI 5.35.0 as published (swagger-ui-dist on npm, Apache 2.0; its licence stands beside it) and
the script that starts it.  The pages run under a policy of their own: our files only, nothing inline.

With ``?tenant=`` both are about one tenant: *Authorize* signs in there, by the client of `idp.oauth.console`, with the
scopes that the tenant has.  Without it they show everything, and sign operators in.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, request
from markupsafe import Markup

from idp.api import components
from idp.api.spec import Document
from idp.api.tags import PLATFORM
from idp.oauth import management
from idp.tenants.errors import NoSuchTenant
from idp.tenants.models import SYSTEM_SLUG
from idp.tenants.resolve import SLUG, issuer_of

_STATIC = Path(__file__).parent / "static"
_OURS = b"".join((_STATIC / name).read_bytes() for name in ("docs.css", "init.js"))
VERSION = f"5.35.0-{hashlib.sha256(_OURS).hexdigest()[:8]}"
REDIRECT = "/docs/oauth2-redirect.html"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
_PAGE = Markup("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · idp</title>
<link rel="stylesheet" href="/docs/static/swagger-ui.css?v={version}">
<link rel="stylesheet" href="/docs/static/docs.css?v={version}">
<script src="/docs/static/swagger-ui-bundle.js?v={version}" defer></script>
<script src="/docs/static/init.js?v={version}" defer></script>
</head>
<body {facts}>
<form class="tenant" method="get" action="/docs">
<label for="tenant">Tenant</label>
<input id="tenant" name="tenant" value="{typed}" placeholder="acme" required maxlength="40" autocapitalize="none"
 spellcheck="false" aria-describedby="about">
<button type="submit">Show its API</button>
<p id="about"{alert}>{about}</p>
</form>
<main id="document"></main>
<noscript><p>This page needs a script. The document is <a href="/openapi.json">openapi.json</a>.</p></noscript>
</body>
</html>
""")
_RETURN = f"""\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Back from signing in · idp</title></head>
<body><script src="/docs/static/oauth2-redirect.js?v={VERSION}"></script></body>
</html>
"""
_ABOUT_ONE = "Authorize signs you in at {slug}; what you may do there, you may do here."
_ABOUT_ALL = "Without a tenant this is everything, and Authorize is for operators (tenant system)."
_NO_SLUG = "A tenant’s short name has 2 to 40 small letters, digits and hyphens, as in its issuer."


def install(app: Flask, document: Document) -> None:
    """Serve the document of `app`, and the page that shows it."""
    blueprint = Blueprint("docs", __name__, static_folder="static", static_url_path="/docs/static")
    described = document.spec.to_dict()
    whole, by_tenant = serialise(described), Tenants(described)
    base_url = described["servers"][0]["url"]

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        """The document; of one tenant, where one is named."""
        slug = request.args.get("tenant")
        if slug is not None and not SLUG.fullmatch(slug):
            raise NoSuchTenant(_NO_SLUG)
        return _public(Response(whole if slug is None else by_tenant.document(slug), mimetype="application/json"))

    @blueprint.get("/docs")
    def docs() -> Response:
        """The page."""
        slug = request.args.get("tenant")
        known = slug is None or SLUG.fullmatch(slug) is not None
        return _page(_filled(base_url, slug, known=known), 200 if known else 404)

    @blueprint.get(REDIRECT)
    def come_back() -> Response:
        """Where a sign-in of the page ends, in the window that it opened."""
        return _page(_RETURN, 200)

    app.register_blueprint(blueprint)


class Tenants:
    """The document as it is about one tenant, made quickly: only what has the tenant's name in it is written anew.

    Args:
        document: of the installation.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._base_url = document["servers"][0]["url"]
        self._of_system = _beginning(document)
        paths = {path: item for path, item in document["paths"].items() if not path.startswith(management.PATH)}
        tags = [tag for tag in document["tags"] if tag["name"] != PLATFORM]
        self._of_others = _beginning({**document, "paths": paths, "tags": tags})

    def document(self, slug: str) -> str:
        """The document of a tenant; that of ``system`` alone has the platform API."""
        own = {
            "securitySchemes": components.security_schemes(self._base_url, slug),
            "parameters": {components.TENANT["name"]: components.tenant_parameter(slug)},
        }
        return (self._of_system if slug == SYSTEM_SLUG else self._of_others) + json.dumps(own)[1:] + "}\n"


def serialise(document: dict[str, Any]) -> str:
    """A document as it is served and committed: the same bytes for the same operations."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _beginning(document: dict[str, Any]) -> str:
    """All of it but the components that differ between tenants, open at the end for those."""
    shared = {
        name: part for name, part in document["components"].items() if name not in {"securitySchemes", "parameters"}
    }
    rest = json.dumps({name: part for name, part in document.items() if name != "components"})
    return f'{rest[:-1]}, "components": {json.dumps(shared)[:-1]}, '


def _filled(base_url: str, slug: str | None, *, known: bool) -> str:
    typed, about = slug or "", _NO_SLUG
    facts: dict[str, str] = {}
    if known:
        about = _ABOUT_ALL if slug is None else _ABOUT_ONE.format(slug=slug)
        facts = {
            "document": "/openapi.json" + (f"?tenant={slug}" if slug is not None else ""),
            "client": str(management.CONSOLE),
            "redirect": f"{base_url}{REDIRECT}",
        }
        if slug not in {None, SYSTEM_SLUG}:
            # Operators get a token for both of their APIs, by leaving the resource out.
            facts["resource"] = issuer_of(base_url, typed) + management.PATH
    attributes = Markup(" ").join(Markup('data-{}="{}"').format(name, value) for name, value in facts.items())
    alert = Markup("") if known else Markup(' role="alert"')
    return _PAGE.format(version=VERSION, facts=attributes, typed=typed, about=about, alert=alert)


def _page(text: str, status: int) -> Response:
    response = _public(Response(text, status=status, mimetype="text/html"))
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def _public(response: Response) -> Response:
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
