"""What is refused, by name and by place, with nothing changed."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.authn import sessions
from idp.declarations.apply import Applied
from idp.declarations.errors import DeclarationInvalid, DeclarationRefused
from idp.declarations.things import Kind, State
from idp.oauth import grants
from idp.rbac import roles
from tests.factories import People, make_client, make_user
from tests.unit.declarations.examples import API, WEB

Apply = Callable[..., Applied]


def test_a_role_that_somebody_holds_is_not_pruned(declare: Apply, people: People) -> None:
    with people.unit() as uow:
        roles.create_role(uow, name="held")
        make_user(uow, roles=("held",))
    with pytest.raises(DeclarationRefused, match="role held cannot go: a person holds it; take it from them first"):
        declare(prune=True, roles=[])


def test_a_client_with_living_grants_is_not_pruned(declare: Apply, people: People, present: Any) -> None:
    with people.unit() as uow:
        client, _ = make_client(uow, client_name="Used")
        make_client(uow, client_name="Unused")
        session, _secret = sessions.start(uow, make_user(uow).id, ["pwd"], replaces=None)
        uow.flush()
        grants.start(uow, client, session, scope=["openid"])
    with pytest.raises(DeclarationRefused, match="client Used cannot go: 1 of its grants live"):
        declare(prune=True, clients=[])
    declare(prune=True, clients=[{"name": "Used"}])
    assert list(present().things[Kind.CLIENT]) == ["Used"]


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"clients": [WEB | {"type": "native"}]}, "client Notes: type is web and cannot become native"),
        ({"clients": [WEB | {"token_endpoint_auth_method": "client_secret_post"}]}, "cannot become client_secret_post"),
        ({"clients": [WEB | {"grant_types": ["authorization_code"]}]}, "grant_types is authorization_code refresh_tok"),
        ({"resources": [API | {"identifier": "https://renamed.example", "permissions": {}}]}, "identifier cannot chan"),
        ({"resources": [{"identifier": "https://b.example", "scope": ["b"], "permissions": {"notes:see": ""}}]}, "one"),
        ({"resources": [API | {"client": "Twice"}]}, "several clients are called 'Twice'"),
        ({"clients": [{"name": "Twice", "first_party": True}]}, "There are several clients called 'Twice'"),
    ],
)
def test_what_cannot_be_done_safely_is_refused_by_name(
    declare: Apply, people: People, present: Callable[[], State], sections: dict[str, Any], sentence: str
) -> None:
    declare(clients=[WEB], resources=[API])
    with people.unit() as uow:
        for _ in range(2):
            make_client(uow, client_name="Twice")
    before = present()
    with pytest.raises(DeclarationRefused) as refused:
        declare(settings={"password_min_length": 20}, **sections)
    assert sentence in refused.value.detail
    assert present() == before


@pytest.mark.parametrize(
    ("sections", "pointer", "sentence"),
    [
        ({"roles": [{"name": "a", "permissions": ["users:read", "no:such"]}]}, "/roles/0/permissions/1", "There is"),
        ({"roles": [{"name": "a", "permissions": ["tenants:read"]}]}, "/roles/0/permissions/0", "There is"),
        ({"roles": [{"name": "a", "includes": ["owner"]}]}, "/roles/0/includes/0", "The role owner is held by people"),
        ({"roles": [{"name": "a", "includes": ["b"]}, {"name": "b", "includes": ["a"]}]}, "/roles/0/includes", "a w"),
        ({"groups": [{"name": "G", "roles": ["nobody"]}]}, "/groups/0/roles/0", "There is no role 'nobody'."),
        ({"clients": [WEB | {"roles": ["member"]}]}, "/clients/0/roles", "Only a machine client holds roles itself."),
        ({"clients": [{"name": "New"}]}, "/clients/0/redirect_uris", "At least one is needed."),
        ({"clients": [WEB | {"redirect_uris": ["https://a.example", "http://b"]}]}, "/clients/0/redirect_uris/1", "h"),
        ({"clients": [WEB | {"scope": ["openid"]}]}, "/clients/0/scope", "Input should be a valid string."),
        ({"clients": [WEB | {"allowed_origins": ["https://a.example/x"]}]}, "/clients/0/allowed_origins", "https://a."),
        ({"resources": [API | {"client": "Nobody"}]}, "/resources/0/client", "There is no client 'Nobody'."),
        ({"resources": [{"identifier": "https://x.example"}]}, "/resources/0/scope", "At least one scope of its own"),
        ({"resources": [API | {"scope": ["users:read"]}]}, "/resources/0/scope", "users:read is a scope of the manag"),
        ({"resources": [API | {"permissions": {"No Name": ""}}]}, "/resources/0/permissions/No Name", "A permission"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_where_it_stands(
    declare: Apply, sections: dict[str, Any], pointer: str, sentence: str
) -> None:
    with pytest.raises(DeclarationInvalid) as refused:
        declare(**sections)
    assert refused.value.errors[0][0] == pointer, refused.value.errors
    assert refused.value.errors[0][1].startswith(sentence), refused.value.errors
