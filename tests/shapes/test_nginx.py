"""Two web hosts behind nginx: one product, whichever of them answers (R35, R44, R58, R60)."""

import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from idp.config import Settings
from idp.events.models import Event
from idp.wiring import Wiring
from tests.browser import Browser
from tests.factories import People, make_tenant
from tests.live.programs import free_port
from tests.shapes.nginx import Nginx, proxied
from tests.shapes.waiting import wait_until
from tests.shapes.web import Host, Wire

pytestmark = pytest.mark.live
SOMEBODY, LIAR = "127.0.0.77", "203.0.113.9"


@dataclass
class Stage:
    """Both hosts, nginx before them, and the parts of a process of the same installation."""

    hosts: list[Host]
    nginx: Nginx
    wiring: Wiring

    def people(self, **changes: str) -> People:
        people = People(self.wiring, make_tenant(self.wiring, **changes))
        people.user()
        return people

    def browser(self, people: People) -> Browser:
        return Browser(self.wire(), people.tenant)

    def wire(self) -> Wire:
        return Wire(SOMEBODY, self.nginx.certificate)

    def served_by(self, before: int) -> set[str]:
        """Which hosts answered what came after the first `before` lines of the log."""
        return {line.split()[6] for line in self.nginx.log()[before:]}


@pytest.fixture(scope="module")
def stage(environment: dict[str, str], wiring: Wiring) -> Iterator[Stage]:
    port = free_port()
    settings = environment | {
        "IDP_BASE_URL": f"https://localhost:{port}",
        "IDP_TRUSTED_PROXIES": "127.0.0.1/32",
        "IDP_TRUSTED_PROXY_HOPS": "1",
        "IDP_OUTBOUND_ALLOW": "127.0.0.0/8",
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="idp-hosts-")))
        hosts = [Host(folder, others | settings) for _ in range(2)]
        for host in hosts:
            host.launch()
            stack.callback(host.kill)
        for host in hosts:
            host.wait()
        nginx = stack.enter_context(proxied([host.port for host in hosts], port=port))
        own = Wiring.of(Settings.load(settings))
        stack.callback(own.dispose)
        yield Stage(hosts, nginx, own)


def test_a_sign_in_begins_on_one_host_and_ends_on_the_other(stage: Stage) -> None:
    people = stage.people()
    client, secret = people.client(scope="openid email offline_access")
    before = len(stage.nginx.log())
    tokens = stage.browser(people).tokens(client, secret, scope="openid email offline_access")
    assert tokens["refresh_token"]
    assert len(stage.served_by(before)) == 2
    with people.unit() as uow:
        addresses = set(uow.session.scalars(select(Event.ip).where(Event.type == "session.started")))
    assert addresses == {SOMEBODY}


@pytest.mark.parametrize("is_past_nginx", [False, True], ids=["by nginx", "past nginx"])
def test_nobody_chooses_their_own_address(stage: Stage, is_past_nginx: bool) -> None:
    people = stage.people()
    client, secret = people.client(direct_sign_in=True)
    where = f"http://127.0.0.1:{stage.hosts[0].port}" if is_past_nginx else stage.nginx.url
    claims = {
        "X-Forwarded-For": LIAR,
        "Forwarded": f"for={LIAR}",
        "X-Real-IP": LIAR,
        "X-Forwarded-Host": "evil.example",
    }
    answer = stage.wire().post(
        f"{where}{people.tenant.issuer.removeprefix(stage.nginx.url)}/api/v1/auth/login",
        json={"email": "ada@example.com", "password": "not the one that she has"},
        auth=(str(client.id), str(secret)),
        headers=claims | {"Host": f"localhost:{stage.nginx.port}"},
    )
    assert answer.status_code == 401, answer.text
    with people.unit() as uow:
        addresses = set(uow.session.scalars(select(Event.ip).where(Event.ip.is_not(None))))
    assert addresses == {SOMEBODY}


def test_limits_are_of_the_installation_and_not_of_a_host(stage: Stage) -> None:
    people = stage.people(limit_client="6/day")
    client, secret = people.client(type="machine", scope="")
    browser, before = stage.browser(people), len(stage.nginx.log())
    answers = [browser.token(client, secret, grant_type="client_credentials") for _ in range(10)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 4
    assert answers[-1].headers["Retry-After"].isdecimal()
    assert len(stage.served_by(before)) == 2


def test_nothing_but_the_product_and_its_name_is_reached(stage: Stage) -> None:
    wire, url = stage.wire(), stage.nginx.url
    assert wire.get(f"{url}/healthz").status_code == 200
    for path in ("/metrics", "/readyz", "/livez"):
        assert wire.get(f"{url}{path}").status_code == 404
    assert wire.get(f"{url}/healthz", headers={"Host": "evil.example"}).status_code == 421
    with pytest.raises(requests.exceptions.SSLError):
        wire.get(f"https://127.0.0.1:{stage.nginx.port}/healthz")
    plain = wire.get(f"http://127.0.0.1:{stage.nginx.plain_port}/healthz?x=1", headers={"Host": "evil.example"})
    assert (plain.status_code, plain.headers["Location"]) == (308, "https://localhost/healthz?x=1")


def test_what_is_too_large_is_refused_and_what_is_only_long_is_not(stage: Stage) -> None:
    people = stage.people()
    client, _ = people.client(scope="openid")
    browser = stage.browser(people)
    browser.code(client)
    state = "s" * 2000
    assert len(browser.authorize(client, state=state, nonce="n" * 500).headers["Location"]) > len(state)
    before = len(stage.nginx.log())
    wire, url = stage.wire(), f"{stage.nginx.url}/healthz"
    assert wire.get(f"{url}?{'x' * 9000}").status_code == 414
    assert wire.get(url, headers={"X-Long": "x" * 9000}).status_code == 400
    assert wire.post(browser.url("/oauth/token"), data={"x": "y" * 100_000}).status_code == 413
    assert wire.post(browser.url("/oauth/token"), data=b"x" * 3_000_000).status_code == 413
    assert all("?" not in line for line in stage.nginx.log())
    assert len(stage.nginx.log()) > before


def test_without_any_host_nginx_says_when_to_come_again() -> None:
    with proxied([free_port(), free_port()]) as nginx:
        answer = Wire(SOMEBODY, nginx.certificate).get(f"{nginx.url}/healthz")
    assert (answer.status_code, answer.headers["Retry-After"], answer.json["code"]) == (503, "5", "unavailable")
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "times"), [("POST", 1), ("PATCH", 1), ("GET", 2)])
def test_what_may_have_been_done_is_not_sent_again(method: str, times: int) -> None:
    """Both hosts read the request and die over it."""
    heard: list[bytes] = []
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        for listener in listeners:
            threading.Thread(target=hang_up, args=(listener, heard), daemon=True).start()
        nginx = stack.enter_context(proxied([listener.getsockname()[1] for listener in listeners]))
        data: Any = None if method == "GET" else {"a": "b"}
        answer = Wire(SOMEBODY, nginx.certificate).ask(method, f"{nginx.url}/t/acme/oauth/token", data=data)
        for listener in listeners:
            listener.shutdown(socket.SHUT_RDWR)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert len([request for request in heard if request]) == times


def hang_up(listener: socket.socket, heard: list[bytes]) -> None:
    """Read what each connection brings, and close it."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            heard.append(connection.recv(65536))


def test_a_host_that_dies_is_hardly_noticed(stage: Stage) -> None:
    people = stage.people()
    client, secret = people.client(type="machine", scope="")
    browser = stage.browser(people)
    lost, left = stage.hosts
    lost.kill()
    before = len(stage.nginx.log())
    answers = [browser.get(browser.url("/jwks.json")) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    answers = [browser.token(client, secret, grant_type="client_credentials") for _ in range(10)]
    assert [answer.status_code for answer in answers] == [200] * 10
    assert stage.served_by(before) >= {f"127.0.0.1:{left.port}"}


@pytest.mark.soak
def test_a_host_that_is_back_is_used_again(stage: Stage) -> None:
    wire, host = stage.wire(), stage.hosts[0]
    host.kill()
    wire.get(f"{stage.nginx.url}/healthz")
    host.launch()
    host.wait()
    before = len(stage.nginx.log())

    def is_used() -> bool:
        wire.get(f"{stage.nginx.url}/healthz")
        return f"127.0.0.1:{host.port}" in stage.served_by(before)

    wait_until(is_used, 15, "nginx goes back to it")
