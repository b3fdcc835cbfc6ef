"""What the counterpart tests ask of a living instance, and how they register themselves with it."""

import json
import uuid
from pathlib import Path
from typing import Any, Protocol

SCOPE = "openid profile email offline_access"


class Live(Protocol):
    """A running product: the fixture `live`."""

    base_url: str
    demo: dict[str, Any]

    def issuer(self, slug: str) -> str:
        """The issuer of a tenant."""
        ...

    def cli(self, *args: str) -> dict[str, Any]:
        """`python -m idp … --json` beside the running product."""
        ...


def demo_tenant(live: Live, slug: str) -> dict[str, Any]:
    """What demo.json says about a tenant."""
    found: dict[str, Any] = next(tenant for tenant in live.demo["tenants"] if tenant["slug"] == slug)
    return found


def register(live: Live, folder: Path, slug: str, **metadata: Any) -> dict[str, Any]:
    """Register a client with RFC 7591 metadata; its `client_id` and, where it has one, `client_secret`."""
    file = folder / f"{uuid.uuid4()}.json"
    file.write_text(json.dumps({"client_name": "Counterpart", **metadata}))
    return live.cli("client", "create", "--tenant", slug, "--metadata", str(file))


def make_resource(live: Live, slug: str) -> tuple[str, str]:
    """Register an API of the tenant's; its identifier and its only scope."""
    name = f"api-{uuid.uuid4().hex[:12]}"
    identifier, scope = f"https://{name}.example", f"{name}:read"
    live.cli("resource", "create", "--tenant", slug, "--identifier", identifier, "--name", name, "--scope", scope)
    return identifier, scope
