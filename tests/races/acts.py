"""What racers do with one account; each takes (tenant's slug, …) and answers a word or a number."""

import threading
from typing import Any
from uuid import UUID

from idp.accounts import invitations, recovery, verification
from idp.authn import attempts, login, one_time_tokens, throttle
from idp.authn.errors import Throttled
from idp.authn.one_time_tokens import Purpose
from idp.db.unit import UnitOfWork
from idp.users import service as users
from idp.wiring import Wiring
from idp.worker import retention
from tests.factories import PASSWORD
from tests.races.racers import within


def consume(app: Any, wiring: Wiring, job: tuple[str, str, str]) -> Any:
    slug, text, purpose = job
    return within(wiring, slug, lambda uow: one_time_tokens.consume(uow, text, Purpose(purpose)) is not None)


def consume_code(app: Any, wiring: Wiring, job: tuple[str, UUID, str]) -> Any:
    slug, subject_id, code = job
    return within(
        wiring, slug, lambda uow: one_time_tokens.consume_code(uow, Purpose.CHANGE_EMAIL, subject_id, code) is not None
    )


def reserve(app: Any, wiring: Wiring, job: tuple[str, str]) -> Any:
    slug, name = job
    return within(wiring, slug, lambda uow: throttle.reserve(uow, name))


def try_password(app: Any, wiring: Wiring, job: tuple[str, str, str]) -> Any:
    """In a transaction that is already open, as that of a page is."""
    slug, email, password = job

    def act(uow: UnitOfWork) -> Any:
        user = users.find_by_email(uow, email)
        try:
            return attempts.try_password(uow, email, user, password)
        except Throttled:
            return "throttled"

    return within(wiring, slug, act)


def follow(app: Any, wiring: Wiring, job: tuple[str, str, str]) -> Any:
    slug, token, browser = job

    def act(uow: UnitOfWork) -> Any:
        done = verification.prove_by_link(uow, token, browser=browser)
        return done.name if isinstance(done, verification.Refusal) else "proven"

    return within(wiring, slug, act)


def type_code(app: Any, wiring: Wiring, job: tuple[str, UUID, str, str]) -> Any:
    slug, login_id, browser, code = job
    return within(wiring, slug, lambda uow: verification.prove_by_code(uow, login.get(uow, login_id, browser), code))


def accept(app: Any, wiring: Wiring, job: tuple[str, str]) -> Any:
    slug, token = job

    def act(uow: UnitOfWork) -> Any:
        invitations.accept(uow, token, password=PASSWORD, terms_accepted=True, profile={})
        return "accepted"

    return within(wiring, slug, act)


def invite(app: Any, wiring: Wiring, job: tuple[str, str]) -> Any:
    slug, email = job
    return within(wiring, slug, lambda uow: str(invitations.invite(uow, email).id))


def reset(app: Any, wiring: Wiring, job: tuple[str, str]) -> Any:
    slug, token = job
    return within(wiring, slug, lambda uow: recovery.reset(uow, token, "another battery staple horse") is not None)


def erase_due(app: Any, wiring: Wiring, _job: None) -> int:
    return retention.erase_due(wiring, threading.Event())
