"""`helm test` as it is rendered, against the product."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from idp.wiring import Wiring
from tests import factories
from tests.chart import charts


@pytest.fixture
def address(app: Any, wiring: Wiring) -> Iterator[str]:
    """Of a server that is not where browsers find it."""
    factories.system_tenant(wiring)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def smoke(base_url: str, service: str) -> "subprocess.CompletedProcess[str]":
    values = charts.merged(charts.read("minimal"), {"config": {"IDP_BASE_URL": base_url}})
    container = charts.container(charts.render(values), "test")
    assert container["command"] == ["python", "-c"]
    variables = {each["name"]: each["value"] for each in container["env"]}
    assert variables["SERVICE"] == "http://idp:8000"
    return subprocess.run(
        [sys.executable, *container["command"][1:], *container["args"]],
        env=variables | {"SERVICE": service},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_it_passes_where_the_product_answers(address: str) -> None:
    ran = smoke("http://localhost:8000/", address)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "{'status': 'ok'}\n", "")


def test_it_fails_where_the_product_thinks_it_is_somewhere_else(address: str) -> None:
    ran = smoke("https://localhost:8000", address)
    assert ran.returncode == 1
    assert "The issuer is http://localhost:8000/t/system, not https://localhost:8000/t/system." in ran.stderr


def test_it_fails_where_nobody_answers() -> None:
    assert smoke("https://id.example.com", "http://127.0.0.1:1").returncode == 1
