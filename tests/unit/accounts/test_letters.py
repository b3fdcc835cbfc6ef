"""Letters (R26): written by the worker, once, however often their message is delivered and whatever is gone by then."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, select, update

from idp.accounts import invitations, letters, recovery, verification
from idp.accounts.letters import Letter
from idp.accounts.models import Invitation, Registration
from idp.accounts.writers import WRITERS
from idp.authn.models import OneTimeToken
from idp.events.models import OutboxMessage
from idp.mail import messages
from idp.tenants import service as tenants
from idp.users import service as users
from idp.users.models import User
from idp.worker.letters import write_letter
from tests.factories import People
from tests.post import Post
from tests.unit.accounts.newcomers import EMAIL, Newcomer


def sign_up(people: People) -> None:
    Newcomer(people).sign_up()


def _user(people: People, *, verified: bool) -> User:
    with people.unit() as uow:
        return users.create(uow, email=EMAIL, verified=verified)


def prove_own(people: People) -> None:
    user = _user(people, verified=False)
    with people.unit() as uow:
        verification.ask_for_own(uow, user.id)


def want_another(people: People) -> None:
    user = _user(people, verified=True)
    with people.unit() as uow:
        verification.ask_for_change(uow, user, "wanted@example.com")


def recover(people: People) -> None:
    _user(people, verified=True)
    with people.unit() as uow:
        recovery.request(uow, EMAIL)


def invite(people: People) -> None:
    with people.unit() as uow:
        invitations.invite(uow, EMAIL)


REQUESTS: dict[Letter, Callable[[People], None]] = {
    Letter.REGISTER: sign_up,
    Letter.VERIFY_EMAIL: prove_own,
    Letter.CHANGE_EMAIL: want_another,
    Letter.RECOVER: recover,
    Letter.INVITE: invite,
}
each_letter = pytest.mark.parametrize("letter", REQUESTS)


def asked(people: People, letter: Letter) -> OutboxMessage:
    REQUESTS[letter](people)
    with people.unit() as uow:
        return uow.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == letter.value)).one()


def written(people: People) -> tuple[int, int]:
    """Tokens and mails, the welcome to somebody new aside."""
    with people.unit() as uow:
        mails = select(func.count()).where(
            OutboxMessage.kind == messages.KIND, OutboxMessage.payload["template"].astext != "account_created"
        )
        return uow.session.scalar(select(func.count()).select_from(OneTimeToken)) or 0, uow.session.scalar(mails) or 0


@each_letter
def test_a_message_that_is_delivered_twice_makes_one_token_and_one_mail(people: People, letter: Letter) -> None:
    message = asked(people, letter)
    for _ in range(3):
        write_letter(people.wiring, message)
    assert written(people) == (1, 1)


@each_letter
def test_an_earlier_message_that_comes_late_writes_nothing(people: People, letter: Letter) -> None:
    early = asked(people, letter)
    with people.unit() as uow:
        late = letters.ask(uow, letter, **early.payload)
    write_letter(people.wiring, late)
    write_letter(people.wiring, early)
    assert written(people) == (1, 1)


@each_letter
def test_whoever_is_gone_gets_no_letter(people: People, letter: Letter) -> None:
    message = asked(people, letter)
    with people.unit() as uow:
        for model in (Registration, Invitation, User):
            uow.execute(delete(model))
    write_letter(people.wiring, message)
    assert written(people) == (0, 0)


@pytest.mark.parametrize("letter", [Letter.VERIFY_EMAIL, Letter.CHANGE_EMAIL, Letter.RECOVER])
def test_whoever_is_disabled_gets_no_letter(people: People, letter: Letter) -> None:
    message = asked(people, letter)
    with people.unit() as uow:
        uow.execute(update(User).values(disabled_at=uow.now))
    write_letter(people.wiring, message)
    assert written(people) == (0, 0)


@each_letter
def test_a_tenant_that_was_deleted_writes_no_letter(people: People, letter: Letter) -> None:
    message = asked(people, letter)
    with people.wiring.platform_unit() as platform:
        tenants.delete(platform, tenants.get(platform, people.tenant.slug))
    write_letter(people.wiring, message)
    assert written(people) == (0, 0)


@each_letter
def test_a_letter_to_somebody_with_a_link_has_it_in_no_readable_column(
    people: People, post: Post, letter: Letter
) -> None:
    asked(people, letter)
    post.deliver()
    with people.unit() as uow:
        rows = uow.session.scalars(select(OutboxMessage)).all()
        assert not [row.payload for row in rows if "idp_ot_" in str(row.payload)]
        assert all(b"idp_ot_" not in (row.body_sealed or b"") for row in rows)


def test_every_letter_has_its_writer() -> None:
    assert WRITERS.keys() == set(Letter)
