"""Somebody signs up, by the verbs that the pages and the API call."""

from typing import Any
from uuid import UUID

from idp.accounts import registration, verification
from idp.authn import login
from idp.authn.models import LoginTransaction
from idp.crypto.secrets import new_secret
from idp.users.models import User
from tests.factories import PASSWORD, People

EMAIL = "grace@example.com"


class Newcomer:
    """A browser in which somebody signs up."""

    def __init__(self, people: People, email: str = EMAIL, password: str = PASSWORD) -> None:
        self.people, self.email, self.password, self.browser = people, email, password, new_secret("br")

    def sign_up(self, *, terms_accepted: bool = True, **profile: Any) -> UUID:
        """Answers the login that waits for the proof."""
        with self.people.unit() as uow:
            transaction = login.begin(uow, self.browser)
            uow.flush()
            registration.begin(
                uow,
                transaction,
                email=self.email,
                password=self.password,
                terms_accepted=terms_accepted,
                profile=profile,
            )
            self.login_id = transaction.id
        return self.login_id

    def type_code(self, code: str) -> bool:
        with self.people.unit() as uow:
            return verification.prove_by_code(uow, login.get(uow, self.login_id, self.browser), code)

    def follow(self, token: str, **how: Any) -> verification.Proven | verification.Refusal:
        """Open the link in this browser, and confirm."""
        with self.people.unit() as uow:
            return verification.prove_by_link(uow, token, **{"browser": self.browser, **how})

    def transaction(self) -> LoginTransaction:
        with self.people.unit() as uow:
            return login.get(uow, self.login_id, self.browser)


def person(people: People, email: str = EMAIL) -> User | None:
    from idp.users import service as users

    with people.unit() as uow:
        return users.find_by_email(uow, email)
