"""Resource servers through a scheduled rotation and an emergency revocation (R18): PyJWT and jose, never restarted."""

import base64
import json
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from clients import Live, make_resource, register
from node import JoseVerifier
from sqlalchemy import select, update

from idp.config import Settings
from idp.dev.instance import living_instance
from idp.keys.models import SigningKey
from idp.tenants.models import Tenant
from idp.wiring import Wiring

pytestmark = pytest.mark.live

MOMENTS = (SigningKey.published_at, SigningKey.activated_at)
CACHED_ROWS_ARE_OLD = 2.1  # seconds: what a web process may still believe (design.md, section 1)


class Issuer:
    """A tenant of its own with a machine client."""

    def __init__(self, live: Any, folder: Path) -> None:
        self.live, self.slug = live, f"rotation-{uuid.uuid4().hex[:8]}"
        live.cli("tenant", "create", self.slug, "--name", "Rotation")
        self.audience, self.scope = make_resource(live, self.slug)
        self.client = register(
            live, folder, self.slug, type="machine", scope=self.scope, token_endpoint_auth_method="client_secret_post"
        )

    @property
    def issuer(self) -> str:
        return self.live.issuer(self.slug)

    def token(self) -> str:
        answer = requests.post(
            f"{self.issuer}/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": self.client["client_id"],
                "client_secret": self.client["client_secret"],
            },
            timeout=20,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def worker(self) -> None:
        """One round of the worker, now rather than within the minute."""
        self.live.cli("worker", "--once")

    def age_keys(self, by: timedelta) -> None:
        instance = living_instance(self.live.folder)
        assert instance is not None
        wiring = Wiring.of(Settings.load(instance.environment))
        with wiring.platform_unit() as platform:
            tenant = platform.session.scalars(select(Tenant).where(Tenant.slug == self.slug)).one()
            platform.execute(
                update(SigningKey)
                .where(SigningKey.tenant_id == tenant.id)
                .values({column: column - by for column in MOMENTS})
            )
        wiring.dispose()


@pytest.fixture
def issuer(live: Live, tmp_path: Path) -> Issuer:
    return Issuer(live, tmp_path)


@pytest.fixture
def jose(issuer: Issuer) -> Iterator[JoseVerifier]:
    with JoseVerifier(issuer.issuer, issuer.audience, cooldown_ms=1) as verifier:
        yield verifier


@pytest.fixture
def pyjwt(issuer: Issuer) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(f"{issuer.issuer}/jwks.json", lifespan=300, cooldown_duration=0)


def accepts(pyjwt: jwt.PyJWKClient, issuer: Issuer, token: str) -> bool:
    try:
        key = pyjwt.get_signing_key_from_jwt(token)
        jwt.decode(token, key, algorithms=["RS256"], audience=issuer.audience, issuer=issuer.issuer)
    except jwt.PyJWTError:
        return False
    return True


def with_unknown_kid(token: str) -> str:
    """A token that nobody can verify without asking for the keys once more."""
    header, rest = token.split(".", 1)
    read = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    written = base64.urlsafe_b64encode(json.dumps({**read, "kid": "unknown"}).encode()).rstrip(b"=")
    return f"{written.decode()}.{rest}"


def kid(token: str) -> str:
    return jwt.get_unverified_header(token)["kid"]


def test_nobody_notices_a_scheduled_rotation(issuer: Issuer, jose: JoseVerifier, pyjwt: jwt.PyJWKClient) -> None:
    issuer.worker()  # the standby key is published
    time.sleep(CACHED_ROWS_ARE_OLD)
    before = issuer.token()
    assert accepts(pyjwt, issuer, before)
    fetches = jose.verify(before)["fetches"]

    issuer.age_keys(timedelta(days=91))
    issuer.worker()
    time.sleep(CACHED_ROWS_ARE_OLD)
    after = issuer.token()
    assert kid(after) != kid(before)
    for token in (before, after):
        assert accepts(pyjwt, issuer, token)
        seen = jose.verify(token)
        assert seen["ok"], seen
        assert seen["fetches"] == fetches, "the next key was published before it signed"


def test_an_emergency_revocation_stops_a_key_at_the_next_fetch(
    issuer: Issuer, jose: JoseVerifier, pyjwt: jwt.PyJWKClient
) -> None:
    stolen = issuer.token()
    assert accepts(pyjwt, issuer, stolen)
    assert jose.verify(stolen)["ok"]

    issuer.live.cli("key", "revoke", kid(stolen), "--tenant", issuer.slug, "--yes")
    time.sleep(CACHED_ROWS_ARE_OLD)
    fresh = issuer.token()
    assert kid(fresh) != kid(stolen)
    assert jose.verify(fresh)["ok"]
    assert accepts(pyjwt, issuer, fresh)
    unknown = with_unknown_kid(fresh)  # the next fetch: the key that signs now may have been in the first one already
    assert not jose.verify(unknown)["ok"]
    assert not accepts(pyjwt, issuer, unknown)
    assert not jose.verify(stolen)["ok"]
    assert not accepts(pyjwt, issuer, stolen)
