"""Who comes back from an upstream (R22, R23): every combination of account, answer and policy has one written end.

The table is read from its top: the first row that fits is the expected end.  `-` fits everything.
"""

from itertools import pairwise, product
from typing import Any

import pytest
from sqlalchemy import func, select

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
from idp.tenants.models import Tenant
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests.factories import PASSWORD, People, make_tenant, make_user
from tests.post import Post

ADA, BOB = "ada@acme.example", "bob@acme.example"
ISSUER = "https://github.com"

SUBJECTS = ("new", "known", "another's")
"""Nobody's yet; that of the account with the address; that of somebody else."""
ACCOUNTS = ("absent", "unverified", "verified", "disabled", "linked")
"""Who has the address; ``linked`` has another subject of the same upstream already."""
EMAILS = ("missing", "unverified", "verified", "changed")
TRUST = ("trusted", "untrusted")
CREATION = ("off", "domain", "other domain", "on")
REGISTRATION = ("open", "invitation", "domains", "closed")

SIGNED_IN, CREATED, LINKED, TAKEN_OVER, OTHER = "signed in", "created", "linked", "taken over", "signed in as another"
TABLE = """
subject    account     email       trust      creation      registration  end
another's  -           -           -          -             -             signed in as another
known      disabled    -           -          -             -             account-disabled
known      -           -           -          -             -             signed in
-          -           missing     -          -             -             no-email
-          -           unverified  -          -             -             email-unverified
-          absent      -           -          off           -             no-account
-          absent      -           -          other domain  -             domain-not-allowed
-          absent      -           -          -             closed        registration-closed
-          absent      -           -          -             domains       domain-not-allowed
-          absent      -           -          -             -             created
-          -           changed     -          off           -             no-account
-          -           changed     -          other domain  -             domain-not-allowed
-          -           changed     -          -             closed        registration-closed
-          -           changed     -          -             domains       domain-not-allowed
-          -           changed     -          -             -             created
-          -           -           untrusted  -             -             link-first
-          disabled    -           -          -             -             account-disabled
-          linked      -           -          -             -             other-identity
-          unverified  -           -          -             -             taken over
-          verified    -           -          -             -             linked
"""
"""A changed address of a subject that nobody has is the address of nobody."""


def rows() -> list[tuple[str, ...]]:
    header, *lines = TABLE.strip("\n").splitlines()
    names = header.split()
    starts = [header.index(name) for name in names] + [None]
    return [tuple(line[a:b].strip() for a, b in pairwise(starts)) for line in lines]


ROWS = rows()


def expected(*case: str) -> int:
    """The first row that fits."""
    for number, row in enumerate(ROWS):
        if all(want in {"-", value} for want, value in zip(row[:-1], case, strict=True)):
            return number
    raise AssertionError(f"the table has no row for {case}")


def cases() -> list[tuple[str, ...]]:
    possible = product(SUBJECTS, ACCOUNTS, EMAILS, TRUST, CREATION, REGISTRATION)
    return [case for case in possible if not (case[0] == "known" and case[1] in {"absent", "linked"})]


def is_played(case: tuple[str, ...]) -> bool:
    """Where an account has the address, two policies stand for all: none of them is asked."""
    _, account, email, _, creation, registration = case
    return (
        account == "absent" or email == "changed" or (creation in {"off", "on"} and registration in {"open", "closed"})
    )


def test_every_row_of_the_table_is_somebody_s_end() -> None:
    assert {expected(*case) for case in cases()} == set(range(len(ROWS)))


@pytest.fixture(scope="module")
def towns(wiring: Wiring) -> dict[str, Tenant]:
    """A tenant for each policy of registration, with Bob and a connection for each trust and creation."""
    more = {"domains": {"registration_domains": "other.example"}}
    made = {name: make_tenant(wiring, registration=name, **more.get(name, {})) for name in REGISTRATION}
    for tenant in made.values():
        with wiring.tenant_unit(tenant) as uow:
            make_user(uow, email=BOB)
            for trust, creation in product(TRUST, CREATION):
                connect(uow, name=named(trust, creation), trusts_email=trust == "trusted", **CREATIONS[creation])
    return made


@pytest.mark.parametrize("registration", REGISTRATION)
@pytest.mark.parametrize("account", ACCOUNTS)
def test_every_combination_ends_as_the_table_says(
    wiring: Wiring, towns: dict[str, Tenant], account: str, registration: str
) -> None:
    wrong = []
    uow = wiring.tenant_unit(towns[registration])
    try:
        for case in cases():
            if case[1] == account and case[5] == registration and is_played(case):
                end = play(uow, case)
                uow.session.rollback()
                if end != ROWS[expected(*case)][-1]:
                    wrong.append((case, end, ROWS[expected(*case)][-1]))
    finally:
        uow.close()
    assert wrong == []


def play(uow: UnitOfWork, case: tuple[str, ...]) -> str:
    """Set the stage, let somebody come back, and say how it ended; nothing of it is kept."""
    subject, account, email, trust, creation, _ = case
    connection = connections.get(uow, named(trust, creation))
    bob = users.get_by_email(uow, BOB)
    ada = stage(uow, connection, account)
    if subject == "known" and ada is not None:
        identities.link(uow, ada, connection, profile("1"))
    if subject == "another's":
        identities.link(uow, bob, connection, profile("1"))
    address = {"missing": None, "changed": "countess@acme.example"}.get(email, ADA)
    before = count(uow, User), count(uow, FederatedIdentity)
    try:
        user = linking.sign_in(uow, connection, profile("1", email=address, verified=email != "unverified"))
    except SignInRefused as refused:
        uow.flush()
        assert (count(uow, User), count(uow, FederatedIdentity)) == before, "a refusal changes nothing"
        return refused.reason.value
    uow.flush()
    return end_of(uow, connection, user, ada, bob, before)


def named(trust: str, creation: str) -> str:
    return f"{trust}-{creation}".replace(" ", "-")


def end_of(
    uow: UnitOfWork, connection: Connection, user: User, ada: User | None, bob: User, before: tuple[int, int]
) -> str:
    identity = identities.find(uow, connection, profile("1"))
    assert identity is not None
    assert identity.user_id == user.id
    people, linked = count(uow, User), count(uow, FederatedIdentity)
    if user is bob:
        return OTHER
    assert users.primary_email(uow, user.id).verified_at is not None or linked == before[1]
    if people > before[0]:
        assert user is not ada
        assert rbac.names_of(uow, user.id) == ["member"]
        return CREATED
    assert user is ada
    if linked == before[1]:
        return SIGNED_IN
    return TAKEN_OVER if passwords.changed_at(uow, user) is None else LINKED


CREATIONS: dict[str, dict[str, Any]] = {
    "off": {},
    "domain": {"creation": "domains", "creation_domains": ["acme.example"]},
    "other domain": {"creation": "domains", "creation_domains": ["globex.example"]},
    "on": {"creation": "on"},
}


def connect(uow: UnitOfWork, *, name: str = "github", kind: str = "github", **options: Any) -> Connection:
    return connections.create(
        uow, name=name, kind=kind, client_id="Iv1.0123", client_secret="a secret of GitHub's", options=options
    )


def stage(uow: UnitOfWork, connection: Connection, account: str) -> User | None:
    if account == "absent":
        return None
    ada = users.create(uow, email=ADA, verified=account != "unverified")
    uow.flush()
    passwords.adopt(uow, ada, "a hash that nobody asks for")
    uow.flush()
    if account == "disabled":
        users.disable(uow, ada)
    if account == "linked":
        identities.link(uow, ada, connection, profile("2"))
    return ada


def profile(subject: str, *, email: str | None = ADA, verified: bool = True, **more: Any) -> UpstreamProfile:
    values = {"username": "ada", "attributes": {"name": "Ada Lovelace"}, "groups": (), "claims": {}, **more}
    return UpstreamProfile(ISSUER, subject, email, verified, **values)


def count(uow: UnitOfWork, model: Any) -> int:
    return uow.session.scalar(select(func.count()).select_from(model)) or 0


# What the table has no column for


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
    user = linking.sign_in(uow, connect(uow, name="it", kind=kind, creation="on", **options), profile("1"))
    assert (users.primary_email(uow, user.id).verified_at is not None) is is_proven


def test_whoever_waits_in_an_account_for_its_invitation_waits_in_vain(people: People, post: Post) -> None:
    """An administrator's own server may say that the next owner's address is somebody's of theirs."""
    with people.unit() as uow:
        connection = connect(uow, name="own", kind="oidc", creation="on", issuer="https://own.example")
        squatter = linking.sign_in(uow, connection, profile("1"))
        invitations.invite(uow, ADA, roles=("owner",))
    token = post.link(ADA, "/signup").partition("invitation=")[2]
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
