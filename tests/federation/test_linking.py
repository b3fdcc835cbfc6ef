"""What linking does beside deciding who comes back (R22, R23, R48); `test_linking_table` has every decision."""

from typing import Any

import pytest
from sqlalchemy import select

from idp.accounts import invitations
from idp.authn import passwords
from idp.db.unit import UnitOfWork
from idp.events.models import Event
from idp.federation import connections, identities, linking
from idp.federation.errors import Reason, SignInRefused
from idp.federation.linking import TermsNeeded
from idp.federation.models import Connection, FederatedIdentity
from idp.federation.providers.base import UpstreamProfile
from idp.rbac import service as rbac
from idp.tenants import resolve
from idp.tenants import service as tenants
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests.factories import PASSWORD, People, make_tenant, make_user
from tests.federation.comers import ADA, at, connect, count, profile
from tests.post import Post


@pytest.fixture
def uow(people: People) -> Any:
    with people.unit() as uow:
        yield uow


@pytest.fixture
def trusted(uow: UnitOfWork) -> Connection:
    return connect(uow, trusts_email=True)


def test_an_account_that_nobody_proved_gives_up_all_that_opened_it(uow: UnitOfWork, trusted: Connection) -> None:
    squatter = users.create(uow, email=ADA)
    uow.flush()
    passwords.set_password(uow, squatter, PASSWORD)
    elsewhere = connect(uow, name="elsewhere")
    identities.link(uow, squatter, elsewhere, profile("9"))
    user = linking.sign_in(uow, trusted, profile("1"))
    uow.flush()
    assert user is squatter
    assert not passwords.verify(uow, user, PASSWORD)
    assert [connection.name for _, connection in identities.list_of(uow, user.id)] == ["github"]
    assert users.primary_email(uow, user.id).verified_at is not None
    assert "user.disowned" in types_of(uow)


def test_a_login_name_that_was_given_to_somebody_else_opens_nothing(uow: UnitOfWork, trusted: Connection) -> None:
    ada = linking.sign_in(uow, connect(uow, name="first", creation="on"), profile("1"))
    with pytest.raises(SignInRefused) as refused:
        linking.sign_in(
            uow, connections.get(uow, "first"), profile("2", email="other@acme.example", verified=False, username="ada")
        )
    assert refused.value.reason is Reason.EMAIL_UNVERIFIED
    assert ada.profile.name == "Ada Lovelace"


def test_an_open_invitation_lets_in_by_a_trusted_address_only(uow: UnitOfWork, trusted: Connection) -> None:
    invitations.invite(uow, ADA, roles=("admin",))
    untrusted = connect(uow, name="untrusted")
    with pytest.raises(SignInRefused) as refused:
        linking.sign_in(uow, untrusted, profile("1"))
    assert refused.value.reason is Reason.NO_ACCOUNT
    user = linking.sign_in(uow, trusted, profile("1"))
    assert rbac.names_of(uow, user.id) == ["admin", "member"]
    assert invitations.list_open(uow) == []


@pytest.mark.parametrize(
    ("kind", "options", "is_proven"),
    [
        ("github", {}, True),
        ("google", {}, True),
        ("github", {"base_url": "https://github.acme.example"}, False),
        ("oidc", {"issuer": "https://login.acme.example"}, False),
        ("oidc", {"issuer": "https://login.acme.example", "trusts_email": True}, True),
    ],
)
def test_a_server_of_ones_own_proves_an_address_where_owners_trust_it(
    uow: UnitOfWork, kind: str, options: dict[str, Any], is_proven: bool
) -> None:
    connection = connect(uow, name="it", kind=kind, creation="on", **options)
    user = linking.sign_in(uow, connection, at(connection, profile("1")))
    assert (users.primary_email(uow, user.id).verified_at is not None) is is_proven


def test_whoever_waits_in_an_account_for_its_invitation_waits_in_vain(people: People) -> None:
    """An administrator's own server may say that the next owner's address is somebody's of theirs."""
    with people.unit() as uow:
        connection = connect(uow, name="own", kind="oidc", creation="on", issuer="https://own.example")
        squatter = linking.sign_in(uow, connection, at(connection, profile("1")))
        invitations.invite(uow, ADA, roles=("owner",))
    token = Post(people.wiring, people.tenant).token(ADA, "?invitation=")
    with people.unit() as uow:
        owner = invitations.accept(uow, token, password=PASSWORD, terms_accepted=True, profile={})
        assert owner.id == squatter.id
        assert rbac.names_of(uow, owner.id) == ["member", "owner"]
        assert identities.list_of(uow, owner.id) == []


def test_somebody_new_agrees_to_the_terms_first(wiring: Wiring) -> None:
    tenant = make_tenant(wiring, terms_version="2026-11")
    with wiring.tenant_unit(tenant) as uow:
        connection = connect(uow, creation="on")
        with pytest.raises(TermsNeeded):
            linking.sign_in(uow, connection, profile("1"))
        assert count(uow, User) == 0
        user = linking.sign_in(uow, connection, profile("1"), terms_accepted=True)
        assert user.terms_version == "2026-11"


def test_roles_follow_the_groups_and_nothing_else_does(uow: UnitOfWork) -> None:
    connection = connect(uow, creation="on", roles={"acme/core": "admin"})
    user = linking.sign_in(uow, connection, profile("1", groups=("Acme/Core", "acme")))
    assert rbac.names_of(uow, user.id) == ["admin", "member"]
    linking.sign_in(uow, connection, profile("1", groups=("acme",)))
    assert rbac.names_of(uow, user.id) == ["member"]


def test_a_role_of_the_mapping_that_is_gone_keeps_nobody_out(uow: UnitOfWork) -> None:
    connection = connect(uow, creation="on")
    connection.options = connection.options.changed({"roles": {"acme": "gone"}})
    user = linking.sign_in(uow, connection, profile("1", groups=("acme",)))
    assert rbac.names_of(uow, user.id) == ["member"]


@pytest.mark.parametrize(("updates", "name"), [("first", "Ada Lovelace"), ("every", "Countess of Lovelace")])
def test_a_profile_follows_the_upstream_where_the_tenant_says_so(uow: UnitOfWork, updates: str, name: str) -> None:
    connection = connect(uow, creation="on", profile_updates=updates)
    linking.sign_in(uow, connection, profile("1"))
    changed = profile("1", attributes={"name": "Countess of Lovelace"}, email="new@acme.example")
    user = linking.sign_in(uow, connection, changed)
    assert user.profile.name == name
    assert users.primary_email(uow, user.id).address == ADA, "the address is theirs to change, and nobody else's"
    identity = identities.find(uow, connection, changed)
    assert identity is not None
    assert identity.email == "new@acme.example"


def test_whoever_must_confirm_who_they_are_is_nobody_else(uow: UnitOfWork, trusted: Connection) -> None:
    ada, bob = make_user(uow, email=ADA), make_user(uow, email="bob@acme.example")
    for subject, email in (("1", ADA), ("2", "nobody@acme.example")):
        with pytest.raises(SignInRefused) as refused:
            linking.sign_in(uow, trusted, profile(subject, email=email), required=bob)
        assert refused.value.reason is Reason.ANOTHER_PERSON
    assert linking.sign_in(uow, trusted, profile("1"), required=ada) is ada


@pytest.mark.parametrize(("ago", "is_good"), [(0, True), (240, True), (3600, False), (None, True)])
def test_whoever_confirms_at_an_upstream_was_asked_there(
    uow: UnitOfWork, trusted: Connection, ago: int | None, is_good: bool
) -> None:
    """Where the upstream says when that was, as whoever is asked with `max_age` must."""
    ada = make_user(uow, email=ADA)
    came = profile("1", auth_time=None if ago is None else int(uow.now.timestamp()) - ago)
    linking.sign_in(uow, trusted, came)
    if is_good:
        assert linking.sign_in(uow, trusted, came, required=ada) is ada
    else:
        with pytest.raises(SignInRefused) as refused:
            linking.sign_in(uow, trusted, came, required=ada)
        assert refused.value.reason is Reason.NOT_RECENT


def test_linking_takes_nobody_s_identity(uow: UnitOfWork, trusted: Connection) -> None:
    ada, bob = make_user(uow, email=ADA), make_user(uow, email="bob@acme.example")
    linking.link(uow, trusted, ada, profile("1", email=None))
    linking.link(uow, trusted, ada, profile("1", email=None))
    for user, subject, reason in ((bob, "1", Reason.LINKED_TO_ANOTHER), (ada, "2", Reason.OTHER_IDENTITY)):
        with pytest.raises(SignInRefused) as refused:
            linking.link(uow, trusted, user, profile(subject))
        assert refused.value.reason is reason
    assert count(uow, FederatedIdentity) == 1


def test_the_same_subject_at_another_connection_or_issuer_is_somebody_else(
    uow: UnitOfWork, trusted: Connection
) -> None:
    ada = make_user(uow, email=ADA)
    linking.link(uow, trusted, ada, profile("1"))
    other = connect(uow, name="other")
    assert identities.find(uow, other, profile("1")) is None
    elsewhere = UpstreamProfile("https://github.acme.example", "1", ADA, True, None, {}, (), {})
    assert identities.find(uow, trusted, elsewhere) is None
    assert identities.find(uow, trusted, profile("1 ")) is None


def test_a_tenant_that_closed_meanwhile_lets_nobody_new_in(people: People, wiring: Wiring) -> None:
    with people.unit() as uow:
        connect(uow, creation="on")
    with wiring.platform_unit() as platform:
        tenants.update(platform, tenants.get(platform, people.tenant.slug), {"registration": "closed"})
        tenant = tenants.get(platform, people.tenant.slug)
    resolve.forget()
    with wiring.tenant_unit(tenant) as uow, pytest.raises(SignInRefused) as refused:
        linking.sign_in(uow, connections.get(uow, "github"), profile("1"))
    assert refused.value.reason is Reason.REGISTRATION_CLOSED


def types_of(uow: UnitOfWork) -> list[str]:
    return list(uow.session.scalars(select(Event.type).order_by(Event.id)))
