"""What the database says afterwards of one tenant, read by the superuser, whom no policy binds."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from tests.faults.scene import Scene

TORN = {
    "people without the event that they were made": """
        SELECT u.id FROM users u WHERE u.tenant_id = %(tenant)s AND NOT EXISTS (
            SELECT FROM events e WHERE e.tenant_id = u.tenant_id AND e.type = 'user.created' AND e.target_id = u.id)""",
    "events of people who are not there": """
        SELECT e.target_id FROM events e WHERE e.tenant_id = %(tenant)s AND e.type = 'user.created' AND NOT EXISTS (
            SELECT FROM users u WHERE u.tenant_id = e.tenant_id AND u.id = e.target_id)""",
    "people without an address": """
        SELECT u.id FROM users u WHERE u.tenant_id = %(tenant)s AND NOT EXISTS (
            SELECT FROM user_emails m WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id AND m.is_primary)""",
    "grants without the event that they were given": """
        SELECT g.id FROM grants g WHERE g.tenant_id = %(tenant)s AND NOT EXISTS (
            SELECT FROM events e WHERE e.tenant_id = g.tenant_id AND e.type = 'grant.created'
            AND e.target_id = g.id)""",
    "grants that ended without an event, or with an event and did not end": """
        SELECT g.id FROM grants g WHERE g.tenant_id = %(tenant)s AND (g.revoked_at IS NOT NULL) <> EXISTS (
            SELECT FROM events e WHERE e.tenant_id = g.tenant_id AND e.type = 'grant.revoked'
            AND e.target_id = g.id)""",
    "grants that ended twice": """
        SELECT e.target_id FROM events e WHERE e.tenant_id = %(tenant)s AND e.type = 'grant.revoked'
        GROUP BY e.target_id HAVING count(*) > 1""",
    "sessions that ended without an event, or with an event and did not end": """
        SELECT s.id FROM sessions s WHERE s.tenant_id = %(tenant)s AND (s.ended_at IS NOT NULL) <> EXISTS (
            SELECT FROM events e WHERE e.tenant_id = s.tenant_id AND e.type = 'session.ended'
            AND e.target_id = s.id)""",
    "sessions without the event that they began": """
        SELECT s.id FROM sessions s WHERE s.tenant_id = %(tenant)s AND NOT EXISTS (
            SELECT FROM events e WHERE e.tenant_id = s.tenant_id AND e.type = 'session.started'
            AND e.target_id = s.id)""",
    "living grants of sessions that ended": """
        SELECT g.id FROM grants g JOIN sessions s ON s.tenant_id = g.tenant_id AND s.id = g.session_id
        WHERE g.tenant_id = %(tenant)s AND g.revoked_at IS NULL AND s.ended_at IS NOT NULL""",
    "codes that were used, of grants without tokens": """
        SELECT c.grant_id FROM authorization_codes c WHERE c.tenant_id = %(tenant)s AND c.used_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM refresh_families f WHERE f.tenant_id = c.tenant_id AND f.grant_id = c.grant_id)""",
    "Idempotency-Keys without an answer": """
        SELECT i.request_digest FROM idempotent_requests i
        WHERE i.tenant_id = %(tenant)s AND i.answer_sealed IS NULL""",
}
"""What can only be if half of a transaction was kept; each has to find nothing."""


@dataclass(frozen=True)
class Family:
    """One row of refresh_families, and whether its grant has ended."""

    generation: int
    is_over: bool


@dataclass
class Facts:
    """One tenant, as it stands.

    Attributes:
        people: ids by address.
        made: how often somebody was made, by events.
        holders: who holds the role of the scene.
        last_role_event: the type of the newest, by person.
        hashes: password hashes by address.
        password_events: how often somebody's password was changed, by address.
        families: by id.
        torn: sentences about halves of transactions.
        unsent: messages that are still to be sent, or given up.
        letters: addresses that mail arrived for.
    """

    people: dict[str, list[str]] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    holders: set[str] = field(default_factory=set)
    last_role_event: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    password_events: Counter[str] = field(default_factory=Counter)
    families: dict[str, Family] = field(default_factory=dict)
    torn: list[str] = field(default_factory=list)
    unsent: int = 0
    letters: Counter[str] = field(default_factory=Counter)


def read(connection: psycopg.Connection[Any], scene: Scene, *, letters: Iterable[str] = ()) -> Facts:
    """Look everything up."""
    known = {"tenant": scene.tenant_id, "role": scene.role_id}

    def rows(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query, known).fetchall()

    facts = Facts(letters=Counter(letters), unsent=unsent(connection, scene.tenant_id))
    for address, person in rows("SELECT canonical, user_id FROM user_emails WHERE tenant_id = %(tenant)s"):
        facts.people.setdefault(address, []).append(str(person))
    emails = {person: address for address, people in facts.people.items() for person in people}
    _read_events(facts, emails, rows)
    for (person,) in rows("SELECT user_id FROM role_assignments WHERE tenant_id = %(tenant)s AND role_id = %(role)s"):
        facts.holders.add(str(person))
    for person, password_hash in rows(
        "SELECT user_id, password_hash FROM password_credentials WHERE tenant_id = %(tenant)s"
    ):
        facts.hashes[emails.get(str(person), "")] = password_hash
    for family, generation, is_over in rows(
        "SELECT f.id, f.generation, g.revoked_at IS NOT NULL FROM refresh_families f"
        " JOIN grants g ON g.tenant_id = f.tenant_id AND g.id = f.grant_id WHERE f.tenant_id = %(tenant)s"
    ):
        facts.families[str(family)] = Family(generation, is_over)
    for sentence, query in TORN.items():
        if found := rows(query):
            facts.torn.append(f"{sentence}: {', '.join(str(row[0]) for row in found[:5])}")
    return facts


def _read_events(facts: Facts, emails: dict[str, str], rows: Callable[[str], list[tuple[Any, ...]]]) -> None:
    for kind, target, person in rows(
        "SELECT type, target_id, user_id FROM events WHERE tenant_id = %(tenant)s"
        " AND type IN ('user.created', 'role.assigned', 'role.unassigned', 'password.changed') ORDER BY id"
    ):
        match kind:
            case "user.created":
                facts.made[str(target)] += 1
            case "password.changed":
                facts.password_events[emails.get(str(person), "")] += 1
            case _:
                facts.last_role_event[str(person)] = kind


def unsent(connection: psycopg.Connection[Any], tenant_id: UUID) -> int:
    """Messages of the tenant that have not left."""
    row = connection.execute(
        "SELECT count(*) FROM outbox_messages WHERE tenant_id = %s AND sent_at IS NULL", [tenant_id]
    ).fetchone()
    return int(row[0]) if row else 0


def waiting(connection: psycopg.Connection[Any], tenant_id: UUID) -> list[tuple[Any, ...]]:
    """The same messages, for whoever wonders why."""
    return connection.execute(
        "SELECT kind, attempts, next_attempt_at - now(), dead_at, last_error FROM outbox_messages"
        " WHERE tenant_id = %s AND sent_at IS NULL LIMIT 10",
        [tenant_id],
    ).fetchall()
