"""A tenant with one of everything that can open a door: people, clients, cookies, codes, tokens, handles, flows."""

import base64
import hashlib
import io
import time
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa as rsa_keys
from PIL import Image

from idp.accounts import invitations
from idp.events.models import EventCount, EventRollup
from idp.federation import offers, testing
from idp.ids import new_id
from idp.keys import rsa
from idp.keys import service as keys
from idp.mail import settings as mail_settings
from idp.oauth.models import Client
from idp.rbac import app_permissions, groups, operators, roles
from idp.rbac import service as rbac
from idp.rbac.operators import Operator
from idp.tenants import branding, domains, resolve
from idp.tenants import service as tenants
from idp.users.models import User
from idp.webhooks import attempts, deliveries, endpoints
from idp.wiring import Wiring
from tests import factories
from tests.api.management.callers import token_of
from tests.browser import Browser, Forms
from tests.post import Post
from tests.upstream_rows import connect, link
from tests.web.tenancy import decide

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_KEY = rsa_keys.generate_private_key(public_exponent=65537, key_size=2048)


class World:
    """One tenant, filled by the verbs and endpoints that everybody uses.  Nothing in it is shared with another."""

    def __init__(self, app: Any, wiring: Wiring, name: str) -> None:
        self.app, self.wiring, self.name = app, wiring, name
        self.tenant = factories.make_tenant(wiring)
        self.accent = "#" + hashlib.sha256(self.tenant.id.bytes).hexdigest()[:6]
        self.people = factories.People(wiring, self.tenant)
        self.email = f"{name}@{name}.example"
        self.callback, self.signed_out = f"https://{name}.example/callback", f"https://{name}.example/signed-out"
        self.api = f"https://api.{name}.example"
        self.user = self.people.user(email=self.email, roles=("member",), given_name=name.title())
        self.resource_id = self.people.resource(self.api).id
        self.client, self.secret = self._client(client_name=f"Notes of {name}")
        self.third_party, self.third_party_secret = self._client(first_party=False)
        self.machine, self.machine_secret = self.people.client(type="machine", scope="notes:read")
        self.browser = Browser(app, self.tenant)

    def _client(self, **members: Any) -> tuple[Client, str | None]:
        uris = {"redirect_uris": [self.callback], "post_logout_redirect_uris": [self.signed_out]}
        return self.people.client(**uris, **members)

    # What a browser holds

    @cached_property
    def signed_in(self) -> Browser:
        """The browser, after its person signed in."""
        home = self.browser.sign_in(self.browser.follow(self.browser.get(self.browser.url("/login"))), self.email)
        assert self.email in home.text
        return self.browser

    @property
    def cookies(self) -> dict[str, str]:
        """By name without the tenant's hash: ``""`` the session, ``"-b"`` the browser."""
        return {name[len("idp-") + 16 :]: cookie.value for (*_, name), cookie in self.browser.http._cookies.items()}

    @property
    def cookie_name(self) -> str:
        return f"idp-{hashlib.sha256(self.tenant.id.bytes).hexdigest()[:16]}"

    @property
    def csrf(self) -> str:
        page = self.browser.follow(self.browser.get(self.browser.url("/login")))
        return Forms(page.text).fields["csrf"]

    def flow(self, client: Client, **changes: Any) -> str:
        """A stored request that waits for its person, at whatever page comes first."""
        return self._flow(
            self.browser.http.get(self.url("/oauth/authorize"), query_string=self.query(client, **changes))
        )

    @property
    def consent_flow(self) -> str:
        """A stored request that waits for a yes."""
        assert self.signed_in
        return self.flow(self.third_party)

    @property
    def login_flow(self) -> str:
        return self._flow(self.browser.get(self.url("/login")))

    def _flow(self, response: Any) -> str:
        assert response.status_code == 303, response.text
        return parse_qs(urlsplit(response.headers["Location"]).query)["flow"][0]

    # What a client holds

    def url(self, path: str) -> str:
        return self.browser.url(path)

    def query(self, client: Client, **changes: Any) -> dict[str, Any]:
        return self.browser.parameters(client, redirect_uri=self.callback, **changes)

    @property
    def code(self) -> str:
        return self.signed_in.code(self.client, redirect_uri=self.callback, scope="openid email offline_access")

    @property
    def tokens(self) -> dict[str, Any]:
        answer = self.browser.exchange(self.client, self.secret, self.code, redirect_uri=self.callback)
        assert answer.status_code == 200, answer.text
        return answer.json

    @property
    def handle(self) -> str:
        """A pushed request."""
        answer = self.browser.post(self.url("/oauth/par"), self.query(self.client), headers=self.basic())
        assert answer.status_code == 201, answer.text
        return answer.json["request_uri"]

    @cached_property
    def management_token(self) -> str:
        """An owner's token for the management API."""
        with self.people.unit() as uow:
            owner = factories.make_user(uow, email=f"owner@{self.name}.example", roles=("owner",))
            return token_of(uow, owner)

    def basic(self, client: Client | None = None, secret: str | None = None) -> dict[str, str]:
        pair = f"{(client or self.client).id}:{secret or self.secret}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def fill(self) -> None:
        """Leave a row in every table."""
        tokens = self.tokens
        self.browser.post(self.url("/oauth/revoke"), {"token": tokens["access_token"]}, headers=self.basic())
        assert self.handle
        assert self.consented
        self.set_logo()
        answer = self.browser.post(self.url("/oauth/token"), self.assertion_grant())
        assert answer.status_code == 200, answer.text
        self.let_in()
        self.give_roles()
        self.let_operators_in()
        self.be_managed()
        self.trust_an_upstream()
        self.be_heard()

    def be_heard(self) -> None:
        """Leave a webhook, and a delivery that was tried."""
        with self.wiring.platform_unit() as platform, platform.within(tenants.get(platform, self.tenant.slug)) as uow:
            row, _ = endpoints.create(uow, url=f"https://{self.name}.example/heard", event_types=["key.revoked"])
            sent = deliveries.send_test(uow, row)
            attempts.record(uow, sent.id, attempts.Result(timedelta(seconds=1), 500, "The answer was 500."), None)

    def trust_an_upstream(self) -> None:
        """Leave a connection, a client that uses no other, an identity there, and a test sign-in that waits."""
        connection = connect(self.people)
        link(self.people, self.user, email=self.email)
        with self.people.unit() as uow:
            offers.allow(uow, uow.get(Client, self.client.id), [connection.name])
            testing.begin(uow, connection)

    def be_managed(self) -> None:
        """Leave a domain, days that were counted, and an answer that is kept for a retry."""
        with self.people.unit() as uow:
            domains.add(uow, f"{self.name}.example")
            uow.add(EventCount(day=date(2026, 1, 1), type="session.started", count=3, people=2))
            uow.add(EventRollup(counted_until=date(2026, 1, 1)))
        headers = {"Authorization": f"Bearer {self.management_token}", "Idempotency-Key": f"once-for-{self.name}"}
        answer = self.browser.http.post(self.url("/api/v1/roles"), json={"name": "retried"}, headers=headers)
        assert answer.status_code == 201, answer.text

    def give_roles(self) -> None:
        """Leave a permission, a role that includes another, a group with somebody in it, and a machine with a role."""
        with self.people.unit() as uow:
            app_permissions.define(uow, self.resource_id, name="songs:sing")
            role = roles.create_role(uow, name="singer", permissions=["songs:sing"], includes=["member"])
            group = groups.create_group(uow, name=f"Choir of {self.name}")
            rbac.assign_to_group(uow, group, role)
            groups.add_member(uow, group, uow.get(User, self.user.id))
            rbac.assign_to_client(uow, uow.get(Client, self.machine.id), role)

    def let_operators_in(self) -> None:
        """Leave an operator's access, and an answer that is kept for whoever asks the same again."""
        with self.people.unit() as uow:
            operator = Operator(new_id(), f"Operator at {self.name}")
            reason, lasting = f"Help for {self.name}", timedelta(minutes=5)
            operators.begin(uow, operator, reason=reason, lasting=lasting, permissions=["users:read"])
        headers = {"Authorization": f"Bearer {self.management_token}", "Idempotency-Key": "the-same-every-time"}
        answer = self.app.test_client().post(self.url("/api/v1/roles"), json={"name": "dancer"}, headers=headers)
        assert answer.status_code == 201, answer.text

    def let_in(self) -> None:
        """Leave somebody who signed up, somebody who was invited and somebody who mistyped, and whom mail is from."""
        decide(self.people, registration="open")
        with self.people.unit() as uow:
            invitations.invite(uow, f"invited@{self.name}.example")
            mail_settings.update(uow, sender_name=f"Help of {self.name}")
        newcomer = Browser(self.app, self.tenant)
        page = newcomer.follow(newcomer.get(self.url("/signup")))
        newcomer.submit(page, email=f"newcomer@{self.name}.example", password="lantern orbit quiet harvest")
        newcomer.sign_in(newcomer.follow(newcomer.get(self.url("/login"))), self.email, "mistyped")
        Post(self.wiring, self.tenant).deliver()

    @cached_property
    def consented(self) -> bool:
        """Whether its person said yes to the third party; they do now."""
        page = self.signed_in.authorize(self.third_party, redirect_uri=self.callback)
        return bool(self.browser.submit(page, decision="allow").status_code == 303)

    @cached_property
    def standby_kid(self) -> str:
        """A published key that no other tenant shares, unlike the ready-made ones of the tests."""
        with self.people.unit() as uow:
            kid = keys.publish(uow, rsa_keys.generate_private_key(public_exponent=65537, key_size=2048)).kid
        keys.forget()
        return kid

    def set_logo(self) -> bytes:
        """Give the tenant a logo and a colour that nobody else has."""
        picture = io.BytesIO()
        Image.new("RGB", (8, 8), self.accent).save(picture, "PNG")
        with self.wiring.platform_unit() as platform:
            tenant = tenants.get(platform, self.tenant.slug)
            branding.set_logo(platform, tenant, picture.getvalue())
            tenants.update(platform, tenant, {"accent": self.accent})
        resolve.forget()
        return branding.reencode(picture.getvalue())

    def assertion_grant(self) -> dict[str, str]:
        """The form of a client that proves itself with its own key."""
        jwk = rsa.public_jwk(_ASSERTION_KEY.public_key())
        client, _ = self.people.client(
            type="machine", token_endpoint_auth_method="private_key_jwt", jwks={"keys": [jwk]}, scope="notes:read"
        )
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": JWT_BEARER,
            "client_assertion": assertion(client, self.tenant.issuer),
        }


def assertion(client: Client, audience: str) -> str:
    """A client's proof of itself (RFC 7523 §3), by the key that `World` registers."""
    now = int(time.time())
    claims = {"iss": str(client.id), "sub": str(client.id), "aud": audience, "iat": now, "exp": now + 60}
    return jwt.encode(claims | {"jti": str(uuid4())}, _ASSERTION_KEY, algorithm="RS256")
