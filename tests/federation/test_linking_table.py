"""Who comes back from an upstream (R22, R23): every combination of account, answer and policy has one written end.

The table is read from its top: the first row that fits is the expected end.  `-` fits everything.
"""

from itertools import pairwise, product
from typing import Any

import pytest

from idp.authn import passwords
from idp.db.unit import UnitOfWork
from idp.federation import connections, identities, linking
from idp.federation.errors import SignInRefused
from idp.federation.models import Connection, FederatedIdentity
from idp.rbac import service as rbac
from idp.tenants.models import Tenant
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests.factories import make_tenant, make_user
from tests.federation.comers import ADA, BOB, connect, count, profile

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
