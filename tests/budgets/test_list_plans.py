"""Every list of the API, each order and each filter, on its first page and deep inside: the database reads a page.

Each SELECT of each request is run by EXPLAIN ANALYZE as well, as the role and under the policies that it runs with, in
a database where every list has ten thousand rows.  What a scan reads and throws away counts like what it answers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from sqlalchemy import Select, event, make_url, text
from sqlalchemy.orm import Session

import idp
from idp.app import create_app
from idp.config import Settings
from idp.db import paging
from idp.db.paging import Order
from idp.oauth import management
from idp.tenants import resolve
from idp.tenants import service as tenants
from idp.wiring import Wiring
from tests import services
from tests.api.conformance import document
from tests.api.management.callers import Caller, person_caller
from tests.budgets.large_tenant import MANY, multiply
from tests.conftest import TEMPLATE
from tests.factories import NOBODY, People, system_tenant
from tests.isolation.world import World

PAGE = paging.page
FINDS_THE_MIDDLE = "/* the middle */"
BUDGET = ("limit_tenant", "limit_client")
MOST = 1_000
"""Rows that one step may read for a page: twenty times the page, a tenth of the list."""


@dataclass
class Stage:
    """The large tenant, and whoever asks."""

    wiring: Wiring
    operator: Caller
    owner: Caller
    parts: dict[str, Any]
    plans: list[dict[str, Any]] = field(default_factory=list)

    def explain(self, connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        """Before a statement runs: how it will."""
        if statement.startswith(("SELECT", "WITH")) and FINDS_THE_MIDDLE not in statement:
            with connection.connection.driver_connection.cursor() as cursor:
                ((plan,),) = cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters)
            self.plans.append(plan[0]["Plan"])

    def ask(self, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        """The plans of all that is asked for a page of a list."""
        caller = self.owner if path.startswith("/t/") else self.operator
        below = path.partition("/api/v1")[2].format(**self.parts)
        self.plans.clear()
        for engine in (self.wiring.app, self.wiring.platform):
            event.listen(engine, "before_cursor_execute", self.explain)
        try:
            answer = caller.get(f"{below}?{urlencode(query)}")
        finally:
            for engine in (self.wiring.app, self.wiring.platform):
                event.remove(engine, "before_cursor_execute", self.explain)
        assert answer.status_code == 200, answer.text
        return [*self.plans]


def from_the_middle(
    session: Session, statement: Select[Any], order: Order, *, after: paging.Key | None, limit: int
) -> paging.Page:
    """The page behind the row in the middle of the list, however long the list is."""
    assert after is None
    directed = [column.desc() if order.descending else column.asc() for column in order.columns]
    keyed = statement.add_columns(*order.columns).order_by(*directed)
    row = session.execute(keyed.prefix_with(FINDS_THE_MIDDLE).offset(MANY // 2).limit(1)).first()
    if row is not None:
        after = [str(value) for value in row[-len(order.columns) :]]
    return PAGE(session, statement, order, after=after, limit=limit)


@pytest.fixture(scope="module")
def stage(addresses: dict[str, str], environment: dict[str, str], worker_id: str, wiring: Wiring) -> Iterator[Stage]:
    """On a database of its own: so many rows would be in everybody's way."""
    assert wiring  # the keys are ready-made
    database = f"idp_large_{worker_id}"
    admin_url = services.create_database(addresses, database, owner="idp_owner", template=TEMPLATE)
    urls = {
        name: make_url(value).set(database=database).render_as_string(hide_password=False)
        for name, value in environment.items()
        if name.endswith("DATABASE_URL")
    }
    settings = Settings.load(environment | urls)
    own = Wiring.of(settings)
    app = create_app(settings, own)
    world = World(app, own, "large")
    world.fill()
    system = People(own, system_tenant(own))
    operator = person_caller(app, system, email="op@example.com", roles=("owner",))
    operator.base = management.platform_audience(system.tenant)
    owner = person_caller(app, world.people, email="olive@example.com", roles=("owner",))
    with world.people.unit() as uow:
        parts = {
            "group_id": uow.session.scalars(text("SELECT id FROM groups")).one(),
            "role_id": uow.session.scalars(text("SELECT id FROM roles WHERE name = 'singer'")).one(),
            "webhook_id": uow.session.scalars(text("SELECT id FROM webhook_endpoints")).one(),
        }
    parts |= {
        "user_id": world.user.id,
        "client_id": world.machine.id,
        "resource_id": world.resource_id,
        "slug": world.tenant.slug,
    }
    with own.platform_unit() as platform:
        for slug in (world.tenant.slug, system.tenant.slug):
            tenants.update(platform, tenants.get(platform, slug), dict.fromkeys(BUDGET, "1000000/minute"))
    resolve.forget()
    multiply(admin_url, world.tenant.id)
    yield Stage(own, operator, owner, parts)
    own.dispose()
    with psycopg.connect(addresses["admin_url"], autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {database} WITH (FORCE)")  # type: ignore[arg-type]


SAMPLES: dict[str, dict[str, list[Any]]] = {
    "list-users": {
        "email": ["person-77@example.com"],
        "email_starts_with": ["person-77", "p"],
        "role": ["singer", "owner", "nothing"],
        "group": ["{group_id}", NOBODY],
    },
    "list-groups": {"name": ["Group 77"]},
    "list-roles": {"name": ["singer"]},
    "list-clients": {"name": ["Client 77"]},
    "list-consents": {"user_id": ["{user_id}", NOBODY], "client_id": [NOBODY]},
    "list-events": {
        "type": ["session.started", "role.created", "tenant.deleted"],
        **{key: ["{user_id}", NOBODY] for key in ("actor_id", "target_id", "user_id")},
        "ip": ["10.0.1.7", "192.0.2.1"],
        "since": ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"],
        "until": ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"],
    },
    "list-invitations": {"email": ["guest-77@example.com"]},
    "list-operator-accesses": {"operator_id": [NOBODY]},
    "list-accesses": {"operator_id": [NOBODY]},
    "list-permissions": {"resource": ["https://api.large.example"]},
    "list-resources": {"identifier": ["https://api-77.example.com"]},
    "list-alerts": {"since": ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"]},
    "list-webhook-deliveries": {"event_type": ["webhook.tested", "tenant.deleted"]},
    "list-tenants": {"slug": ["copy-77"], "slug_starts_with": ["copy-77", "c"]},
}
"""What to filter by, where the document has no list of values."""


_ONE_SIDE = "deep inside, what is joined is read from its beginning: the cursor bounds one table only"
_HOLDERS = "who holds the role is looked for among everybody"
_DELIVERIES = "what became of a webhook's deliveries has no index: each would be written with every delivery"
LINEAR = {
    "list-users {group_id}": _ONE_SIDE,
    **dict.fromkeys(("list-users singer", "list-users owner", "list-users nothing"), _HOLDERS),
    **dict.fromkeys((f"list-webhook-deliveries {state}" for state in ("pending", "failed")), _DELIVERIES),
    "list-webhook-deliveries tenant.deleted": _DELIVERIES,
}
"""Lists that are known to take longer in a larger tenant, and why; whoever mends one takes it from here."""


def cases() -> Iterator[Any]:
    """Address and query: each order of each list, and each value of each filter."""
    for path, operations in document()["paths"].items():
        operation = operations.get("get", {})
        named = {each["name"]: each["schema"] for each in operation.get("parameters", []) if "name" in each}
        if "cursor" not in named:
            continue
        name = operation["operationId"]
        kinds = [{"kind": kind} for kind in named.get("kind", {}).get("enum", [])] or [{}]
        queries = [{"sort": order} for order in named["sort"]["enum"]]
        for key, schema in named.items():
            if key.startswith("filter["):
                values = SAMPLES.get(name, {}).get(key[7:-1]) or schema["enum"]
                queries += [{key: value} for value in values]
        for query in ({**kind, **query} for query in queries for kind in kinds):
            said = " ".join(str(value) for value in query.values())
            said = f"client {said}" if "filter[client_id]" in query else said
            marks = [pytest.mark.xfail(reason=LINEAR[key])] if (key := f"{name} {said}") in LINEAR else []
            yield pytest.param(path, query, id=key, marks=marks)


@pytest.mark.parametrize(("path", "query"), [*cases()])
def test_a_page_reads_a_page(stage: Stage, path: str, query: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {key: str(value).format(**stage.parts) for key, value in query.items()}
    assert_frugal(stage.ask(path, asked))
    monkeypatch.setattr(paging, "page", from_the_middle)
    assert_frugal(stage.ask(path, asked))


def assert_frugal(plans: list[dict[str, Any]]) -> None:
    """No step reads more than it should, and nothing large is read from end to end."""
    for node in (node for plan in plans for node in nodes(plan)):
        table = node.get("Relation Name")
        read = rows_read(node)
        assert read <= MOST, f"{node['Node Type']} of {table} reads {read} rows"
        assert (node["Node Type"], table) not in {("Seq Scan", name) for name in LARGE}, f"{table} is read whole"


LARGE = ("users", "user_emails", "events", "tenants", "group_members", "role_assignments", "sessions", "grants")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes, its own first."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def rows_read(node: dict[str, Any]) -> float:
    """What a node answered and what it threw away, in all its loops."""
    return (node["Actual Rows"] + sum(value for name, value in node.items() if name.startswith("Rows Removed"))) * node[
        "Actual Loops"
    ]


def test_nothing_counts_its_way_to_a_page() -> None:
    """A page begins behind the last row of the one before, nowhere by a number of rows."""
    sources = [path.read_text() for path in (Path(idp.__file__).parent).rglob("*.py")]
    assert [source for source in sources if re.search(r"\.offset\(|\bOFFSET\b", source)] == []


def test_policies_keep_no_index_from_being_used(stage: Stage) -> None:
    """What pages compare by may run before the policy, so that it can be an index condition (leakproof)."""
    compared = ["texteq", "text_lt", "text_le", "text_gt", "text_ge", "uuid_eq", "uuid_lt", "uuid_gt", "timestamptz_ge"]
    with stage.wiring.platform_unit() as platform:
        leaking = text("SELECT proname FROM pg_proc WHERE proname = ANY(:names) AND NOT proleakproof")
        assert platform.execute(leaking, {"names": [*compared]}).all() == []
    plans = stage.ask("/t/{tenant_slug}/api/v1/users", {"filter[email]": "person-77@example.com"})
    conditions = [node.get("Index Cond", "") for plan in plans for node in nodes(plan)]
    assert any("canonical = 'person-77@example.com'" in condition for condition in conditions)
