"""What a document may say: every mistake is named with its place, and secrets are never in a sentence."""

from typing import Any

import pytest

from idp.declarations.document import check
from idp.declarations.errors import DeclarationInvalid
from idp.declarations.reading import Source, read
from idp.declarations.things import Declaration, Kind

API = "https://a.example"
WEB = {"name": "Notes", "redirect_uris": ["https://notes.example/callback"]}
HUB = {"name": "github", "kind": "github", "client_id": "Iv1.1"}


def wanted(**sections: Any) -> Declaration:
    return check(Source({"tenant": "acme", **sections}), secrets=str)


def refused(**sections: Any) -> list[tuple[str, str]]:
    with pytest.raises(DeclarationInvalid) as caught:
        wanted(**sections)
    return caught.value.errors


@pytest.mark.parametrize(
    ("sections", "pointer", "sentence"),
    [
        ({"hooks": []}, "/hooks", "There is no section 'hooks' here. Known: tenant, name, settings"),
        ({"people": []}, "/people", "There is no section 'people' here."),
        ({"tenant": "Not a slug"}, "/tenant", "A slug is 2 to 40 characters"),
        ({"tenant": 5}, "/tenant", "This must be text; put it into quotes."),
        ({"name": ""}, "/name", "Must be one line of 1 to 100 characters."),
        ({"settings": []}, "/settings", "Input should be a valid dictionary."),
        ({"settings": {"colour": "red"}}, "/settings/colour", "There is no member 'colour' here. Known: session_idle"),
        ({"settings": {"logo_etag": "x"}}, "/settings/logo_etag", "There is no member 'logo_etag' here."),
        ({"settings": {"password_min_length": 7}}, "/settings/password_min_length", "Input should be greater than or"),
        ({"settings": {"password_min_length": "12"}}, "/settings/password_min_length", "Input should be a valid int"),
        ({"settings": {"password_check_breaches": 1}}, "/settings/password_check_breaches", "Input should be"),
        ({"settings": {"accent": "red"}}, "/settings/accent", "Must be a colour such as #3451b2."),
        ({"settings": {"registration_domains": ["ok.example", "a b"]}}, "/settings/registration_domains/1", "'a b' is"),
        ({"limits": {"limit_tenant": "fast"}}, "/limits/limit_tenant", "Must read like 30/minute"),
        ({"limits": {"limit_x": "1/minute"}}, "/limits/limit_x", "There is no member 'limit_x' here. Known: limit_ten"),
        ({"resources": [{"name": "x"}]}, "/resources/0/identifier", "This must be there."),
        ({"resources": [{"identifier": API, "scope": []}]}, "/resources/0/scope", "List should have at"),
        ({"resources": [{"identifier": API, "x": 1}]}, "/resources/0/x", "There is no member"),
        ({"resources": [{"identifier": API, "permissions": ["a:b"]}]}, "/resources/0/permissions", "In"),
        ({"roles": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}, "/roles/2/name", "roles[0] is called 'a' already."),
        ({"roles": [{"name": "admin"}]}, "/roles/0/name", "The role admin is built in"),
        ({"roles": [{"name": "a", "permissions": "users:read"}]}, "/roles/0/permissions", "Input should be a"),
        ({"roles": [{"name": "a", "permissions": [1]}]}, "/roles/0/permissions/0", "This must be text"),
        ({"groups": [{"name": "x", "members": []}]}, "/groups/0/members", "There is no member 'members' here."),
        ({"groups": [{"name": "x", "description": "a\x00b"}]}, "/groups/0/description", "Must be one line of 0 to 500"),
        ({"clients": [WEB, WEB]}, "/clients/1/name", "clients[0] is called 'Notes' already."),
        ({"clients": [WEB | {"client_secret": "x"}]}, "/clients/0/client_secret", "There is no member 'client_secret'"),
        ({"clients": [WEB | {"jwks_uri": "x"}]}, "/clients/0/jwks_uri", "There is no member 'jwks_uri' here."),
        ({"clients": [WEB | {"name": False}]}, "/clients/0/name", "This must be text; put it into quotes."),
        ({"clients": [WEB | {"connections": []}]}, "/clients/0/connections", "Name at least one connection, or null"),
        ({"mail": {"sender_address": "nobody"}}, "/mail/sender_address", "This is not an email address: "),
        ({"mail": {"password": "x"}}, "/mail/password", "There is no member 'password' here. Known: sender_name"),
        ({"domains": ["a b"]}, "/domains/0", "'a b' is not a domain such as acme.example."),
        ({"domains": {"a": 1}}, "/domains", "Input should be a valid list."),
    ],
)  # fmt: skip
def test_each_mistake_is_named_where_it_stands(sections: dict[str, Any], pointer: str, sentence: str) -> None:
    errors = refused(**sections)
    assert errors[0][0] == pointer, errors
    assert errors[0][1].startswith(sentence), errors


@pytest.mark.parametrize(
    ("members", "pointer", "sentence"),
    [
        ({"name": "Git Hub"}, "/name", "String should match pattern"),
        ({"kind": "myspace"}, "/kind", "Must be one of "),
        ({"position": 1}, "/position", "There is no member 'position' here. Known: name, kind, label, enabled"),
        ({"client_secret": "a\nb"}, "/client_secret", "A client secret is one line of 1 to 2000 characters."),
        ({"options": {"x": 1}}, "/options/x", "There is no member 'x' here. Known: issuer, base_url, directory"),
        ({"options": {"trusts_email": 1}}, "/options/trusts_email", "Input should be a valid boolean"),
        ({"options": {"teams": ["a"]}}, "/options/teams/0", "String should match pattern"),
        ({"options": {"roles": ["a"]}}, "/options/roles", "Input should be a valid dictionary"),
    ],
)
def test_each_mistake_of_a_connection_is_named_where_it_stands(
    members: dict[str, Any], pointer: str, sentence: str
) -> None:
    ((place, said), *_) = refused(connections=[HUB | members])
    assert (place, said[: len(sentence)]) == (f"/connections/0{pointer}", sentence)


def test_two_connections_have_two_names() -> None:
    assert refused(connections=[HUB, HUB]) == [("/connections/1/name", "connections[0] is called 'github' already.")]


def test_all_mistakes_are_said_at_once_with_their_lines() -> None:
    text = b"tenant: acme\nroles:\n  - name: admin\n  - name: x\nmail:\n  smtp_url: nonsense\n"
    with pytest.raises(DeclarationInvalid) as caught:
        check(read(text), secrets=str)
    assert str(caught.value).splitlines() == [
        "line 3 roles[0].name: The role admin is built in: it can be held and included, not changed.",
        "line 6 mail.smtp_url: A mail server is written smtp://user:password@host:587 or"
        " smtps://user:password@host:465.",
    ]


@pytest.mark.parametrize("data", [None, [], "tenant", 5, {"name": "x"}])
def test_a_document_begins_with_its_tenant(data: Any) -> None:
    with pytest.raises(DeclarationInvalid):
        check(Source(data), secrets=str)


def test_null_is_the_default_again_and_absent_is_nothing() -> None:
    things = wanted(
        settings={"password_min_length": None, "accent": "#0F766E"},
        roles=[{"name": "a", "description": None}],
        resources=[{"identifier": API, "name": None}],
    ).things
    assert things[Kind.SETTINGS]["settings"] == {"password_min_length": 15, "accent": "#0f766e"}
    assert things[Kind.ROLE] == {"a": {"description": ""}}
    assert things[Kind.RESOURCE] == {API: {"name": API}}
    assert Kind.GROUP not in things


def test_a_secret_is_never_shown_by_what_holds_it() -> None:
    found = wanted(mail={"smtp_url": "smtp://u:hunter2@mail.example"})
    assert "hunter2" not in repr(found.things)
    (error,) = refused(mail={"smtp_url": "smpt://u:hunter2@mail.example"})
    assert "hunter2" not in error[1]


def test_a_connections_secret_is_never_shown_by_what_holds_it() -> None:
    found = wanted(connections=[HUB | {"client_secret": "hunter2"}])
    assert "hunter2" not in repr(found.things)
    (error,) = refused(connections=[HUB | {"client_secret": "hunter2\x00"}])
    assert "hunter2" not in error[1]


def test_options_of_a_connection_are_members_of_their_own() -> None:
    given = {"creation_domains": ["ACME.example"], "creation": None, "claims": {"name": "cn"}}
    assert wanted(connections=[{"name": "a", "enabled": None, "options": given}]).things[Kind.CONNECTION] == {
        "a": {
            "enabled": True,
            "options.creation_domains": ["acme.example"],
            "options.creation": "off",
            "options.claims": {"name": "cn"},
        }
    }


def test_a_permission_belongs_to_one_api_of_the_file() -> None:
    twice = [{"identifier": f"https://{name}.example", "permissions": {"a:b": ""}} for name in ("x", "y")]
    assert refused(resources=twice) == [
        ("/resources/1/permissions/a:b", "a:b is a permission of another API in this file.")
    ]
