"""oidc-client-ts, a single-page application of another origin, in a real Chromium."""

from pathlib import Path

import chromium
import pytest
from clients import SCOPE, Live, demo_tenant, register
from node import run_script
from programs import free_port

pytestmark = pytest.mark.live


def test_a_single_page_application_signs_in_renews_and_signs_out(live: Live, tmp_path: Path) -> None:
    port, tenant = free_port(), demo_tenant(live, "globex")
    origin = f"http://localhost:{port}"
    client = register(
        live,
        tmp_path,
        "globex",
        type="spa",
        token_endpoint_auth_method="none",
        redirect_uris=[f"{origin}/callback"],
        post_logout_redirect_uris=[f"{origin}/"],
        allowed_origins=[origin],
        scope=SCOPE,
    )

    seen = run_script(
        "oidc_client_ts",
        {
            "port": port,
            "issuer": live.issuer("globex"),
            "client_id": client["client_id"],
            "scope": SCOPE,
            "executable_path": chromium.executable(),
            "args": chromium.FLAGS,
            "env": chromium.environment(),
            **tenant["user"],
        },
        seconds=120,
    )

    assert seen["violations"] == []
    assert seen["profile"]["iss"] == live.issuer("globex")
    assert seen["profile"]["email"] == tenant["user"]["email"]
    assert seen["after"]["access_token"] != seen["before"]["access_token"]
    assert seen["after"]["refresh_token"] != seen["before"]["refresh_token"]
    assert seen["after"]["profile"]["sub"] == seen["before"]["profile"]["sub"]
    assert seen["signed_out_at"].split("?")[0] == f"{origin}/"


def test_a_page_of_an_origin_that_nobody_registered_gets_no_token(live: Live, tmp_path: Path) -> None:
    port, tenant = free_port(), demo_tenant(live, "globex")
    origin = f"http://localhost:{port}"
    client = register(
        live,
        tmp_path,
        "globex",
        type="spa",
        token_endpoint_auth_method="none",
        redirect_uris=[f"{origin}/callback"],
        allowed_origins=["http://localhost:9"],
        scope=SCOPE,
    )

    with pytest.raises(AssertionError, match="Failed to fetch"):
        run_script(
            "oidc_client_ts",
            {
                "port": port,
                "issuer": live.issuer("globex"),
                "client_id": client["client_id"],
                "scope": SCOPE,
                "executable_path": chromium.executable(),
                "args": chromium.FLAGS,
                "env": chromium.environment(),
                **tenant["user"],
            },
            seconds=120,
        )
