"""`idp doctor`: well where all is well, and each thing that is really broken named with its remedy."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from idp.cli.doctor import database, services
from idp.cli.doctor.command import CHECKS
from idp.cli.doctor.finding import Doubtful, Ill, Trouble
from idp.db import migrations
from tests.cli.conftest import Terminal
from tests.operations.installation import Installation
from tests.smtp_server import Inbox, serving

SQL = "the database"
MASTER = "second:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="


@dataclass(frozen=True)
class Broken:
    """Something that is wrong: what makes it so, what undoes it, and what is said."""

    check: str
    state: str
    says: str
    breaks: str = ""
    mends: str = ""
    settings: dict[str, str] = field(default_factory=dict)


BROKEN = (
    Broken(
        *("platform role", "ill", "make tables"),
        "GRANT CREATE ON SCHEMA public TO idp_platform",
        "REVOKE CREATE ON SCHEMA public FROM idp_platform",
    ),
    Broken(
        *("row-level security", "ill", "users has no row-level security"),
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
    ),
    Broken(
        *("row-level security", "ill", "users does not force it"),
        "ALTER TABLE users NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE users FORCE ROW LEVEL SECURITY",
    ),
    Broken(
        *("row-level security", "ill", "grants belongs to idp_app"),
        "ALTER TABLE grants OWNER TO idp_app",
        "ALTER TABLE grants OWNER TO idp_owner",
    ),
    Broken(
        *("row-level security", "ill", "a policy everybody that is none of ours"),
        "CREATE POLICY everybody ON users USING (true)",
        "DROP POLICY everybody ON users",
    ),
    Broken(
        *("row-level security", "ill", "the policy sessions_tenant is not as it was made"),
        "ALTER POLICY sessions_tenant ON sessions USING (true)",
        "ALTER POLICY sessions_tenant ON sessions"
        " USING (tenant_id = nullif(current_setting('idp.tenant_id', true), '')::uuid)",
    ),
    Broken(
        *("row-level security", "ill", "users has no policy users_platform"),
        "ALTER POLICY users_platform ON users RENAME TO other",
        "ALTER POLICY other ON users RENAME TO users_platform",
    ),
    Broken(
        *("grants", "ill", "idp_app may UPDATE on events"),
        "GRANT UPDATE ON events TO idp_app",
        "REVOKE UPDATE ON events FROM idp_app",
    ),
    Broken(
        *("grants", "ill", "everybody may SELECT on users"),
        "GRANT SELECT ON users TO PUBLIC",
        "REVOKE SELECT ON users FROM PUBLIC",
    ),
    Broken(
        *("grants", "ill", "idp_platform may not DELETE on sessions"),
        "REVOKE DELETE ON sessions FROM idp_platform",
        "GRANT DELETE ON sessions TO idp_platform",
    ),
    Broken(
        *("schema", "warn", "of a later release"),
        "UPDATE alembic_version SET version_num = '9999'",
        "UPDATE alembic_version SET version_num = 'HEAD'",
    ),
    Broken(
        *("schema", "ill", "`idp db upgrade`"),
        "UPDATE alembic_version SET version_num = '0001'",
        "UPDATE alembic_version SET version_num = 'HEAD'",
    ),
    Broken(
        *("outbox", "warn", "messages were given up"),
        "INSERT INTO outbox_messages (tenant_id, id, kind, payload, attempts, next_attempt_at, created_at, dead_at)"
        " SELECT id, gen_random_uuid(), 'mail', '{}', 10, now(), now(), now() FROM tenants LIMIT 1",
        "DELETE FROM outbox_messages",
    ),
    Broken(
        *("outbox", "warn", "waited for 15 minutes"),
        "INSERT INTO outbox_messages (tenant_id, id, kind, payload, attempts, next_attempt_at, created_at)"
        " SELECT id, gen_random_uuid(), 'mail', '{}', 0, now() - interval '15 minutes', now() FROM tenants LIMIT 1",
        "DELETE FROM outbox_messages",
    ),
    Broken(
        *("signing keys", "warn", "Keys of system wait"),
        "UPDATE tenants SET created_at = now() - interval '1 day'",
        "UPDATE tenants SET created_at = now()",
    ),
    Broken("master keys", "ill", "is not given", settings={"IDP_MASTER_KEYS": MASTER}),
    Broken("master keys", "ill", "another key of the same name", settings={"IDP_MASTER_KEYS": "first:" + MASTER[7:]}),
    Broken("redis", "ill", "does not answer", settings={"IDP_REDIS_URL": "redis://127.0.0.1:1"}),
    Broken("redis secret", "ill", "takes anybody", settings={"IDP_REDIS_URL": "redis://redis.invalid:1"}),
    Broken("mail", "ill", "127.0.0.1:1 does not answer", settings={"IDP_SMTP_URL": "smtp://127.0.0.1:1"}),
    Broken("mail", "warn", "no mail server", settings={"IDP_DEV": "false"}),
    Broken("configuration", "ill", "IDP_BASE_URL must be https", settings={"IDP_BASE_URL": "http://id.example.com"}),
    Broken("configuration", "ill", "IDP_PORT", settings={"IDP_PORT": "many"}),
    Broken("configuration", "ill", "IDP_MASTER_KEYS", settings={"IDP_MASTER_KEYS": "short:YQ=="}),
)


@pytest.fixture(scope="module")
def patient(addresses: dict[str, str], environment: dict[str, str], worker_id: str, wiring: Any) -> Iterator[Any]:
    made = Installation.make(addresses, environment, f"idp_patient_{worker_id}")
    with psycopg.connect(made.admin_url, autocommit=True) as admin:
        admin.execute("DELETE FROM outbox_messages")
    yield made
    made.close()


@pytest.fixture
def look(patient: Installation, idp: Terminal) -> Callable[..., tuple[int, dict[str, Any]]]:
    """What the doctor finds, by check, and the status it ends with."""

    def find(**settings: str) -> tuple[int, dict[str, Any]]:
        result = Terminal(patient.environment | settings)("doctor", "--json")
        return result.exit_code, {found["check"]: found for found in json.loads(result.stdout)}

    return find


def test_all_is_well_on_a_fresh_installation(look: Callable[..., Any]) -> None:
    status, found = look()
    assert status == 0
    assert {finding["state"] for finding in found.values()} == {"well"}, found
    assert found.keys() == {"configuration", *(check.name for check in CHECKS)}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.check}: {broken.says}")
def test_what_is_broken_is_named_with_its_remedy(
    patient: Installation, look: Callable[..., Any], broken: Broken
) -> None:
    head = migrations.status(patient.wiring().app).head or ""
    with psycopg.connect(patient.admin_url, autocommit=True) as admin:
        if broken.breaks:
            admin.execute(broken.breaks)
        try:
            status, found = look(**broken.settings)
        finally:
            if broken.mends:
                admin.execute(broken.mends.replace("HEAD", head))
    finding = found[broken.check]
    assert (finding["state"], broken.says in f"{finding['detail']} {finding['mend']}") == (broken.state, True), finding
    assert finding["mend"]
    assert status == (1 if broken.state == "ill" or "ill" in {each["state"] for each in found.values()} else 0)


@pytest.mark.parametrize(
    ("power", "says"),
    [
        ("BYPASSRLS", "above row-level security"),
        ("SUPERUSER", "above row-level security"),
        ("CREATEROLE", "may make roles"),
        ("IN ROLE idp_owner", "is a member of idp_owner"),
        ("IN ROLE idp_app", "is a member of idp_app"),
        ("NOINHERIT", "not idp_app"),
    ],
)
def test_a_role_that_may_too_much_or_is_another_is_told(
    patient: Installation, look: Callable[..., Any], worker_id: str, power: str, says: str
) -> None:
    """A role of this test, because the servers of the others have the same three."""
    name = f"idp_strange_{worker_id}"
    url = make_url(patient.environment["IDP_DATABASE_URL"]).set(username=name, password="of-a-strange-role")
    with psycopg.connect(patient.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'of-a-strange-role' {power}")
        admin.execute(f"GRANT SELECT ON alembic_version TO {name}")
        try:
            status, found = look(IDP_DATABASE_URL=url.render_as_string(hide_password=False))
        finally:
            admin.execute(f"DROP OWNED BY {name}")
            admin.execute(f"DROP ROLE {name}")
    assert (status, found["app role"]["state"], says in found["app role"]["detail"]) == (1, "ill", True), found


def test_a_wrong_setting_hides_nothing_else(look: Callable[..., Any]) -> None:
    status, found = look(IDP_PORT="many", IDP_MASTER_KEYS="short:YQ==", IDP_REDIS_URL="redis://127.0.0.1:1")
    assert status == 1
    assert {"IDP_PORT", "IDP_MASTER_KEYS"} <= {word.strip(":;") for word in found["configuration"]["detail"].split()}
    assert found["redis"]["state"] == "ill"
    assert found["row-level security"]["state"] == "well"
    assert "master keys" not in found, "there is nothing to ask"


def test_nothing_at_all_is_a_finding_as_well(idp: Terminal) -> None:
    result = Terminal({})("doctor", "--json", IDP_DATABASE_URL="", IDP_BASE_URL="")
    assert result.exit_code == 1
    found = {each["check"]: each for each in json.loads(result.stdout)}
    assert "IDP_PLATFORM_DATABASE_URL is missing" in found["configuration"]["detail"]


def test_a_password_that_could_be_guessed_is_told(patient: Installation, look: Callable[..., Any]) -> None:
    for password in ("postgres", "tiny", "idp_app"):
        url = make_url(patient.environment["IDP_DATABASE_URL"]).set(password=password)
        _status, found = look(IDP_DATABASE_URL=url.render_as_string(hide_password=False))
        assert found["passwords"]["state"] == "ill"
        assert password not in found["passwords"]["detail"].split()


def test_a_mail_server_that_answers_is_well_and_one_without_tls_gets_no_password(look: Callable[..., Any]) -> None:
    with serving(Inbox()) as port:
        _status, found = look(IDP_SMTP_URL=f"smtp://127.0.0.1:{port}")
        assert (found["mail"]["state"], "without TLS" in found["mail"]["detail"]) == ("well", True)
        _status, found = look(IDP_SMTP_URL=f"smtp://me:a-secret@127.0.0.1:{port}")
        assert found["mail"]["state"] == "ill"
        assert "a-secret" not in json.dumps(found)


@pytest.mark.parametrize(
    ("judged", "state", "says"),
    [
        (lambda: database.judge_encryption("db.example", "prefer", is_encrypted=False), Ill, "in clear"),
        (lambda: database.judge_encryption("localhost,db.example", "prefer", is_encrypted=False), Ill, "in clear"),
        (lambda: database.judge_encryption("db.example", "require", is_encrypted=True), Doubtful, "nobody checks"),
        (lambda: database.judge_skew(-6, "the database"), Ill, "6 seconds apart"),
        (lambda: services.judge_redis_url("redis://:pw@redis.example"), Doubtful, "in clear"),
        (lambda: services.judge_redis_url("redis+cluster://redis.example,b"), Ill, "takes anybody"),
        (
            lambda: services.judge_memory({"maxmemory": "1000", "maxmemory-policy": "noeviction"}),
            Doubtful,
            "refuses to count",
        ),
    ],
)
def test_what_cannot_be_broken_here_is_judged_by_what_would_be_found(
    judged: Callable[[], str], state: type[Trouble], says: str
) -> None:
    with pytest.raises(state, match=says):
        judged()


@pytest.mark.parametrize(
    "judged",
    [
        lambda: database.judge_encryption("db.example", "verify-full", is_encrypted=True),
        lambda: database.judge_encryption("/run/postgresql", "prefer", is_encrypted=False),
        lambda: database.judge_encryption("127.0.0.1,localhost", "prefer", is_encrypted=False),
        lambda: database.judge_skew(4, "Redis"),
        lambda: services.judge_redis_url("rediss://:pw@redis.example"),
        lambda: services.judge_redis_url("unix:///run/valkey.sock"),
        lambda: services.judge_memory({"maxmemory": "1000", "maxmemory-policy": "volatile-ttl"}),
        lambda: services.judge_memory({}),
    ],
)
def test_what_is_as_it_should_be_there_is_well(judged: Callable[[], str]) -> None:
    assert judged()


def test_a_server_that_is_too_old_is_told(look: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "OLDEST_POSTGRESQL", 99)
    status, found = look()
    assert (status, found["postgresql"]["state"]) == (1, "ill")
