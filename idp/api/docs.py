"""``{base}/openapi.json``, and ``{base}/docs``: Swagger UI over it, every asset from us (R41, R66).

`static/` holds Swagger UI 5.35.0 as published (swagger-ui-dist on npm, Apache 2.0; its licence stands beside it) and
the script that starts it.  The page runs under a policy of its own: our files only, nothing inline.
"""

import json
from typing import Any

from flask import Blueprint, Flask, Response

from idp.api.spec import Document

VERSION = "5.35.0"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
_PAGE = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · idp</title>
<link rel="stylesheet" href="/docs/static/swagger-ui.css?v={VERSION}">
<script src="/docs/static/swagger-ui-bundle.js?v={VERSION}" defer></script>
<script src="/docs/static/init.js?v={VERSION}" defer></script>
</head>
<body data-document="/openapi.json">
<main id="document"></main>
<noscript><p>This page needs a script. The document is <a href="/openapi.json">openapi.json</a>.</p></noscript>
</body>
</html>
"""


def install(app: Flask, document: Document) -> None:
    """Serve the document of `app`, and the page that shows it."""
    blueprint = Blueprint("docs", __name__, static_folder="static", static_url_path="/docs/static")
    text = serialise(document.spec.to_dict())

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        """The document."""
        return _public(Response(text, mimetype="application/json"))

    @blueprint.get("/docs")
    def docs() -> Response:
        """The page."""
        response = _public(Response(_PAGE, mimetype="text/html"))
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    app.register_blueprint(blueprint)


def serialise(document: dict[str, Any]) -> str:
    """A document as it is served and committed: the same bytes for the same operations."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _public(response: Response) -> Response:
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
