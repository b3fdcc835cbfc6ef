"""What the benchmark acts on: a tenant with its people and clients, codes and logins in any number, many tenants."""

import base64
import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from sqlalchemy import make_url

from bench.load import post
from bench.stack import Stack
from idp.authn import login, passwords, sessions
from idp.authn.models import Session
from idp.crypto.secrets import encode, mac, new_secret
from idp.db.unit import UnitOfWork
from idp.oauth import codes, pkce, registration
from idp.oauth.authorize import store
from idp.oauth.metadata import ClientMetadata
from idp.oauth.models import AuthorizationParameters, Client
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.users import service as users

PASSWORD = "correct horse battery staple"
PEOPLE = 40
BUDGET = {
    "limit_tenant": "1000000/minute",
    "limit_visit_ip": "1000000/minute",
    "limit_sign_in_account": "60/minute",
    "limit_client": "1000000/minute",
}
"""What one loaded machine needs, which is everybody to its tenant."""
CALLBACK = "https://app.example.com/callback"
VERIFIER = "v" * 43


@dataclass(frozen=True)
class Scene:
    """One tenant, ready to be loaded."""

    stack: Stack
    tenant: Tenant
    web: Client
    web_secret: str
    machine: Client
    machine_secret: str
    user_id: UUID
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def path(self) -> str:
        return f"/t/{self.tenant.slug}"

    def basic(self, client: Client, secret: str) -> str:
        return "Basic " + base64.b64encode(f"{client.id}:{secret}".encode()).decode()

    def token_request(self, body: str, *, machine: bool = False) -> bytes:
        client, secret = (self.machine, self.machine_secret) if machine else (self.web, self.web_secret)
        return post(self.stack.host, f"{self.path}/oauth/token", body, Authorization=self.basic(client, secret))

    def codes(self, count: int) -> list[str]:
        """Fresh codes, made by the verbs that the authorization endpoint uses."""
        with self.stack.wiring.tenant_unit(self.tenant) as uow:
            session, _ = sessions.start(uow, self.user_id, ["pwd"], replaces=None)
            uow.flush()
            return [self._code(uow, session) for _ in range(count)]

    def _code(self, uow: UnitOfWork, session: Session) -> str:
        parameters = AuthorizationParameters(
            redirect_uri=CALLBACK,
            scope=["openid", "email", "offline_access"],
            code_challenge=pkce.challenge_of(VERIFIER),
        )
        request = store.store(uow, self.web, parameters, new_secret("br"))
        code = codes.issue_code(uow, request, self.web, session)
        if code is None:
            raise RuntimeError("a fresh request was answered before")
        return code

    def code_request(self, code: str) -> bytes:
        body = f"grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}"
        return self.token_request(body)

    def logins(self, count: int) -> list[bytes]:
        """Filled-in sign-in forms, each of a browser of its own."""
        requests = []
        with self.stack.wiring.tenant_unit(self.tenant) as uow:
            for _ in range(count):
                browser = new_secret("br")
                flow = login.begin(uow, browser)
                requests.append((browser, flow.id))
        return [self._login(browser, flow) for browser, flow in requests]

    def _login(self, browser: str, flow: UUID) -> bytes:
        name = f"idp-{hashlib.sha256(self.tenant.id.bytes).hexdigest()[:16]}-b"
        csrf = encode(mac(browser.encode(), b"csrf", self.tenant.id.bytes))
        number = next(self.numbers)
        body = f"flow={flow}&csrf={csrf}&email={address_of(number)}&password={PASSWORD.replace(' ', '+')}"
        headers = {"Cookie": f"{name}={browser}", "X-Forwarded-For": f"10.0.{number >> 8 & 255}.{number & 255}"}
        return post(self.stack.host, f"{self.path}/login", body, **headers)


def address_of(number: int) -> str:
    """Of one of the people, who sign in one after the other."""
    return f"person-{number % PEOPLE}@example.com"


def prepare(stack: Stack, slug: str = "acme") -> Scene:
    """Make the tenant."""
    wiring = stack.wiring
    with wiring.platform_unit() as platform:
        tenant = tenants.create(platform, slug=slug, name="Acme", base_url=wiring.settings.base_url)
        platform.flush()
        tenants.update(platform, tenant, BUDGET)
    with wiring.tenant_unit(tenant) as uow:
        people = [users.create(uow, email=address_of(number), verified=True) for number in range(PEOPLE)]
        uow.flush()
        for person in people:
            passwords.set_password(uow, person, PASSWORD)
        web = ClientMetadata.read(
            {"client_name": "Notes", "redirect_uris": [CALLBACK], "first_party": True}, loopback_http=True
        )
        machine = ClientMetadata.read({"client_name": "Robot", "type": "machine"}, loopback_http=True)
        web_client, web_secret = registration.register(uow, web)
        machine_client, machine_secret = registration.register(uow, machine)
    return Scene(stack, tenant, web_client, web_secret or "", machine_client, machine_secret or "", people[0].id)


def multiply_tenants(stack: Stack, count: int) -> None:
    """Copy the tenant `count` times with its key, clients and secrets: rows as a large installation has them."""
    url = make_url(stack.wiring.settings.platform_database_url.get_secret_value()).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("SET statement_timeout = 0")  # so many rows take their time
        connection.execute(
            "CREATE TEMP TABLE copies AS SELECT gen_random_uuid() AS id, n FROM generate_series(1, %s) AS n", [count]
        )
        connection.execute(
            "INSERT INTO tenants (id, slug, name, issuer, policy, branding, budget, data_key_sealed)"
            " SELECT c.id, 'copy-' || n, t.name, t.issuer || '-copy-' || n, t.policy, t.branding, t.budget,"
            " t.data_key_sealed"
            " FROM copies c, tenants t WHERE t.slug = 'acme'"
        )
        for table in ("signing_keys", "users", "clients", "client_secrets"):
            columns = [
                row[0]
                for row in connection.execute(
                    "SELECT column_name FROM information_schema.columns"
                    " WHERE table_name = %s AND table_schema = 'public' AND column_name <> 'tenant_id'",
                    [table],
                )
            ]
            named = ", ".join(columns)
            connection.execute(
                f"INSERT INTO {table} (tenant_id, {named})"
                f" SELECT c.id, {', '.join('s.' + column for column in columns)}"
                f" FROM copies c, {table} s JOIN tenants t ON t.id = s.tenant_id AND t.slug = 'acme'"
            )
    owner = make_url(stack.owner_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("ANALYZE")
