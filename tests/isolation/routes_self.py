"""How to feed the pages of one's own account; see `tests.isolation.routes`."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from idp.authn.models import Session
from idp.events.models import Event
from idp.events.types import EventType
from idp.federation.models import FederationTransaction
from idp.users import service as users
from idp.users.models import User
from tests.browser import Browser
from tests.factories import PASSWORD
from tests.isolation.routes import Call, feeds, leads_to, says
from tests.isolation.world import World
from tests.post import Post
from tests.upstream_rows import connect, link

NEW_PASSWORD = "another horse and its battery"


@feeds("hosted.show_overview", "GET")
@feeds("hosted.show_email", "GET")
@feeds("hosted.show_password", "GET")
@feeds("hosted.show_delete", "GET")
def page_with_address(owner: World, caller: World) -> Call:
    assert caller.signed_in
    return Call(says(owner.email))


@feeds("hosted.show_profile", "GET")
def page_with_name(owner: World, caller: World) -> Call:
    assert caller.signed_in
    return Call(says(f'value="{owner.name.title()}"'))


@feeds("hosted.show_data", "GET")
@feeds("hosted.show_activity", "GET")
def page_with_menu(owner: World, caller: World) -> Call:
    assert caller.signed_in
    with owner.people.unit() as uow:
        newest = uow.session.scalar(select(Event.id).order_by(Event.id.desc()).limit(1))
    return Call(says(f"{owner.tenant.issuer}/account/password"), {"before": str(newest)})


@feeds("hosted.show_sessions", "GET")
def page_with_sessions(owner: World, caller: World) -> Call:
    assert caller.signed_in
    return Call(says(second_session(owner)))


@feeds("hosted.download_data", "POST")
def download(owner: World, caller: World) -> Call:
    assert caller.signed_in
    return Call(says(owner.email), form={"csrf": caller.csrf})


@feeds("hosted.save_profile", "POST")
def profile(owner: World, caller: World) -> Call:
    assert caller.signed_in
    name = f"Nick of {owner.name}"
    return Call(
        of(owner, lambda user: user.profile.nickname == name), form={"csrf": caller.csrf, "nickname": name, "name": "A"}
    )


@feeds("hosted.submit_email", "POST")
def wanted_address(owner: World, caller: World) -> Call:
    assert caller.signed_in
    form = {"csrf": caller.csrf, "action": "change", "email": "new@acme.example", "password": PASSWORD}
    return Call(recorded(owner, EventType.EMAIL_CHANGE_REQUESTED), form=form)


@feeds("hosted.submit_email", "POST")
def code_of_a_wanted_address(owner: World, caller: World) -> Call:
    wanted = f"new@{owner.name}.example"
    for world in {owner, caller}:
        form = {"csrf": world.csrf, "action": "change", "email": f"new@{world.name}.example", "password": PASSWORD}
        assert world.signed_in.post(world.url("/account/email"), form).status_code == 303
    code = Post(owner.wiring, owner.tenant).code(wanted)

    def is_changed(_answer: Any) -> bool:
        with owner.people.unit() as uow:
            return users.primary_email(uow, owner.user.id).address == wanted

    return Call(is_changed, form={"csrf": caller.csrf, "action": "prove", "code": code})


@feeds("hosted.change_password", "POST")
def password(owner: World, caller: World) -> Call:
    assert caller.signed_in
    form = {"csrf": caller.csrf, "current": PASSWORD, "password": NEW_PASSWORD}
    return Call(recorded(owner, EventType.PASSWORD_CHANGED), form=form)


@feeds("hosted.show_ways_in", "GET")
def page_with_identities(owner: World, caller: World) -> Call:
    assert caller.signed_in
    linked(owner, "shown")
    return Call(says(f"shown-login-of-{owner.name}"))


@feeds("hosted.change_ways_in", "POST")
def unlinked(owner: World, caller: World) -> Call:
    assert caller.signed_in
    form = {"csrf": caller.csrf, "unlink": str(linked(owner, "unlinked"))}
    return Call(recorded(owner, EventType.IDENTITY_UNLINKED), form=form)


@feeds("hosted.change_ways_in", "POST")
def link_that_begins(owner: World, caller: World) -> Call:
    assert caller.signed_in
    name = to_link(owner)

    def is_away(_answer: Any) -> bool:
        with owner.people.unit() as uow:
            wanted = FederationTransaction.user_id == owner.user.id
            return bool(uow.session.scalar(select(func.count()).select_from(FederationTransaction).where(wanted)))

    return Call(is_away, form={"csrf": caller.csrf, "link": name})


@feeds("hosted.confirm_person", "GET")
def confirmation(owner: World, caller: World) -> Call:
    assert caller.signed_in
    return Call(leads_to(owner.url("/login")), {"page": "connections"})


@feeds("hosted.end_session", "POST")
@feeds("hosted.end_other_sessions", "POST")
def session(owner: World, caller: World) -> Call:
    assert caller.signed_in
    session_id = second_session(owner)

    def is_ended(_answer: Any) -> bool:
        with owner.people.unit() as uow:
            return bool(uow.session.scalar(select(func.count()).where(Session.ended_at.is_not(None))))

    return Call(is_ended, form={"csrf": caller.csrf, "session": session_id})


@feeds("hosted.keep_account", "POST")
def change_of_mind(owner: World, caller: World) -> Call:
    assert caller.signed_in
    with owner.people.unit() as uow:
        uow.get(User, owner.user.id).deletes_at = uow.now + timedelta(days=1)
    return Call(of(owner, lambda user: user.deletes_at is None), form={"csrf": caller.csrf})


@feeds("hosted.request_delete", "POST")
def departure(owner: World, caller: World) -> Call:
    assert caller.signed_in
    form = {"csrf": caller.csrf, "password": PASSWORD, "sure": "yes"}
    return Call(of(owner, lambda user: user.deletes_at is not None), form=form)


@cache
def linked(owner: World, name: str) -> UUID:
    connect(owner.people, f"{name}-{owner.name}")
    username = f"{name}-login-of-{owner.name}"
    return link(owner.people, owner.user, f"{name}-{owner.name}", subject=owner.name, username=username).id


@cache
def to_link(owner: World) -> str:
    return connect(owner.people, f"to-link-{owner.name}").name


def of(owner: World, is_so: Callable[[User], bool]) -> Callable[[Any], bool]:
    def look(_answer: Any) -> bool:
        with owner.people.unit() as uow:
            return is_so(uow.get(User, owner.user.id))

    return look


def recorded(owner: World, kind: EventType) -> Callable[[Any], bool]:
    def look(_answer: Any) -> bool:
        with owner.people.unit() as uow:
            return bool(uow.session.scalar(select(func.count()).where(Event.type == kind.value)))

    return look


def second_session(owner: World) -> str:
    """Another browser in which its person is signed in."""
    assert owner.signed_in
    other = Browser(owner.app, owner.tenant)
    other.sign_in(other.follow(other.get(other.url("/login"))), owner.email)
    with owner.people.unit() as uow:
        newest = select(Session.id).order_by(Session.created_at.desc()).limit(1)
        return str(uow.session.scalar(newest))
