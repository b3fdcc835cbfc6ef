"""Apache's mod_auth_openidc guards a folder for a tenant's people."""

from pathlib import Path

import apache
import pytest
from clients import Live, demo_tenant, register
from programs import free_port
from visitor import Visitor

pytestmark = pytest.mark.live


def test_apache_lets_in_whoever_the_tenant_vouches_for_and_signs_them_out_again(live: Live, tmp_path: Path) -> None:
    if reason := apache.unavailable():
        pytest.skip(reason)
    port, tenant, issuer = free_port(), demo_tenant(live, "acme"), live.issuer("acme")
    client = register(
        live,
        tmp_path,
        "acme",
        redirect_uris=[f"http://localhost:{port}/oidc/callback"],
        post_logout_redirect_uris=[f"http://localhost:{port}/"],
        scope="openid profile email",
    )
    with (
        apache.apache(
            port=port, issuer=issuer, client_id=client["client_id"], client_secret=client["client_secret"]
        ) as address,
        Visitor() as visitor,
    ):
        page = visitor.get(f"{address}/private/")
        assert page.url.startswith(f"{issuer}/login")

        page = visitor.sign_in(page, tenant["user"])
        assert (page.url, page.text) == (f"{address}/private/", "private")
        assert page.headers["X-Claim-Email"] == tenant["user"]["email"]
        assert page.headers["X-Claim-Iss"] == issuer

        page = visitor.get(f"{address}/oidc/callback?logout={address}/")
        assert (page.url, page.text) == (f"{address}/", "public")
        assert visitor.get(f"{address}/private/").url.startswith(f"{issuer}/login")
