"""``{issuer}/theme.css`` and ``{issuer}/branding/logo``: colour and picture, and nothing else of a tenant (R41)."""

import hashlib

from flask import Response

from idp.http.context import current_tenant, current_unit
from idp.tenants.errors import NoSuchTenant
from idp.tenants.models import TenantLogo
from idp.web.hosted.pages import blueprint
from idp.web.theme import theme_css

_FOREVER = "public, max-age=31536000, immutable"


@blueprint.get("/theme.css")
def theme() -> Response:
    """The accent, legible in light and dark."""
    body = theme_css(current_tenant().branding.accent)
    return _asset(Response(body, mimetype="text/css"), hashlib.sha256(body.encode()).hexdigest()[:16])


@blueprint.get("/branding/logo")
def logo() -> Response:
    """The logo, as PNG."""
    uow, etag = current_unit(), current_tenant().branding.logo_etag
    row = uow.session.get(TenantLogo, uow.tenant.id) if etag is not None else None
    if row is None or etag is None:
        raise NoSuchTenant("There is no logo.")
    return _asset(Response(row.png, mimetype="image/png"), etag)


def _asset(response: Response, etag: str) -> Response:
    response.headers["Cache-Control"] = _FOREVER
    response.set_etag(etag)
    return response
