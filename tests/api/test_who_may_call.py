"""Every operation of the management and platform APIs × everybody who might call it (R47).

What is expected is not written down here: it follows from the permission that an operation declares.  Whoever lacks it
is refused before anything of the request is looked at; whoever has it, and nothing else, is not.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from idp.oauth import management
from idp.rbac import permissions
from idp.tenants.models import SYSTEM_SLUG
from idp.wiring import Wiring
from tests.api.conformance import document
from tests.api.management.callers import Caller, machine_caller, person_caller
from tests.factories import NOBODY, People, make_tenant, system_tenant

FOR_EVERYBODY = {"get-principal"}
"""Operations that any token for this API opens."""
OPERATIONS = [
    pytest.param(method, path, operation, id=f"{method.upper()} {path.removeprefix('/t/{tenant_slug}')}")
    for path, methods in document()["paths"].items()
    if "/api/v1/" in path and "/api/v1/auth/" not in path
    for method, operation in methods.items()
    if method != "parameters"
]


class Cast:
    """Everybody who might call."""

    def __init__(self, app: Any, wiring: Wiring) -> None:
        self.app = app
        self.here, self.elsewhere = People(wiring, make_tenant(wiring)), People(wiring, make_tenant(wiring))
        self.system = People(wiring, system_tenant(wiring))
        self.member = person_caller(app, self.here, email="mia@example.com", roles=("member",))
        self.stranger = person_caller(app, self.elsewhere, email="xaver@example.com", roles=("owner",))
        self.operator = person_caller(app, self.system, email=f"{self.here.tenant.slug}@example.com", roles=("owner",))
        self.machines: dict[tuple[str, str], Caller] = {}

    def machine(self, people: People, scope: str) -> Caller:
        """A machine client that holds everything and whose token has `scope` only."""
        key = (people.tenant.slug, scope)
        if key not in self.machines:
            self.machines[key] = machine_caller(self.app, people, scope=scope, roles=("owner",))
        return self.machines[key]


@pytest.fixture(scope="module")
def everybody(app: Any, wiring: Wiring) -> Iterator[Cast]:
    return Cast(app, wiring)


def send(who: Caller | None, everybody: Cast, method: str, path: str) -> Any:
    """The request without anything that it may want beside a token."""
    url = re.sub(r"\{[a-z_]*id\}", str(NOBODY), path.replace("{tenant_slug}", everybody.here.tenant.slug))
    url = re.sub(r"\{[a-z_]+\}", "nothing", url)
    headers = {} if who is None else {"Authorization": f"Bearer {who.token}"}
    return everybody.app.test_client(use_cookies=False).open(url, method=method.upper(), headers=headers)


def is_platforms(path: str) -> bool:
    return not path.startswith("/t/")


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_operation_declares_its_permission(method: str, path: str, operation: dict[str, Any]) -> None:
    needed = operation.get("x-permission")
    assert needed in permissions.NAMES or operation["operationId"] in FOR_EVERYBODY
    if needed is not None:
        assert (needed in permissions.PLATFORM) is is_platforms(path)
    assert operation["security"] == [{"management": [needed] if needed else []}]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_nobody_and_strangers_get_in_nowhere(everybody: Cast, method: str, path: str, operation: Any) -> None:
    outsiders = [None, everybody.stranger]
    outsiders += [everybody.member] if is_platforms(path) else [everybody.operator]
    for who in outsiders:
        answer = send(who, everybody, method, path)
        assert (answer.status_code, answer.json["code"]) == (401, "invalid-token"), answer.text


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_whoever_lacks_the_permission_is_refused(everybody: Cast, method: str, path: str, operation: Any) -> None:
    needed = operation.get("x-permission")
    if needed is None:
        assert send(everybody.member, everybody, method, path).status_code == 200
        return
    home = everybody.system if is_platforms(path) else everybody.here
    other = next(name for name in sorted(everybody_may_ask_for(path)) if name != needed)
    for who in (everybody.machine(home, other), *([] if is_platforms(path) else [everybody.member])):
        answer = send(who, everybody, method, path)
        assert (answer.status_code, answer.json["code"]) == (403, "permission-needed"), answer.text
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_whoever_has_just_the_permission_gets_in(everybody: Cast, method: str, path: str, operation: Any) -> None:
    home = everybody.system if is_platforms(path) else everybody.here
    needed = operation.get("x-permission") or next(iter(sorted(everybody_may_ask_for(path))))
    answer = send(everybody.machine(home, needed), everybody, method, path)
    assert answer.status_code < 500
    assert answer.status_code != 401, answer.text
    assert answer.status_code != 403 or answer.json["code"] != "permission-needed", answer.text


def everybody_may_ask_for(path: str) -> frozenset[str]:
    catalogue = permissions.catalogue(SYSTEM_SLUG)
    return catalogue & permissions.PLATFORM if is_platforms(path) else catalogue - permissions.PLATFORM


def test_the_audiences_are_apart(everybody: Cast) -> None:
    """One token never opens both floors."""
    system = everybody.system.tenant
    assert management.audience(system) != management.platform_audience(system)
