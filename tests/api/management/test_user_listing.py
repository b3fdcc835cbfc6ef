"""People listed by the management API: found by what is known of them, and every page by an index (R50, R55)."""

from typing import Any

import pytest
from sqlalchemy import event, text

from idp.config import Settings
from idp.db import paging
from idp.db.engine import make_engine
from idp.users.models import UserEmail
from tests.api.management.callers import Caller
from tests.factories import NOBODY, People

ODD = ["zoe@example.com", "zo%@example.com", "zo_x@example.com", "zo\u00eb@example.com", "zo\U0001d11e@example.com"]

_MANY = text(
    "WITH made AS (INSERT INTO users (tenant_id, id, profile) SELECT :tenant, gen_random_uuid(), '{}'"
    " FROM generate_series(1, 3000) RETURNING id, tenant_id)"
    " INSERT INTO user_emails (tenant_id, id, user_id, address, canonical, is_primary)"
    " SELECT tenant_id, gen_random_uuid(), id, address, address, true FROM"
    " (SELECT *, 'person' || row_number() OVER () || '@example.com' AS address FROM made) AS named"
)


def emails(caller: Caller, query: str) -> list[str]:
    answer = caller.get(f"/users?{query}")
    assert answer.status_code == 200, answer.text
    return [item["email"] for item in answer.json["items"]]


def pages(caller: Caller, query: str, limit: int = 3) -> list[str]:
    """Every page of a list, as one."""
    seen: list[str] = []
    address = f"/users?limit={limit}&{query}"
    cursor = ""
    while True:
        page = caller.get(address + cursor).json
        assert len(page["items"]) <= limit
        seen += [item["email"] for item in page["items"]]
        if page["next_cursor"] is None:
            return seen
        cursor = f"&cursor={page['next_cursor']}"


def add(caller: Caller, *addresses: str) -> None:
    answer = caller.post("/users/bulk", {"users": [{"email": address} for address in addresses]})
    assert answer.json["refused"] == 0, answer.text


def test_people_are_found_by_what_is_known_of_them(admin: Caller) -> None:
    ida = admin.post("/users", {"email": "ida@example.com"}).json
    assert emails(admin, "filter[email]=IDA@example.com") == ["ida@example.com"]
    assert emails(admin, "filter[email]=ida@example") == []
    assert emails(admin, "sort=email") == ["adam@example.com", "ida@example.com"]
    assert emails(admin, "sort=-email&filter[role]=admin") == ["adam@example.com"]
    assert emails(admin, "filter[role]=nothing") == []
    assert emails(admin, "filter[status]=disabled") == []
    admin.post(f"/users/{ida['id']}/disable")
    assert emails(admin, "filter[status]=disabled") == ["ida@example.com"]
    assert emails(admin, "filter[status]=active") == ["adam@example.com"]
    admin.delete(f"/users/{ida['id']}")
    assert emails(admin, "filter[status]=leaving") == []
    admin.post(f"/users/{ida['id']}/enable")
    assert emails(admin, "filter[status]=leaving") == ["ida@example.com"]
    group = admin.post("/groups", {"name": "Finance"}).json["id"]
    admin.put(f"/groups/{group}/members/{ida['id']}")
    assert emails(admin, f"filter[group]={group}") == ["ida@example.com"]
    assert emails(admin, f"filter[group]={group}&filter[status]=disabled") == []
    assert emails(admin, f"filter[group]={NOBODY}") == []


@pytest.mark.parametrize(
    "wrong",
    [
        "filter[status]=gone",
        "filter[group]=x",
        "filter[password]=x",
        "filter[email]=",
        "filter[email]=a%00b",
        "filter[email_starts_with]=%00",
        "filter[role]=%00",
        "sort=password_hash",
        "sort=email,created_at",
        "limit=0",
        "limit=201",
        "limit=two",
        "limit=1&limit=2",
        "cursor=x",
        "offset=5",
    ],
)
def test_what_cannot_be_asked_is_refused(admin: Caller, wrong: str) -> None:
    assert admin.get(f"/users?{wrong}").status_code == 422


def test_a_beginning_is_taken_as_it_is(admin: Caller) -> None:
    """No character stands for others, and whatever comes behind a beginning is found by it."""
    add(admin, *ODD, "zn@example.com", "zp@example.com")
    assert sorted(emails(admin, "filter[email_starts_with]=ZO")) == sorted(ODD)
    assert emails(admin, "filter[email_starts_with]=zo%25") == ["zo%@example.com"]
    assert emails(admin, "filter[email_starts_with]=zo_") == ["zo_x@example.com"]
    assert emails(admin, "filter[email_starts_with]=zo%C3%8B") == ["zo\u00eb@example.com"]
    assert emails(admin, "filter[email_starts_with]=zoe@example.com") == ["zoe@example.com"]
    assert emails(admin, "filter[email_starts_with]=zoe@example.com.") == []


def test_every_page_together_is_everybody_once(admin: Caller) -> None:
    add(admin, *(f"p{number}@example.com" for number in range(7)))
    everybody = ["adam@example.com", *(f"p{number}@example.com" for number in range(7))]
    for order in ("created_at", "-created_at", "email", "-email"):
        seen = pages(admin, f"sort={order}")
        assert sorted(seen) == everybody
        assert "email" not in order or seen == sorted(everybody, reverse=order == "-email")
    assert pages(admin, "sort=-email&filter[email_starts_with]=p", limit=2) == everybody[:0:-1]


def test_a_cursor_is_good_for_the_list_that_it_was_made_for(admin: Caller, owner: Caller) -> None:
    cursor = admin.get("/users?limit=1").json["next_cursor"]
    assert owner.get(f"/users?limit=1&cursor={cursor}").status_code == 200
    for other in ("sort=email", "sort=-created_at", "filter[status]=active"):
        assert admin.get(f"/users?{other}&cursor={cursor}").json["code"] == "cursor-invalid"
    assert admin.get(f"/roles?cursor={cursor}").json["code"] == "cursor-invalid"


def know_the_tables(settings: Settings) -> None:
    """What the server does by itself, a while after so many rows came."""
    assert settings.owner_database_url is not None
    engine = make_engine(settings.owner_database_url.get_secret_value(), pool_size=1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE users, user_emails"))
    engine.dispose()


@pytest.mark.parametrize(
    "query",
    [
        {"filter[email_starts_with]": "person77"},
        {"filter[email]": "person77@example.com"},
        {"sort": "email"},
        {"sort": "-email"},
    ],
    ids=str,
)
def test_an_index_finds_them_for_the_role_that_serves(
    people: People, settings: Settings, query: dict[str, Any]
) -> None:
    """Row-level security lets only conditions that cannot leak reach an index."""
    from idp.api.management.users import LISTING, PEOPLE_ROWS

    with people.unit() as uow:
        uow.session.execute(_MANY, {"tenant": people.tenant.id})
    know_the_tables(settings)
    explained: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT users"):
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {statement}", parameters)
                explained.extend(row[0] for row in cursor.fetchall())

    engine = people.wiring.app
    event.listen(engine, "before_cursor_execute", explain)
    try:
        with people.unit() as uow:
            page = LISTING.page(uow, PEOPLE_ROWS, query)
            if "sort" in query:
                order = paging.Order((UserEmail.canonical,), descending=query["sort"] == "-email")
                paging.page(uow.session, PEOPLE_ROWS, order, after=page.next, limit=5)
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    plan = "\n".join(explained)
    assert plan.count("user_emails_tenant_id_canonical_key") == (2 if "sort" in query else 1), plan
    assert "Seq Scan" not in plan, plan
    if "sort" not in query:
        condition = next(line for line in explained if "Index Cond" in line and "canonical" in line)
        assert "tenant_id" in condition
    else:
        assert "Sort" not in plan, plan
