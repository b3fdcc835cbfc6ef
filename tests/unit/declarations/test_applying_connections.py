"""Connections as a tenant's document has them: made, changed, put into order, and refused where it is not safe."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from idp.declarations.apply import Applied
from idp.declarations.errors import DeclarationInvalid, DeclarationRefused
from idp.declarations.things import Kind, State
from idp.events.models import Event
from idp.federation import connections, offers, upstreams
from idp.federation.models import Connection, FederatedIdentity
from idp.ids import new_id
from idp.oauth.models import Client
from tests.factories import People, make_user
from tests.unit.declarations.examples import OPERATOR, WEB

Apply = Callable[..., Applied]
GITHUB = {"name": "github", "kind": "github", "client_id": "Iv1.1", "client_secret": "first-secret"}
UPSTREAM = {
    "name": "corporate",
    "kind": "oidc",
    "client_id": "idp",
    "client_secret": "first-secret",
    "options": {"issuer": "https://login.acme.example"},
}


def secrets_of(people: People, name: str) -> tuple[str, ...]:
    with people.unit() as uow:
        return upstreams.of(uow, connections.get(uow, name)).client_secrets


def names_of(people: People) -> list[str]:
    with people.unit() as uow:
        return [row.name for row in connections.list_all(uow)]


def test_connections_change_and_change_back(declare: Apply, present: Callable[[], State], people: People) -> None:
    roles = [{"name": "core"}]
    options = {"organizations": ["acme"], "roles": {"acme/core": "core"}, "creation": "domains"}
    options |= {"creation_domains": ["ACME.example"], "trusts_email": True}
    first = {"roles": roles, "connections": [UPSTREAM, GITHUB | {"label": "Code", "options": options}]}
    made = declare(**first).plan.changes
    assert [change.sentence for change in made] == ["+ role core", "+ connection corporate", "+ connection github"]
    there = present()
    assert there.things[Kind.CONNECTION]["github"]["options.creation_domains"] == ["acme.example"]
    assert declare(**first).plan.changes == ()
    other = {"label": None, "enabled": False, "client_secret": "second-secret", "options": {"creation": None}}
    assert [change.sentence for change in declare(connections=[GITHUB | other]).plan.changes] == [
        "~ connection github: label, enabled, client_secret, options.creation"
    ]
    changed = present().things[Kind.CONNECTION]["github"]
    assert (changed["label"], changed["enabled"]) == ("GitHub", False)
    assert (changed["options.creation"], changed["options.trusts_email"]) == ("off", True)
    assert secrets_of(people, "github") == ("second-secret", "first-secret")
    assert declare(connections=[GITHUB | other]).plan.changes == ()
    declare(connections=[GITHUB | {"label": "Code", "enabled": True, "options": options}])
    assert present() == there


def test_what_is_left_out_of_a_connection_stays_as_it_is(declare: Apply, present: Callable[[], State]) -> None:
    declare(connections=[GITHUB | {"enabled": False, "options": {"organizations": ["acme"], "creation": "on"}}])
    before = present()
    assert declare(connections=[{"name": "github"}]).plan.changes == ()
    assert declare(connections=[{"name": "github", "options": {"creation": "on"}}]).plan.changes == ()
    declare(connections=[{"name": "github", "options": None}])
    options = present().things[Kind.CONNECTION]["github"]
    assert (options["options.organizations"], options["options.creation"]) == ([], "off")
    assert (options["enabled"], present() == before) == (False, False)


def test_the_order_of_the_document_is_the_order_of_the_buttons(declare: Apply, people: People) -> None:
    def named(*names: str) -> list[dict[str, Any]]:
        return [GITHUB | {"name": name} for name in names]

    declare(connections=named("a", "b", "c"))
    with people.unit() as uow:
        connections.get(uow, "b").position = 0  # as "a": of two at one place the name decides
    declare(connections=named("c", "a"))
    assert names_of(people) == ["c", "b", "a"]
    declare(connections=named("b", "new", "c"))
    assert names_of(people) == ["b", "new", "a", "c"]
    assert declare(connections=named("b", "new", "c")).plan.changes == ()
    declare(prune=True, connections=named("c", "new"))
    assert names_of(people) == ["c", "new"]
    assert declare(prune=True, connections=named("c", "new")).plan.changes == ()


def test_another_address_needs_the_secret_even_where_it_stays_the_same(declare: Apply, people: People) -> None:
    declare(connections=[UPSTREAM])
    moved = {"options": {"issuer": "https://other.acme.example"}}
    with pytest.raises(DeclarationInvalid, match="client_secret") as refused:
        declare(connections=[{"name": "corporate", **moved}])
    assert [pointer for pointer, _ in refused.value.errors] == ["/connections/0"]
    (change,) = declare(connections=[UPSTREAM | moved]).plan.changes
    assert change.sentence == "~ connection corporate: options.issuer, client_secret"
    assert change.as_document()["after"]["client_secret"] == "(hidden)"
    assert secrets_of(people, "corporate") == ("first-secret",)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"kind": "github"}, "connection corporate: kind is oidc and cannot become github; declare it under another"),
        ({"client_secret": None}, "connection corporate: its client_secret can be replaced, not taken away"),
    ],
)
def test_what_a_connection_cannot_become_is_refused_by_name(
    declare: Apply, present: Callable[[], State], changed: dict[str, Any], sentence: str
) -> None:
    declare(connections=[UPSTREAM])
    before = present()
    with pytest.raises(DeclarationRefused) as refused:
        declare(settings={"password_min_length": 20}, connections=[UPSTREAM | changed])
    assert refused.value.detail.startswith(sentence)
    assert present() == before


@pytest.mark.parametrize(
    ("members", "pointer", "sentence"),
    [
        ({"kind": None}, "", "A new connection needs kind."),
        ({"client_id": None}, "", "A new connection needs client_id."),
        ({"client_secret": None}, "", "This kind of connection needs a client_secret."),
        ({"options": {"hosted_domains": ["a.example"]}}, "/options/hosted_domains", "A connection to GitHub has no"),
        ({"options": {"creation": "domains"}}, "/options", "creation_domains must name at least one domain"),
        ({"options": {"roles": {"acme": "nobody"}}}, "/options/roles/acme", "There is no role 'nobody'."),
        ({"options": {"roles": {"acme": "owner"}}}, "/options/roles/acme", "The role owner is held by people"),
    ],
)
def test_what_a_connection_cannot_be_is_refused_where_it_stands(
    declare: Apply, members: dict[str, Any], pointer: str, sentence: str
) -> None:
    whole = {name: value for name, value in (GITHUB | members).items() if value is not None}
    with pytest.raises(DeclarationInvalid) as refused:
        declare(connections=[whole])
    ((place, said),) = refused.value.errors
    assert place == f"/connections/0{pointer}"
    assert sentence in said


def test_a_connection_by_which_somebody_signs_in_is_not_pruned(declare: Apply, people: People) -> None:
    declare(connections=[GITHUB, UPSTREAM])
    with people.unit() as uow:
        row, user = connections.get(uow, "github"), make_user(uow)
        identity = {"issuer": "https://github.com", "subject": "1", "user_id": user.id, "connection_id": row.id}
        uow.add(FederatedIdentity(id=new_id(), **identity))
    with pytest.raises(DeclarationRefused, match="connection github cannot go: a person signs in by it"):
        declare(prune=True, connections=[])
    declare(prune=True, connections=[GITHUB])
    assert names_of(people) == ["github"]


def test_a_role_that_a_mapping_gives_is_not_pruned(declare: Apply) -> None:
    declare(roles=[{"name": "core"}], connections=[GITHUB | {"options": {"roles": {"acme": "core"}}}])
    with pytest.raises(DeclarationRefused, match="role core cannot go: connection github, which stays, names it"):
        declare(prune=True, roles=[])
    declare(prune=True, roles=[], connections=[GITHUB | {"options": {"roles": {}}}])


def test_a_client_may_use_some_connections_or_all_of_them(
    declare: Apply, people: People, present: Callable[[], State]
) -> None:
    def allowed() -> list[str] | None:
        with people.unit() as uow:
            return offers.allowed_for(uow, uow.session.scalars(select(Client.id).where(Client.name == "Notes")).one())

    both = {"connections": [GITHUB, UPSTREAM]}
    declare(clients=[WEB | {"connections": ["github"]}], **both)
    assert allowed() == ["github"]
    assert declare(clients=[WEB]).plan.changes == ()
    with pytest.raises(DeclarationInvalid, match=r"clients\[0\].connections\[0\]: There is no connection 'x'"):
        declare(clients=[WEB | {"connections": ["x"]}])
    with pytest.raises(DeclarationRefused, match="connection github cannot go: client Notes, which stays, names it"):
        declare(prune=True, connections=[UPSTREAM])
    declare(prune=True, clients=[WEB | {"connections": ["corporate"]}], connections=[UPSTREAM])
    assert allowed() == ["corporate"]
    declare(prune=True, clients=[WEB | {"connections": ["github"]}], connections=[GITHUB])
    assert allowed() == ["github"]
    assert present().things[Kind.CLIENT]["Notes"]["connections"] == ["github"]
    declare(clients=[WEB | {"connections": None}])
    assert allowed() is None


def test_events_of_connections_name_the_operator_and_no_secret(declare: Apply, people: People) -> None:
    declare(connections=[GITHUB])
    declare(connections=[GITHUB | {"client_secret": "second-secret", "label": "Code", "enabled": False}])
    declare(prune=True, connections=[])
    with people.unit() as uow:
        ours = Event.actor_id == OPERATOR.id
        found = uow.session.scalars(select(Event).where(ours).order_by(Event.id)).all()
        assert uow.session.scalars(select(Connection)).all() == []
    assert [event.type for event in found] == [
        "connection.created",
        "connection.secret_rotated",
        "connection.updated",
        "connection.disabled",
        "connection.deleted",
    ]
    assert "-secret" not in " ".join(str(event.data) for event in found)
