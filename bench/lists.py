"""Lists and statistics: what a page takes in a large tenant, and at many tenants, against the same in small ones.

Rows are made by SQL, as a large installation has them; pages are asked for over HTTP, by programs with roles, one
after the other.  Only the ratios say something: a page takes what its own length takes.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
from sqlalchemy import make_url, text

from bench.load import get, measure, once_each, repeat
from bench.scene import BUDGET
from bench.stack import Stack
from idp.api.listing import Listing
from idp.api.management.events import LISTING as EVENTS
from idp.api.management.users import LISTING as PEOPLE
from idp.api.platform.tenants import LISTING as TENANTS
from idp.events import rollups
from idp.oauth import management, registration
from idp.oauth.metadata import ClientMetadata
from idp.rbac import service as rbac
from idp.tenants import service as tenants
from idp.tenants.errors import NoSuchTenant
from idp.tenants.models import SYSTEM_SLUG, Tenant

SMALL, LARGE = 1_000, 1_000_000
FEW, MANY = 1_000, 100_000


def _id(milliseconds: str, number: str = "n") -> str:
    """SQL of a UUIDv7 of a moment, and of the n-th row."""
    return f"(lpad(to_hex({milliseconds}), 12, '0') || '70008000' || lpad(to_hex({number}), 12, '0'))::uuid"


def _person(number: str) -> str:
    """SQL of the id of the n-th person."""
    return _id(f"1735689600000 + {number}", number)


_SOMEBODY = _person("(1 + n::bigint * 7919 %% %(count)s)")
_KIND = "CASE WHEN n %% 20 = 1 THEN 'role.created' WHEN n %% 10 = 0 THEN 'login.failed' ELSE 'session.started' END"
"""Of everything that is filtered by, the small tenant has a whole page as well."""
_OUTCOME = "CASE WHEN n %% 10 = 0 THEN 'failure' ELSE 'success' END"
_ROWS = (
    f"INSERT INTO users (tenant_id, id, profile, disabled_at)"
    f" SELECT %(tenant)s, {_person('n')}, '{{}}', CASE WHEN n %% 20 = 0 THEN now() END"
    " FROM generate_series(1, %(count)s) n",
    f"INSERT INTO user_emails (tenant_id, id, user_id, address, canonical, is_primary)"
    f" SELECT %(tenant)s, {_person('n')}, {_person('n')}, address, address, true"
    " FROM generate_series(1, %(count)s) n, LATERAL (SELECT md5(n::text) || '@example.com' AS address) e",
    f"INSERT INTO events (tenant_id, id, type, outcome, occurred_at, actor_kind, actor_id, target_type, target_id,"
    f" user_id, ip, data) SELECT %(tenant)s, {_id('(extract(epoch FROM at) * 1000)::bigint')}, {_KIND}, {_OUTCOME}, at,"
    f" 'user', {_SOMEBODY}, 'users', {_SOMEBODY}, {_SOMEBODY}, '10.' || n %% 199 || '.' || n %% 251 || '.1', '{{}}'"
    " FROM generate_series(1, %(count)s) n,"
    " LATERAL (SELECT now() - (%(count)s - n) * (interval '365 days' / %(count)s) AS at) t",
)
_TENANTS = (
    "INSERT INTO tenants (id, slug, name, issuer, policy, branding, budget, data_key_sealed)"
    " SELECT gen_random_uuid(), 'copy-' || n, name, issuer || '-copy-' || n, policy, branding, budget, data_key_sealed"
    " FROM tenants, generate_series(%(first)s::int, %(last)s::int) n WHERE slug = %(slug)s"
)


@dataclass(frozen=True)
class Reader:
    """A program that may look at everything of a tenant."""

    stack: Stack
    tenant: Tenant
    path: str
    token: str

    def p50(self, name: str, query: Mapping[str, Any] | None = None) -> float:
        """Milliseconds of a page, when it is asked for again and again."""
        request = get(
            self.stack.host, f"{self.path}/{name}?{urlencode(query or {})}", Authorization=f"Bearer {self.token}"
        )
        measure(self.stack.port, [once_each([request] * 3)], seconds=30)
        result = measure(self.stack.port, [repeat(request)], seconds=0.8)
        if result.failed:
            raise SystemExit(f"{name} {query}: {result.failed} refusals")
        return result.p50

    def cursor(self, listing: Listing, key: str, query: Mapping[str, Any]) -> str:
        """Behind a row."""
        with self.stack.wiring.tenant_unit(self.tenant) as uow:
            return listing._seal(uow, [key], query)  # noqa: SLF001 - others come there page by page


def reader(stack: Stack, tenant: Tenant, audience: str, scope: str) -> Reader:
    """Make the program, and get it a token."""
    with stack.wiring.platform_unit() as platform:
        tenants.update(platform, tenants.get(platform, tenant.slug), BUDGET)
    with stack.wiring.tenant_unit(tenant) as uow:
        metadata = ClientMetadata.read({"client_name": "Reader", "type": "machine", "scope": scope}, loopback_http=True)
        client, secret = registration.register(uow, metadata)
        rbac.assign_to_client(uow, client, "admin")
    answer = httpx.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials", "resource": audience},
        auth=(str(client.id), secret or ""),
    )
    answer.raise_for_status()
    path = audience.removeprefix(stack.wiring.settings.base_url)
    return Reader(stack, tenant, path, answer.json()["access_token"])


def fill(stack: Stack, statements: Sequence[str], **values: Any) -> None:
    """Write rows as the platform role, and let the planner know."""
    platform, owner = (
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        for url in (stack.wiring.settings.platform_database_url.get_secret_value(), stack.owner_url)
    )
    with psycopg.connect(platform) as connection:
        connection.execute("SET statement_timeout = 0; SET synchronous_commit = off")  # so many rows take their time
        for statement in statements:
            connection.execute(statement, values)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("VACUUM (ANALYZE)")


def tenant_of(stack: Stack, slug: str, count: int) -> Reader:
    """A tenant with so many people and events, and a program that may look at them."""
    with stack.wiring.platform_unit() as platform:
        tenant = tenants.create(platform, slug=slug, name=slug.title(), base_url=stack.wiring.settings.base_url)
    made = reader(stack, tenant, management.audience(tenant), "users:read events:read")
    fill(stack, _ROWS, tenant=tenant.id, count=count)
    return made


def pages(of: Reader, count: int) -> dict[str, float]:
    """Milliseconds of each page of people and events."""
    with of.stack.wiring.tenant_unit(of.tenant) as uow:
        person, address = uow.session.execute(
            text(f"SELECT user_id, canonical FROM user_emails ORDER BY user_id OFFSET {count // 2} LIMIT 1")
        ).one()
        event = uow.session.execute(text(f"SELECT id FROM events ORDER BY id OFFSET {count // 2} LIMIT 1")).scalar_one()
    before = f"{datetime.now(UTC) - timedelta(days=200):%Y-%m-%dT00:00:00Z}"
    by_email, kind, whose = {"sort": "email"}, {"filter[type]": "role.created"}, {"filter[user_id]": str(person)}
    asked: dict[str, tuple[str, dict[str, str]]] = {
        "people, first page": ("users", {}),
        "people, deep page": ("users", {"cursor": of.cursor(PEOPLE, str(person), {})}),
        "people by email": ("users", by_email),
        "people by email, deep": ("users", {**by_email, "cursor": of.cursor(PEOPLE, address, by_email)}),
        "people, one address": ("users", {"filter[email]": address}),
        "people, beginning of it": ("users", {"filter[email_starts_with]": address[:8], **by_email}),
        "people who are disabled": ("users", {"filter[status]": "disabled"}),
        "events, first page": ("events", {}),
        "events, deep page": ("events", {"cursor": of.cursor(EVENTS, str(event), {})}),
        "events of a type": ("events", kind),
        "events of a person": ("events", whose),
        "events by a person": ("events", {"filter[actor_id]": str(person)}),
        "events that failed": ("events", {"filter[outcome]": "failure"}),
        "what a person did": (f"users/{person}/events", {}),
        "events before a day": ("events", {"filter[until]": before}),
    }
    return {name: of.p50(*request) for name, request in asked.items()}


def tenant_pages(of: Reader) -> dict[str, float]:
    """Milliseconds of each page of tenants."""
    deep = of.cursor(TENANTS, "copy-500", {})
    asked: dict[str, dict[str, str]] = {
        "tenants, first page": {},
        "tenants, deep page": {"cursor": deep},
        "tenants, newest first": {"sort": "-created_at"},
        "tenants, one slug": {"filter[slug]": "copy-500"},
    }
    return {name: of.p50("tenants", query) for name, query in asked.items()}


def year(of: Reader, times: int) -> float:
    """Milliseconds of a year's sign-ins, day by day."""
    today = datetime.now(UTC).date()
    query = urlencode({"from": str(today - timedelta(days=364)), "to": str(today)})
    request = get(of.stack.host, f"{of.path}/statistics/sign-ins?{query}", Authorization=f"Bearer {of.token}")
    return measure(of.stack.port, [once_each([request] * times)], seconds=60).p50


def compare(title: str, small: Mapping[str, float], large: Mapping[str, float]) -> None:
    """Print both, and their ratios."""
    print(f"\n{title:28}{'small ms':>10}{'large ms':>10}  ratio")
    for name, before in small.items():
        print(f"{name:28}{before:>10.1f}{large[name]:>10.1f}  {large[name] / before:.2f}")


def run(stack: Stack) -> None:
    """Print the tables."""
    begun = time.perf_counter()
    small, large = tenant_of(stack, "small", SMALL), tenant_of(stack, "large", LARGE)
    compare(
        f"{SMALL:,} and {LARGE:,} people",
        pages(small, SMALL),
        pages(large, LARGE),
    )
    live = year(large, 1)
    counting = time.perf_counter()
    with stack.wiring.platform_unit() as platform:
        rollups.count_days(platform)
    counting = time.perf_counter() - counting
    print(f"\na year of {LARGE:,} events: {year(large, 30):.0f} ms; not counted yet {live:.0f} ms")
    print(f"counting them: {counting:.1f} s")
    with stack.wiring.platform_unit() as platform:
        try:
            system = tenants.get(platform, SYSTEM_SLUG)
        except NoSuchTenant:
            system = tenants.create(platform, slug=SYSTEM_SLUG, name="System", base_url=stack.wiring.settings.base_url)
    operator = reader(stack, system, management.platform_audience(system), "tenants:read")
    fill(stack, [_TENANTS], slug="small", first=1, last=FEW)
    few = tenant_pages(operator)
    fill(stack, [_TENANTS], slug="small", first=FEW + 1, last=MANY)
    compare(f"{FEW:,} and {MANY:,} tenants", few, tenant_pages(operator))
    print(f"\n{time.perf_counter() - begun:.0f} s in all")
