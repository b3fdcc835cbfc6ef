"""Invitations: whoever reads the mail comes in, once, with the roles that were given (R26, R33)."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from idp.accounts import invitations
from idp.accounts.errors import LinkExpired, RegistrationClosed, TermsNotAccepted
from idp.accounts.invitations import NoSuchInvitation
from idp.accounts.models import Invitation
from idp.actor import Actor, ActorKind
from idp.authn import passwords
from idp.authn.errors import PasswordUnacceptable
from idp.rbac import service as rbac
from idp.rbac.errors import NoSuchRole
from idp.tenants import service as tenants
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests import factories
from tests.factories import PASSWORD, People
from tests.moments import pass_time
from tests.post import Post
from tests.unit.accounts.newcomers import EMAIL, person


def invite(people: People, *roles: str, email: str = EMAIL) -> UUID:
    with people.unit() as uow:
        return invitations.invite(uow, email, roles=roles or ("member",)).id


def token(post: Post, email: str = EMAIL) -> str:
    return post.token(email, "?invitation=")


def accept(people: People, text: str, *, password: str = PASSWORD, terms: bool = True, **profile: Any) -> User:
    with people.unit() as uow:
        return invitations.accept(uow, text, password=password, terms_accepted=terms, profile=profile)


def roles(people: People, user: User) -> list[str]:
    with people.unit() as uow:
        return rbac.names_of(uow, user.id)


def test_an_invitation_makes_a_person_with_its_roles_and_a_proven_address(people: People, post: Post) -> None:
    invite(people, "admin", "member")
    user = accept(people, token(post), given_name="Grace")
    assert roles(people, user) == ["admin", "member"]
    with people.unit() as uow:
        assert users.primary_email(uow, user.id).verified_at is not None
        assert passwords.verify(uow, user, PASSWORD)
        assert invitations.list_open(uow) == []


def test_an_invitation_is_accepted_once(people: People, post: Post) -> None:
    invite(people)
    text = token(post)
    accept(people, text)
    with pytest.raises(LinkExpired):
        accept(people, text, password="another battery staple horse")


def test_what_is_typed_wrong_leaves_the_link_good(people: People, post: Post) -> None:
    invite(people)
    text = token(post)
    with pytest.raises(PasswordUnacceptable):
        accept(people, text, password="short")
    assert accept(people, text).id


def test_terms_are_agreed_to_here_too(wiring: Wiring) -> None:
    people = People(wiring, factories.make_tenant(wiring, terms_version="2"))
    invite(people)
    text = token(Post(wiring, people.tenant))
    with pytest.raises(TermsNotAccepted):
        accept(people, text, terms=False)
    assert accept(people, text).terms_version == "2"


def test_somebody_who_is_here_already_keeps_their_password_and_gets_the_roles(people: People, post: Post) -> None:
    user = people.user(email=EMAIL, roles=("member",))
    invite(people, "admin")
    assert accept(people, token(post), password="short", terms=False).id == user.id
    assert roles(people, user) == ["admin", "member"]
    with people.unit() as uow:
        assert passwords.verify(uow, user, PASSWORD)


def test_whoever_reads_the_mail_has_proven_the_address_of_their_account(people: People, post: Post) -> None:
    with people.unit() as uow:
        user = users.create(uow, email=EMAIL)
    invite(people)
    accept(people, token(post))
    with people.unit() as uow:
        assert users.primary_email(uow, user.id).verified_at is not None


def test_a_newer_invitation_supersedes_the_older_and_its_link(people: People, post: Post) -> None:
    invite(people, "owner")
    old = token(post)
    invite(people, "member", email="Grace@Example.com")
    with pytest.raises(LinkExpired):
        accept(people, old)
    assert roles(people, accept(people, token(post, "Grace@example.com"))) == ["member"]


def test_a_revoked_invitation_opens_nothing(people: People, post: Post) -> None:
    invitation_id = invite(people)
    text = token(post)
    with people.unit() as uow:
        assert invitations.revoke(uow, invitation_id).revoked_at is not None
        with pytest.raises(NoSuchInvitation):
            invitations.revoke(uow, invitation_id)
    with pytest.raises(LinkExpired):
        accept(people, text)


def test_an_invitation_that_is_revoked_while_it_is_accepted_lets_nobody_in(
    people: People, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    invitation_id = invite(people)
    text, hashed = token(post), passwords.hash_acceptable

    def revoke_meanwhile(*arguments: Any, **named: Any) -> str:
        with people.unit() as uow:
            invitations.revoke(uow, invitation_id)
        return hashed(*arguments, **named)

    monkeypatch.setattr(passwords, "hash_acceptable", revoke_meanwhile)
    with pytest.raises(LinkExpired):
        accept(people, text)
    assert person(people) is None


@pytest.mark.parametrize("written", [True, False], ids=["before the mail", "after the mail"])
def test_an_invitation_ends_after_a_week(people: People, post: Post, written: bool) -> None:
    invite(people)
    text = token(post) if written else ""
    pass_time(people, days=8)
    if not written:
        post.deliver()
        assert post.mails(EMAIL) == []
    with people.unit() as uow:
        assert invitations.find(uow, text) is None
        assert invitations.list_open(uow) == []


def test_a_tenant_that_closes_lets_nobody_in(people: People, post: Post, wiring: Wiring) -> None:
    invite(people)
    text = token(post)
    with wiring.platform_unit() as platform:
        people.tenant = tenants.update(platform, tenants.get(platform, people.tenant.slug), {"registration": "closed"})
    with pytest.raises(LinkExpired):
        accept(people, text)
    with pytest.raises(RegistrationClosed):
        invite(people)


def test_a_role_that_is_none_invites_nobody(people: People) -> None:
    with pytest.raises(NoSuchRole):
        invite(people, "member", "emperor")
    with people.unit() as uow:
        assert uow.session.scalars(select(Invitation)).all() == []


def test_the_mail_names_who_invites(people: People, post: Post, wiring: Wiring) -> None:
    host = people.user(name="Ada Lovelace", roles=("admin",))
    with wiring.tenant_unit(people.tenant, Actor(ActorKind.USER, host.id)) as uow:
        invitations.invite(uow, EMAIL)
    assert "Ada Lovelace" in post.last(EMAIL).text


def test_a_message_that_is_delivered_twice_writes_one_mail(people: People, post: Post) -> None:
    invitation_id = invite(people)
    text = token(post)
    from idp.events.models import OutboxMessage

    with people.unit() as uow:
        message = uow.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "account.invite")).one()
        invitations.write_invitation(uow, message.id, invitation_id=str(invitation_id))
    assert len(post.mails(EMAIL)) == 1
    assert accept(people, text).id


def test_whoever_was_added_without_a_password_chooses_one_and_keeps_what_is_known(people: People, post: Post) -> None:
    with people.unit() as uow:
        added = users.create(uow, email=EMAIL, via="api", given_name="Grace")
    invite(people, "member")
    user = accept(people, token(post), given_name="Eve", family_name="Hopper")
    assert user.id == added.id
    assert (user.profile.given_name, user.profile.family_name) == ("Grace", "Hopper")
    assert roles(people, user) == ["member"]
    with people.unit() as uow:
        assert passwords.verify(uow, uow.get(User, user.id), PASSWORD)
        assert users.primary_email(uow, user.id).verified_at is not None


def test_a_password_that_the_policy_refuses_is_none_for_them_either(wiring: Wiring) -> None:
    people = People(wiring, factories.make_tenant(wiring, terms_version="2"))
    with people.unit() as uow:
        users.create(uow, email=EMAIL, via="api")
    invite(people)
    text = token(Post(wiring, people.tenant))
    with pytest.raises(PasswordUnacceptable):
        accept(people, text, password="short")
    with pytest.raises(TermsNotAccepted):
        accept(people, text, terms=False)
    assert accept(people, text).terms_version == "2"


def test_whoever_is_shut_out_gets_no_password_by_an_invitation(people: People, post: Post) -> None:
    with people.unit() as uow:
        users.disable(uow, users.create(uow, email=EMAIL, via="api"))
    invite(people)
    user = accept(people, token(post))
    with people.unit() as uow:
        assert passwords.changed_at(uow, user) is None
        assert uow.get(User, user.id).disabled_at is not None
