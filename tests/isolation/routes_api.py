"""How to feed the sign-in API; see `tests.isolation.routes`.  The caller is the client, its body is the owner's."""

from functools import cache
from typing import Any

from sqlalchemy import func, select

from idp.accounts.letters import Letter
from idp.authn.models import Session
from idp.events.models import OutboxMessage
from tests.api.application import Application
from tests.api.conftest import make_application
from tests.factories import PASSWORD
from tests.isolation.routes import Call, feeds, is_status, says
from tests.isolation.routes_accounts import NEW_PASSWORD, invited, is_member, newcomer, open_doors, recovering
from tests.isolation.world import World
from tests.post import Post


@cache
def client(world: World) -> Application:
    """The world's application that may sign people in directly."""
    return make_application(world.app, world.people, redirect_uris=[world.callback])


def by(caller: World, **body: Any) -> dict[str, Any]:
    return {"client_id": str(client(caller).client.id), **body}


def tokens(owner: World) -> dict[str, Any]:
    answer = client(owner).log_in(owner.email)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def bearer(owner: World) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens(owner)['access_token']}"}


def registered(owner: World, caller: World) -> str:
    """The transaction of a sign-up that waits for its proof."""
    open_doors(owner, caller)
    answer = client(owner).post("register", email=newcomer(owner), password=NEW_PASSWORD)
    return str(answer.json["transaction"])


def has_tokens(answer: Any) -> bool:
    return answer.status_code == 200 and "access_token" in answer.json


@feeds("auth.login", "POST")
def login_by_json(owner: World, caller: World) -> Call:
    assert client(owner)
    return Call(has_tokens, json=by(caller, email=owner.email, password=PASSWORD))


@feeds("auth.refresh", "POST")
def refreshed(owner: World, caller: World) -> Call:
    return Call(has_tokens, json=by(caller, refresh_token=tokens(owner)["refresh_token"]))


@feeds("auth.logout", "POST")
def logged_out(owner: World, caller: World) -> Call:
    return Call(is_status(204), json={}, headers=bearer(owner))


@feeds("auth.register", "POST")
def invited_by_json(owner: World, caller: World) -> Call:
    return Call(has_tokens, json=by(caller, invitation=invited(owner), password=NEW_PASSWORD))


@feeds("auth.verify_email", "POST")
def code_by_json(owner: World, caller: World) -> Call:
    transaction = registered(owner, caller)
    code = Post(owner.wiring, owner.tenant).code(newcomer(owner))
    return Call(has_tokens, json=by(caller, transaction=transaction, code=code))


@feeds("auth.verify_email", "POST")
def link_by_json(owner: World, caller: World) -> Call:
    registered(owner, caller)
    token = Post(owner.wiring, owner.tenant).token(newcomer(owner))
    return Call(is_member(owner), json=by(caller, token=token, password=NEW_PASSWORD))


@feeds("auth.resend_verification", "POST")
def sent_again(owner: World, caller: World) -> Call:
    return Call(is_status(202), json=by(caller, transaction=registered(owner, caller)))


@feeds("auth.forgot_password", "POST")
def forgotten(owner: World, caller: World) -> Call:
    """A letter is asked for wherever it is sent; the owner's is not, unless at home."""

    def did_it(_answer: Any) -> bool:
        with owner.people.unit() as uow:
            asked = select(func.count()).where(OutboxMessage.kind == Letter.RECOVER)
            return bool(uow.session.scalar(asked))

    return Call(did_it, json=by(caller, email=owner.email))


@feeds("auth.reset_password", "POST")
def reset_by_json(owner: World, caller: World) -> Call:
    return Call(is_status(204), json=by(caller, token=recovering(owner), password=NEW_PASSWORD))


@feeds("auth.change_password", "POST")
def changed_password(owner: World, caller: World) -> Call:
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    return Call(has_tokens, json=body, headers=bearer(owner))


@feeds("auth.get_me", "GET")
def me(owner: World, caller: World) -> Call:
    return Call(says(owner.email), headers=bearer(owner))


@feeds("auth.change_me", "PATCH")
def changed_me(owner: World, caller: World) -> Call:
    return Call(says(owner.email), json={"nickname": "changed"}, headers=bearer(owner))


@feeds("auth.delete_me", "DELETE")
def deleted_me(owner: World, caller: World) -> Call:
    return Call(is_status(202), json={"current_password": PASSWORD}, headers=bearer(owner))


@feeds("auth.change_email", "POST")
def changed_email(owner: World, caller: World) -> Call:
    body = {"email": newcomer(owner), "current_password": PASSWORD}
    return Call(is_status(202), json=body, headers=bearer(owner))


@feeds("auth.verify_own_email", "POST")
def proven_email(owner: World, caller: World) -> Call:
    client(owner).signed_in(owner.email)
    client(owner).call("POST", "me/email", {"email": newcomer(owner), "current_password": PASSWORD})
    code = Post(owner.wiring, owner.tenant).code(newcomer(owner))
    return Call(has_tokens, json={"code": code}, headers=bearer(owner))


@feeds("auth.list_sessions", "GET")
def listed_sessions(owner: World, caller: World) -> Call:
    return Call(says('"is_current":true'), headers=bearer(owner))


@feeds("auth.end_other_sessions", "DELETE")
def ended_sessions(owner: World, caller: World) -> Call:
    return Call(is_status(204), headers=bearer(owner))


@feeds("auth.end_session", "DELETE")
def ended_session(owner: World, caller: World) -> Call:
    """A session of the owner's, by a token of the caller's person."""
    application = client(owner).signed_in(owner.email)
    (session_id, *_) = [one["id"] for one in application.call("GET", "sessions").json["sessions"]]

    def did_it(_answer: Any) -> bool:
        with owner.people.unit() as uow:
            return bool(uow.get(Session, session_id).ended_at)

    return Call(did_it, path={"session_id": session_id}, headers=bearer(caller))
