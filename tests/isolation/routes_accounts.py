"""How to feed the pages with which people come and recover; see `tests.isolation.routes`."""

from typing import Any

from idp.accounts import invitations, recovery
from idp.authn import passwords
from idp.events.types import EventType
from idp.users import service as users
from idp.users.models import User
from tests.browser import Forms
from tests.factories import PASSWORD
from tests.isolation.routes import Call, feeds, is_status, leads_to, says
from tests.isolation.world import World
from tests.post import Post
from tests.web.tenancy import decide

NEW_PASSWORD = "lantern orbit quiet harvest"


def newcomer(owner: World) -> str:
    return f"newcomer@{owner.name}.example"


def open_doors(*worlds: World) -> None:
    for world in worlds:
        decide(world.people, registration="open")


def registered(owner: World) -> tuple[str, str]:
    """A sign-up of the owner's browser that waits for its proof: its flow, and the form token."""
    page = owner.browser.follow(owner.browser.get(owner.url("/signup")))
    waiting = owner.browser.submit(page, email=newcomer(owner), password=NEW_PASSWORD)
    fields = Forms(waiting.text).fields
    return fields["flow"], fields["csrf"]


def invited(owner: World) -> str:
    with owner.people.unit() as uow:
        invitations.invite(uow, newcomer(owner))
    return Post(owner.wiring, owner.tenant).token(newcomer(owner), "?invitation=")


def recovering(owner: World) -> str:
    with owner.people.unit() as uow:
        recovery.request(uow, owner.email)
    return Post(owner.wiring, owner.tenant).token(owner.email, "/reset-password?")


def noticed(owner: World) -> str:
    with owner.people.unit() as uow:
        passwords.set_password(uow, uow.get(User, owner.user.id), PASSWORD, how=EventType.PASSWORD_CHANGED)
    return Post(owner.wiring, owner.tenant).token(owner.email, "/not-me?")


@feeds("hosted.show_signup", "GET")
def signup_page(owner: World, caller: World) -> Call:
    open_doors(owner, caller)
    return Call(is_status(200), {"flow": owner.login_flow})


@feeds("hosted.show_signup", "GET")
def invitation_page(owner: World, caller: World) -> Call:
    return Call(says(newcomer(owner)), {"invitation": invited(owner)})


@feeds("hosted.submit_signup", "POST")
def signup_of_another_flow(owner: World, caller: World) -> Call:
    open_doors(owner, caller)
    form = {"flow": owner.login_flow, "csrf": caller.csrf, "email": newcomer(owner), "password": NEW_PASSWORD}
    return Call(leads_to(owner.url("/verify-email")), form=form)


@feeds("hosted.submit_signup", "POST")
def accepted_invitation(owner: World, caller: World) -> Call:
    form = {"invitation": invited(owner), "csrf": caller.csrf, "password": NEW_PASSWORD}
    return Call(leads_to(owner.url("/account")), form=form)


@feeds("hosted.show_verify_email", "GET")
def waiting_page(owner: World, caller: World) -> Call:
    open_doors(owner, caller)
    return Call(says(newcomer(owner)), {"flow": registered(owner)[0]})


@feeds("hosted.show_verify_email", "GET")
def page_of_a_link(owner: World, caller: World) -> Call:
    open_doors(owner, caller)
    registered(owner)
    return Call(says(newcomer(owner)), {"token": Post(owner.wiring, owner.tenant).token(newcomer(owner))})


@feeds("hosted.submit_verify_email", "POST")
def typed_code(owner: World, caller: World) -> Call:
    open_doors(owner, caller)
    flow, _ = registered(owner)
    code = Post(owner.wiring, owner.tenant).code(newcomer(owner))
    return Call(is_member(owner), form={"flow": flow, "csrf": caller.csrf, "code": code})


@feeds("hosted.submit_verify_email", "POST")
def used_link(owner: World, caller: World) -> Call:
    open_doors(owner, caller)
    registered(owner)
    token = Post(owner.wiring, owner.tenant).token(newcomer(owner))
    return Call(is_member(owner), form={"token": token, "csrf": caller.csrf, "password": NEW_PASSWORD})


@feeds("hosted.show_recovery", "GET")
def recovery_page(owner: World, caller: World) -> Call:
    return Call(is_status(200), {"flow": owner.login_flow})


@feeds("hosted.submit_recovery", "POST")
def recovery_of_another_flow(owner: World, caller: World) -> Call:
    form = {"flow": owner.login_flow, "csrf": caller.csrf, "email": owner.email}
    return Call(leads_to(owner.url("/recovery")), form=form)


@feeds("hosted.show_reset_password", "GET")
def reset_page(owner: World, caller: World) -> Call:
    return Call(says(owner.email), {"token": recovering(owner)})


@feeds("hosted.submit_reset_password", "POST")
def reset(owner: World, caller: World) -> Call:
    form = {"token": recovering(owner), "csrf": caller.csrf, "password": NEW_PASSWORD}
    return Call(leads_to(owner.url("/login")), form=form)


@feeds("hosted.show_not_me", "GET")
def notice_page(owner: World, caller: World) -> Call:
    return Call(is_status(200), {"token": noticed(owner)})


@feeds("hosted.submit_not_me", "POST")
def disowned(owner: World, caller: World) -> Call:
    return Call(leads_to(owner.url("/not-me")), form={"token": noticed(owner), "csrf": caller.csrf})


def is_member(owner: World) -> Any:
    def did_it(_answer: Any) -> bool:
        with owner.people.unit() as uow:
            return users.find_by_email(uow, newcomer(owner)) is not None

    return did_it
