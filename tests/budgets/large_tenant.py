"""A database with one large tenant: a row of everything by the product's own verbs, and ten thousand copies of each.

What a tenant has few of is spread over ten thousand tenants.
"""

from typing import Any
from uuid import UUID

import psycopg

MANY, FEW = 10_000, 200
_HEX = "'01a20e00-0000-7000-8000-' || lpad(to_hex({start} + n), 12, '0')"


def _id(start: int) -> str:
    """SQL of the id of the n-th row, in the order of n."""
    return f"({_HEX.format(start=start)})::uuid"


def _few(start: int, **changes: str) -> dict[str, str]:
    """Some copies for the large tenant, and one for each of the others."""
    return {"tenant_id": f"CASE WHEN n <= {FEW} THEN s.tenant_id ELSE {_id(_TENANT)} END", "id": _id(start), **changes}


_TENANT = 0x500000
_PERSON, _GROUP, _CLIENT, _SESSION = 0x100000, 0x200000, 0x300000, 0x400000
COPIES: dict[str, dict[str, str]] = {
    "tenants": {
        "id": _id(_TENANT),
        "slug": "'copy-' || n",
        "issuer": "'http://localhost:8000/t/copy-' || n",
        "suspended_at": "CASE WHEN n %% 1000 = 0 THEN now() END",
    },
    "users": {
        "id": _id(_PERSON),
        "disabled_at": "CASE WHEN n %% 500 = 0 THEN now() END",
        "deletes_at": "CASE WHEN n %% 500 = 1 THEN now() + interval '9 days' END",
    },
    "user_emails": {
        "id": _id(0x600000),
        "user_id": _id(_PERSON),
        "address": "'person-' || n || '@example.com'",
        "canonical": "'person-' || n || '@example.com'",
    },
    "groups": {"id": _id(_GROUP), "name": "'Group ' || n"},
    "group_members": {"user_id": _id(_PERSON)},
    "role_assignments": {"user_id": _id(_PERSON)},
    "group_roles": {"group_id": _id(_GROUP)},
    "client_roles": {"tenant_id": _few(0)["tenant_id"], "client_id": _id(_CLIENT)},
    "clients": _few(_CLIENT, name="'Client ' || n"),
    "consents": {"user_id": _id(_PERSON)},
    "invitations": {
        "id": _id(0x700000),
        "address": "'guest-' || n || '@example.com'",
        "canonical": "'guest-' || n || '@example.com'",
    },
    "sessions": {"id": _id(_SESSION), "user_id": _id(_PERSON), "secret_digest": "sha256(n::text::bytea)"},
    "grants": {"id": _id(0x800000), "user_id": _id(_PERSON), "session_id": _id(_SESSION)},
    "outbox_messages": {"id": _id(0x900000), "dead_at": "now()"},
    "operator_accesses": _few(0xA00000, ended_at="CASE WHEN n %% 2 = 0 THEN now() END"),
    "api_resources": _few(0xB00000, identifier="'https://api-' || n || '.example.com'"),
    "permissions": _few(0xC00000, name="'notes:act-' || n"),
    "webhook_deliveries": {
        "id": _id(0xE00000),
        "event_id": _id(0xE00000),
        "failed_at": "NULL",
        "delivered_at": "now()",
    },
    "alerts": {
        "id": _id(0xF00000),
        "subject": "'subject-' || n",
        "kind": "CASE WHEN n %% 500 = 0 THEN 'spray' ELSE 'brute_force' END",
    },
    "events": {
        "id": _id(0xD00000),
        "type": "CASE WHEN n %% 500 = 0 THEN 'role.created' ELSE 'session.started' END",
        "outcome": "CASE WHEN n %% 500 = 1 THEN 'failure' ELSE 'success' END",
        "occurred_at": "now() - (10000 - n) * interval '1 minute'",
        "actor_id": _id(_PERSON),
        "target_id": _id(_SESSION),
        "user_id": _id(_PERSON),
        "ip": "'10.0.' || n / 256 || '.' || n %% 256",
    },
}
"""What differs in the n-th copy of a row, by table and column; everything else stays as it is."""


def multiply(admin_url: str, tenant_id: UUID) -> None:
    """Copy a row of the tenant's `MANY` times into each table of `COPIES`.

    Args:
        admin_url: of the superuser, whom no policy and no foreign key stops.
        tenant_id: whose rows are copied; a tenant is copied too.
    """
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for table, changes in COPIES.items():
            _copy(connection, table, changes, tenant_id)
        connection.execute("ANALYZE")


def _copy(connection: psycopg.Connection[Any], table: str, changes: dict[str, str], tenant_id: UUID) -> None:
    named = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s", [table]
    )
    columns = [row[0] for row in named]
    values = [changes.get(column, f"s.{column}") for column in columns]
    key = "id" if table == "tenants" else "tenant_id"
    made = connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"  # type: ignore[arg-type]  # noqa: S608 - all ours
        f" FROM (SELECT * FROM {table} WHERE {key} = %s LIMIT 1) s, generate_series(1, %s) n",
        [tenant_id, MANY],
    )
    assert made.rowcount == MANY, table
