"""Row-level security by rule: what a migration says of each table it makes (R50).

The app role sees the tenant of the transaction and nothing else; the platform role sees all, by a policy of its own
and not by BYPASSRLS; the owner, who migrates, has no policy and so sees no row of a tenant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

APP = "idp_app"
PLATFORM = "idp_platform"
OWNER = "idp_owner"

CURRENT_TENANT = "nullif(current_setting('idp.tenant_id', true), '')::uuid"
CURRENT_SLUG = "nullif(current_setting('idp.tenant_slug', true), '')"


APPENDED = frozenset({"events"})
"""Tables that the app role adds to, and changes nothing in (R57)."""


class Access(StrEnum):
    """What the app role may do with a tenant's table."""

    READ_WRITE = "SELECT, INSERT, UPDATE, DELETE"
    APPEND_ONLY = "SELECT, INSERT"


def protect(table: str, access: Access = Access.READ_WRITE) -> list[str]:
    """The statements that put a tenant's `table` behind its policies."""
    return [
        *_force(table),
        f"CREATE POLICY {table}_tenant ON {table} TO {APP}"
        f" USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})",
        f"CREATE POLICY {table}_platform ON {table} TO {PLATFORM} USING (true) WITH CHECK (true)",
        f"GRANT {access} ON {table} TO {APP}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {PLATFORM}",
    ]


def protect_tenants() -> list[str]:
    """The same for the table of tenants: the app role reads its own row, by id or by the slug it was asked for."""
    return [
        *_force("tenants"),
        f"CREATE POLICY tenants_tenant ON tenants FOR SELECT TO {APP}"
        f" USING (id = {CURRENT_TENANT} OR slug = {CURRENT_SLUG})",
        f"CREATE POLICY tenants_platform ON tenants TO {PLATFORM} USING (true) WITH CHECK (true)",
        f"GRANT SELECT ON tenants TO {APP}",
        f"GRANT SELECT, INSERT, UPDATE ON tenants TO {PLATFORM}",
    ]


def _force(table: str) -> list[str]:
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    ]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as the database should have it; "" where an expression is missing."""

    name: str
    role: str
    command: str
    using: str
    check: str


def policies(table: str) -> Sequence[Policy]:
    """What `protect` and `protect_tenants` have made of `table`, for whoever looks whether it still is so."""
    everything = Policy(f"{table}_platform", PLATFORM, "ALL", "true", "true")
    if table == "tenants":
        return Policy(
            "tenants_tenant", APP, "SELECT", f"id = {CURRENT_TENANT} OR slug = {CURRENT_SLUG}", ""
        ), everything
    own = f"tenant_id = {CURRENT_TENANT}"
    return Policy(f"{table}_tenant", APP, "ALL", own, own), everything


def privileges(table: str) -> Mapping[str, Sequence[str]]:
    """The same, of what each role may do to it."""
    app = Access.APPEND_ONLY if table in APPENDED else Access.READ_WRITE
    everything = Access.READ_WRITE.split(", ")
    if table == "tenants":
        return {APP: ["SELECT"], PLATFORM: everything[:3]}
    return {APP: app.split(", "), PLATFORM: everything}
