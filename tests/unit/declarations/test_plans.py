"""Plans, by properties: what is wanted already takes nothing, and carrying a plan out gives what was wanted."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from idp.declarations import connections, state, writing
from idp.declarations.document import check
from idp.declarations.plan import plan, settled
from idp.declarations.reading import Source, read
from idp.declarations.things import Action, Kind, State

TEXT = st.sampled_from(["", "One", "Two words", "é → ü", "yes", "2026-01-01", "#x: y", "- a"])
NAMES = st.sampled_from(["Acme", "no", "12", "null", "A: b", "Ümlaut & Söhne"])
BUSY = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
LOOKS = settings(max_examples=40, deadline=None, suppress_health_check=BUSY)
PERMISSIONS = ["a:see", "a:do", "b:see", "b:do", "users:read"]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Whole documents: every section, and every member of what is in it."""
    apis = draw(st.lists(st.sampled_from("ab"), unique=True))
    owned = [name for name in PERMISSIONS[:4] if name[0] in apis]
    defined = draw(st.lists(st.sampled_from(owned), unique=True)) if owned else []
    machines = draw(st.lists(st.sampled_from(["m1", "m2"]), unique=True))
    names = sorted(draw(st.lists(st.sampled_from(["r1", "r2", "r3"]), unique=True)))
    permitted = st.lists(st.sampled_from([*defined, "users:read"]), unique=True)
    held = st.lists(st.sampled_from(["admin", "member", *names]), unique=True)
    upstreams = draw(st.lists(st.sampled_from(["one", "two", "three"]), unique=True))
    usable = st.lists(st.sampled_from(upstreams), unique=True, min_size=1) if upstreams else st.none()
    return {
        "tenant": "acme",
        "name": draw(NAMES),
        "settings": {
            "password_min_length": draw(st.integers(8, 128)),
            "password_check_breaches": draw(st.booleans()),
            "refresh_grace_seconds": draw(st.integers(0, 30)),
            "registration_domains": draw(st.lists(st.sampled_from(["a.example", "b.example"]), unique=True)),
            "terms_url": draw(st.sampled_from([None, "https://acme.example/terms"])),
        },
        "limits": {"limit_client": draw(st.sampled_from(["10/minute", "100 per 2 hours"]))},
        "resources": [
            {
                "identifier": f"https://{name}.example",
                "name": draw(NAMES),
                "scope": draw(st.lists(st.sampled_from([f"{name}1", f"{name}2"]), unique=True, min_size=1)),
                "permissions": {item: draw(TEXT) for item in defined if item[0] == name},
                "permissions_claim": draw(st.booleans()),
                "client": draw(st.sampled_from([None, *machines])),
            }
            for name in apis
        ],
        "roles": [
            {
                "name": name,
                "description": draw(TEXT),
                "permissions": draw(permitted),
                "includes": draw(st.lists(st.sampled_from(["admin", "member", *names[:place]]), unique=True)),
            }
            for place, name in enumerate(names)
        ],
        "groups": [
            {"name": name, "description": draw(TEXT), "roles": draw(held)}
            for name in draw(st.lists(NAMES, unique=True, max_size=2))
        ],
        "clients": [
            {"name": name, "type": "machine", "scope": draw(st.sampled_from(["", "a1 b1"])), "roles": draw(held)}
            for name in machines
        ]
        + [
            {
                "name": name,
                "type": kind,
                "redirect_uris": [f"https://{name}.example/{draw(st.integers(1, 3))}"],
                "post_logout_redirect_uris": [],
                "first_party": draw(st.booleans()),
                "client_uri": draw(st.sampled_from([None, "https://acme.example"])),
                "connections": draw(st.none() | usable),
            }
            for name, kind in draw(st.lists(st.sampled_from([("w", "web"), ("s", "spa")]), unique=True))
        ],
        "connections": [
            {
                "name": name,
                "kind": "github",
                "client_id": draw(NAMES),
                "client_secret": draw(st.sampled_from(["one", "two"])),
                "label": draw(st.none() | NAMES),
                "enabled": draw(st.booleans()),
                "options": {
                    "base_url": draw(st.sampled_from([None, "https://git.example"])),
                    "organizations": draw(st.lists(st.sampled_from(["acme", "globex"]), unique=True)),
                    "roles": draw(
                        st.dictionaries(st.sampled_from(["acme", "acme/core"]), st.sampled_from(["member", *names]))
                    ),
                    "trusts_email": draw(st.booleans()),
                },
            }
            for name in upstreams
        ],
        "mail": {
            "sender_name": draw(st.sampled_from([None, "Acme"])),
            "sender_address": draw(st.sampled_from([None, "no-reply@acme.example"])),
            "smtp_url": draw(st.sampled_from([None, "smtp://u:one@m.example", "smtp://u:two@m.example"])),
        },
        "domains": draw(st.lists(st.sampled_from(["a.example", "b.example"]), unique=True)),
    }


def declared(document: dict[str, Any]) -> Any:
    return check(Source(document), secrets=str)


def carried_out(present: State, document: dict[str, Any], *, prune: bool) -> State:
    made = plan(present, declared(document), prune=prune)
    things = settled(present.things, [*made.changes])
    return State(present.slug, exists=True, things=things, known_permissions=present.known_permissions)


NOTHING = state.of_nobody("acme")


@LOOKS
@given(documents())
def test_what_is_wanted_already_takes_nothing(document: dict[str, Any]) -> None:
    present = carried_out(NOTHING, document, prune=False)
    for prune in (False, True):
        made = plan(present, declared(document), prune=prune)
        assert (made.changes, made.kept) == ((), ())


@LOOKS
@given(documents(), documents())
def test_carrying_out_what_it_takes_gives_what_was_wanted(first: dict[str, Any], second: dict[str, Any]) -> None:
    before, wanted = carried_out(NOTHING, first, prune=False), carried_out(NOTHING, second, prune=False)
    assert carried_out(before, second, prune=True).things == wanted.things


@LOOKS
@given(documents(), documents())
def test_without_pruning_nothing_goes_and_what_stays_is_named(first: dict[str, Any], second: dict[str, Any]) -> None:
    before = carried_out(NOTHING, first, prune=False)
    made = plan(before, declared(second))
    assert not [change for change in made.changes if change.action is Action.DELETE]
    after = carried_out(before, second, prune=False)
    for kind in Kind:
        assert before.things[kind].keys() <= after.things[kind].keys()
    named = {(change.kind, change.name) for change in made.kept}
    pruned = plan(before, declared(second), prune=True).changes
    gone = {(change.kind, change.name) for change in pruned if change.action is Action.DELETE}
    assert named <= gone
    assert all(kind is Kind.PERMISSION for kind, _ in gone - named)


@LOOKS
@given(documents(), documents())
def test_each_change_finds_what_it_refers_to(first: dict[str, Any], second: dict[str, Any]) -> None:
    """A role is made after those that it includes, and an API after its client; what goes, goes first."""
    before = carried_out(NOTHING, first, prune=False)
    changes = plan(before, declared(second), prune=True).changes
    deletes = [change.action is Action.DELETE for change in changes]
    assert deletes == sorted(deletes, reverse=True)
    there = {kind: set(of_kind) for kind, of_kind in before.things.items()}
    there[Kind.ROLE] |= {"admin", "member"}
    for change in changes:
        if change.action is Action.DELETE:
            there[change.kind].remove(change.name)
            continue
        if change.kind is Kind.ROLE:
            assert {*change.after.get("includes", [])} <= there[Kind.ROLE]
        if change.kind is Kind.RESOURCE and change.after.get("client"):
            assert change.after["client"] in there[Kind.CLIENT]
        if change.kind is Kind.CONNECTION:
            assert {*change.after.get("options.roles", {}).values()} <= there[Kind.ROLE]
        if change.kind is Kind.GROUP:
            assert {*change.after.get("roles", [])} <= there[Kind.ROLE]
        there[change.kind].add(change.name)


@LOOKS
@given(documents())
def test_what_is_written_takes_nothing_when_it_is_read(document: dict[str, Any]) -> None:
    present = carried_out(NOTHING, document, prune=False)
    source = read(writing.text(present).encode())
    assert source.data == writing.document(present)
    secrets = {writing.reference("acme"): present.things[Kind.MAIL]["mail"]["smtp_url"]} | {
        connections.reference("acme", name): upstream["client_secret"]
        for name, upstream in present.things[Kind.CONNECTION].items()
    }
    again = check(source, secrets=lambda reference: secrets[reference].get_secret_value())
    assert plan(present, again, prune=True).changes == ()


@LOOKS
@given(documents())
def test_no_plan_shows_a_secret(document: dict[str, Any]) -> None:
    made = plan(NOTHING, declared(document))
    said = repr(made) + str([change.as_document() for change in made.changes])
    assert "smtp://" not in said
    secrets = (change.after.get(name) for change in made.changes for name in ("smtp_url", "client_secret"))
    assert all(isinstance(secret, SecretStr | None) for secret in secrets)


def changes_of(first: list[str], second: list[str], *, prune: bool) -> list[str]:
    def upstreams(names: list[str]) -> dict[str, Any]:
        kept = {"kind": "github", "client_id": "Iv1.1", "client_secret": "one"}
        return {"tenant": "acme", "name": "Acme", "connections": [{"name": name, **kept} for name in names]}

    before = carried_out(NOTHING, upstreams(first), prune=False)
    return [change.sentence for change in plan(before, declared(upstreams(second)), prune=prune).changes]


def test_connections_change_places_among_those_that_the_document_names() -> None:
    moved = ["~ connection c: position", "~ connection a: position"]
    assert changes_of(["a", "b", "c"], ["c", "a"], prune=False) == moved
    assert changes_of(["a", "b", "c"], ["b", "c"], prune=False) == []
    assert changes_of(["a", "c"], ["a", "b", "c"], prune=False) == ["+ connection b", "~ connection c: position"]
    assert changes_of(["a", "b"], ["b"], prune=True) == ["- connection a", "~ connection b: position"]
