"""What ends, ends at once and for good, also when somebody is in the middle of something (R8)."""

import threading
from typing import Any

from sqlalchemy import select

from idp.authn import passwords, sessions
from idp.authn.models import Session
from idp.oauth import codes, consents, grants
from idp.oauth.authorize import store
from idp.oauth.models import AuthorizationParameters, Client, Grant
from idp.rbac import service as rbac
from idp.users.models import User
from tests.browser import Browser
from tests.factories import CALLBACK, PASSWORD, People

WAIT = 5.0


def test_introspection_tells_the_roles_of_now(browser: Browser, people: People) -> None:
    """Role removal takes effect on next use."""
    user = people.user(roles=("admin",))
    client, secret = people.client()
    token = browser.tokens(client, secret)["access_token"]
    with people.unit() as uow:
        rbac.unassign_role(uow, uow.get(User, user.id), "admin")
    assert introspect(browser, client, secret, token)["roles"] == []


def test_a_code_that_crosses_a_sign_out_opens_nothing(browser: Browser, people: People) -> None:
    """The session was alive when the code was issued, and had ended when that was committed."""
    user, (client, secret) = people.user(), people.client(scope="openid offline_access")
    with people.unit() as uow:
        session, _ = sessions.start(uow, user.id, ["pwd"], replaces=None)
    asked = AuthorizationParameters(
        redirect_uri=CALLBACK, scope=["openid", "offline_access"], code_challenge=browser.challenge
    )
    with people.unit() as issuing:
        request = store.store(issuing, client, asked, "a-browser")
        code = codes.issue_code(issuing, request, client, session)
        with people.unit() as signing_out:
            sessions.end(signing_out, signing_out.get(Session, session.id), reason="signed-out")
    assert code is not None
    assert browser.exchange(client, secret, code).json["error"] == "invalid_grant"


def test_a_sign_in_that_crosses_a_password_change_is_ended_by_it(people: People) -> None:
    """Either the change waits and ends the session, or the sign-in waits and meets the new password."""
    user = people.user()
    changed = threading.Event()

    def change() -> None:
        with people.unit() as uow:
            passwords.set_password(uow, uow.get(User, user.id), "another long passphrase of mine")
        changed.set()

    with people.unit() as signing_in:
        assert passwords.verify(signing_in, signing_in.get(User, user.id), PASSWORD)
        thread = threading.Thread(target=change)
        thread.start()
        changed.wait(1.0)
        session, _ = sessions.start(signing_in, user.id, ["pwd"], replaces=None)
    thread.join(WAIT)
    with people.unit() as uow:
        assert uow.get(Session, session.id).ended_at is not None


def test_a_consent_that_is_withdrawn_meanwhile_leaves_no_grant(people: People) -> None:
    user, (client, _) = people.user(), people.client(first_party=False)
    with people.unit() as uow:
        session, _ = sessions.start(uow, user.id, ["pwd"], replaces=None)
        consents.give(uow, user.id, client, ["openid"])
    withdrawn = threading.Event()

    def withdraw() -> None:
        with people.unit() as uow:
            consents.withdraw(uow, user.id, client)
        withdrawn.set()

    with people.unit() as issuing:
        assert consents.covers(issuing, user.id, client, ["openid"])
        thread = threading.Thread(target=withdraw)
        thread.start()
        withdrawn.wait(1.0)
        asked = AuthorizationParameters(redirect_uri=CALLBACK, scope=["openid"])
        request = store.store(issuing, client, asked, "a-browser")
        codes.issue_code(issuing, request, client, session)
    thread.join(WAIT)
    with people.unit() as uow:
        assert living_grants(uow, client) == []


def introspect(browser: Browser, client: Client, secret: str | None, token: str) -> Any:
    return browser.post(browser.url("/oauth/introspect"), data={"token": token}, auth=(str(client.id), secret)).json


def living_grants(uow: Any, client: Client) -> list[Any]:
    found = uow.session.scalars(select(Grant.id).where(Grant.client_id == client.id)).all()
    return [grant_id for grant_id in found if grants.find_subject(uow, grant_id) is not None]
