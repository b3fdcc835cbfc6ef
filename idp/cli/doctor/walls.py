"""Row-level security, table by table: forced, with the policies and the grants of `idp.db.rls` and no others (R50)."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from idp.cli.doctor.finding import Ill, Patient
from idp.db import rls
from idp.wiring import metadata

_MEND = "Take back what was changed by hand: the rule is in idp/db/rls.py, and `idp db upgrade` brings what is missing."
_SHOWN = 5
_TABLES = text("""
    SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner)
    FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND c.relname <> 'alembic_version' ORDER BY c.relname
""")
_POLICIES = text("""
    SELECT tablename, policyname, array_to_string(roles, ','), cmd, permissive, coalesce(qual, ''),
        coalesce(with_check, '')
    FROM pg_policies WHERE schemaname = 'public'
""")
_GRANTS = text("""
    SELECT c.relname, CASE WHEN a.grantee = 0 THEN 'everybody' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type
    FROM pg_class AS c, LATERAL aclexplode(c.relacl) AS a
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.grantee <> c.relowner
""")


def row_level_security(patient: Patient) -> str:
    """Whether each table is behind its wall, and every one that the product knows is there."""
    with patient.wiring.platform.connect() as connection:
        broken = [*_without_wall(connection), *_other_policies(connection)]
        count = len(connection.execute(_TABLES).all())
    _judge(broken)
    return f"forced on {count} tables, by the policies of the rule"


def grants(patient: Patient) -> str:
    """Whether nobody may do more to a table than the rule says, nor less."""
    with patient.wiring.platform.connect() as connection:
        found: dict[tuple[str, str], set[str]] = {}
        rows: Any = connection.execute(_GRANTS)
        for table, grantee, privilege in rows:
            found.setdefault((table, grantee), set()).add(privilege)
    rule = {("alembic_version", role): {"SELECT"} for role in (rls.APP, rls.PLATFORM)}
    for table in metadata.tables:
        rule |= {(table, role): set(privileges) for role, privileges in rls.privileges(table).items()}
    broken = []
    for table, grantee in sorted(found.keys() | rule.keys()):
        has, should = found.get((table, grantee), set()), rule.get((table, grantee), set())
        if has - should:
            broken.append(f"{grantee} may {', '.join(sorted(has - should))} on {table}")
        if should - has:
            broken.append(f"{grantee} may not {', '.join(sorted(should - has))} on {table}")
    _judge(broken)
    return "those of the rule"


def _without_wall(connection: Connection) -> Iterator[str]:
    rows: Any = connection.execute(_TABLES).all()
    for table, is_enabled, is_forced, owner in rows:
        if not is_enabled:
            yield f"{table} has no row-level security"
        elif not is_forced:
            yield f"{table} does not force it on its owner"
        if owner != rls.OWNER:
            yield f"{table} belongs to {owner}"
    missing = metadata.tables.keys() - {row[0] for row in rows}
    yield from (f"{table} is missing" for table in sorted(missing))


def _other_policies(connection: Connection) -> Iterator[str]:
    rows: Any = connection.execute(_POLICIES)
    found = {
        (table, name): (roles, cmd, kind, _bare(qual), _bare(check))
        for table, name, *rest in rows
        for roles, cmd, kind, qual, check in [rest]
    }
    rule = {
        (table, policy.name): (policy.role, policy.command, "PERMISSIVE", _bare(policy.using), _bare(policy.check))
        for table in metadata.tables
        for policy in rls.policies(table)
    }
    for table, name in sorted(found.keys() | rule.keys()):
        if (table, name) not in found:
            yield f"{table} has no policy {name}"
        elif (table, name) not in rule:
            yield f"{table} has a policy {name} that is none of ours"
        elif found[table, name] != rule[table, name]:
            yield f"the policy {name} is not as it was made"


def _bare(expression: str) -> str:
    """Without what PostgreSQL adds when it shows an expression: brackets, casts of literals, case, spaces."""
    without = expression.lower().replace("::text", "")
    return "".join(letter for letter in without if letter not in "() \n")


def _judge(broken: list[str]) -> None:
    if broken:
        more = f", and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
        raise Ill(f"{'; '.join(broken[:_SHOWN])}{more}.", _MEND)
