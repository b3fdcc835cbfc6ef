"""Webhooks as a tenant's document has them: made, changed and deleted; their secrets are never in it."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.declarations import writing
from idp.declarations.apply import Applied
from idp.declarations.errors import DeclarationInvalid
from idp.declarations.things import State
from idp.tenants.models import Tenant
from idp.webhooks import endpoints, secrets
from tests.factories import People

Apply = Callable[..., Applied]
URL = "https://acme.example/hooks"
HOOK = {"url": URL, "event_types": ["user.*", "key.revoked"], "description": "Our CRM"}


def wanted(people: People) -> list[str]:
    with people.unit() as uow:
        row = uow.session.get(Tenant, people.tenant.id)
        assert row is not None
        return row.webhook_events


def test_webhooks_change_and_change_back(declare: Apply, present: Callable[[], State], people: People) -> None:
    made = declare(webhooks=[HOOK])
    assert [change.sentence for change in made.plan.changes] == [f"+ webhook {URL}"]
    with people.unit() as uow:
        (row,) = endpoints.list_all(uow)
        assert made.credentials == {URL: {"webhook_secret": secrets.living(uow, row)[0]}}
    assert wanted(people) == ["key.revoked", "user.*"]
    there = present()
    again = declare(webhooks=[HOOK | {"event_types": ["key.revoked", "user.*", "user.*"]}])
    assert (again.plan.changes, again.credentials) == ((), {})
    other = {"url": URL, "event_types": ["*"], "description": None, "enabled": False}
    assert [change.sentence for change in declare(webhooks=[other]).plan.changes] == [
        f"~ webhook {URL}: description, event_types, enabled"
    ]
    assert wanted(people) == []
    declare(webhooks=[HOOK | {"enabled": None}])
    assert present() == there
    assert declare(webhooks=[{"url": URL}]).plan.changes == ()


def test_a_dump_makes_the_same_and_shows_no_secret(declare: Apply, present: Callable[[], State]) -> None:
    declare(webhooks=[HOOK, {"url": f"{URL}/off", "event_types": ["*"], "enabled": False}])
    document = writing.document(present())
    assert document["webhooks"] == [
        {"url": URL, "event_types": ["key.revoked", "user.*"], "description": "Our CRM"},
        {"url": f"{URL}/off", "event_types": ["*"], "enabled": False},
    ]
    assert "whsec" not in writing.text(present())
    assert declare(webhooks=document["webhooks"], prune=True).plan.changes == ()


def test_what_is_not_in_the_document_goes_only_when_pruned(declare: Apply, people: People) -> None:
    declare(webhooks=[HOOK])
    assert [kept.name for kept in declare(webhooks=[]).plan.kept] == [URL]
    assert [change.sentence for change in declare(webhooks=[], prune=True).plan.changes] == [f"- webhook {URL}"]
    assert wanted(people) == []


@pytest.mark.parametrize(
    ("webhook", "pointer", "said"),
    [
        ({"url": "http://acme.example/"}, "/url", "https://"),
        (
            {"url": URL, "event_types": ["user.created", "user.create"]},
            "/event_types/1",
            "The nearest is 'user.created'",
        ),
        ({"url": URL, "event_types": []}, "/event_types", "at least 1 item"),
        ({"url": URL}, "", "A new webhook needs event_types."),
        ({"url": URL, "event_types": ["*"], "secret": "whsec_AAAA"}, "/secret", "There is no member 'secret'"),
    ],
)
def test_what_cannot_be_is_said_where_it_stands(
    declare: Apply, people: People, webhook: dict[str, Any], pointer: str, said: str
) -> None:
    with pytest.raises(DeclarationInvalid) as refused:
        declare(webhooks=[webhook])
    ((where, sentence),) = refused.value.errors
    assert where == f"/webhooks/0{pointer}"
    assert said in sentence
    with people.unit() as uow:
        assert endpoints.list_all(uow) == []


def test_one_url_is_one_webhook(declare: Apply) -> None:
    with pytest.raises(DeclarationInvalid, match=r"webhooks\[0\] is called"):
        declare(webhooks=[HOOK, HOOK])
