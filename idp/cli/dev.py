"""``idp dev``: a whole installation in one terminal, and nothing left behind when it ends."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

import idp
from idp import log
from idp.cli.connect import current
from idp.cli.db import bring_up
from idp.cli.options import program
from idp.config import Settings
from idp.crypto.secrets import new_secret
from idp.dev import demo
from idp.dev import environment as env
from idp.dev.errors import ServerFailed
from idp.dev.files import write_private
from idp.dev.instance import Claim
from idp.dev.postgres import Postgres
from idp.dev.supervisor import Supervisor, answers
from idp.dev.valkey import Valkey
from idp.wiring import Wiring

ROOT = Path(str(idp.__file__)).parents[1]
EXAMPLES = ROOT / "examples"
Echo = Callable[[str], None]


@dataclass(frozen=True)
class Applications:
    """Where the demo product and its resource server listen."""

    product: int
    api: int

    @property
    def product_url(self) -> str:
        """Origin of the product."""
        return f"http://localhost:{self.product}"

    @property
    def api_url(self) -> str:
        """Origin of the resource server, which is also its identifier."""
        return f"http://localhost:{self.api}"


@program("dev")
@click.option("--host", metavar="ADDRESS", help="Where to listen. [127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="The port, 0 for any free one. [8000]")
@click.option("--no-demo", is_flag=True, help="No demo tenants, no demo applications.")
def dev(host: str | None, port: int | None, no_demo: bool) -> None:
    """Run a whole installation in this terminal.

    PostgreSQL, Valkey, the web server, the worker, two demo tenants, the demo product and its resource server.
    """
    as_json = current().as_json
    echo: Echo = partial(click.echo, err=as_json)
    with Claim(current().data_dir) as claim, Supervisor(claim.data_dir, echo=echo) as supervisor:
        environment = env.development(claim.data_dir, host=host, port=port)
        environment |= _servers(claim.data_dir, supervisor, echo)
        settings = Settings.load(environment)
        applications = None if no_demo or not EXAMPLES.is_dir() else _applications(settings)
        seeded = _prepare(settings, claim.data_dir, applications, demo_wanted=not no_demo)
        ours, python = env.for_child(environment), sys.executable
        local = "[::1]" if ":" in settings.host else "127.0.0.1"
        healthy = answers(f"http://{local}:{settings.port}/healthz")
        supervisor.start("web", [python, "-m", "idp", "serve"], env=ours, cwd=ROOT, ready=healthy, timeout=60)
        supervisor.start("worker", [python, "-m", "idp", "worker"], env=ours, cwd=ROOT)
        if applications is not None:
            _start_applications(supervisor, applications, seeded, echo)
        if seeded:
            write_private(claim.data_dir / "demo.json", json.dumps(seeded, indent=2) + "\n")
        claim.publish(environment)
        if as_json:
            click.echo(json.dumps(seeded or {"base_url": settings.base_url}))
        else:
            _welcome(settings, seeded, applications, claim.data_dir)
        supervisor.run()


def _servers(data_dir: Path, supervisor: Supervisor, echo: Echo) -> dict[str, str]:
    """Start the servers that the environment does not name; answers their addresses."""
    addresses: dict[str, str] = {}
    if not env.is_given("IDP_DATABASE_URL"):
        postgres = Postgres(data_dir).start()
        supervisor.adopt(postgres.child)
        if postgres.notice:
            echo(postgres.notice)
        addresses |= env.database_urls(data_dir, postgres.admin_url)
    if not env.is_given("IDP_REDIS_URL"):
        valkey = Valkey(data_dir).start()
        supervisor.adopt(valkey.child)
        addresses["IDP_REDIS_URL"] = valkey.url
    return addresses


def _applications(settings: Settings) -> Applications:
    """The two ports after ours, or the next free ones."""
    first, taken = min(settings.port, 65000) + 1, frozenset({settings.internal_port})
    product = env.free_port(first=first, taken=taken)
    return Applications(product, env.free_port(first=first + 1, taken=taken | {product}))


def _prepare(
    settings: Settings, data_dir: Path, applications: Applications | None, *, demo_wanted: bool
) -> dict[str, Any]:
    """Migrate and seed; answers what `demo.json` shall say."""
    log.configure("error")
    wiring = Wiring.of(settings)
    try:
        bring_up(settings, wiring)
        if not env.is_given("IDP_DATABASE_URL"):
            demo.follow(wiring)
        if not demo_wanted:
            return {}
        places = applications or Applications(settings.port + 1, settings.port + 2)
        known = _remembered(data_dir / "demo.json")
        return demo.seed(wiring, known, product_url=places.product_url, api_url=places.api_url)
    finally:
        wiring.dispose()


def _remembered(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        known = json.loads(path.read_text("utf-8"))
        return known if isinstance(known, dict) else {}
    return {}


def _start_applications(supervisor: Supervisor, places: Applications, seeded: dict[str, Any], echo: Echo) -> None:
    """Run the programs under examples/ as strangers would; everything else goes on without them."""
    names = {tenant.slug: tenant.name for tenant in demo.TENANTS}
    customers = [
        {
            "slug": tenant["slug"],
            "name": names[tenant["slug"]],
            "issuer": tenant["issuer"],
            "client_id": tenant["clients"]["web"]["client_id"],
            "client_secret": tenant["clients"]["web"]["client_secret"],
        }
        for tenant in seeded["tenants"]
    ]
    api = {
        "API_PORT": str(places.api),
        "API_IDENTIFIER": places.api_url,
        "API_ISSUERS": ",".join(tenant["issuer"] for tenant in seeded["tenants"]),
    }
    product = {
        "NOTES_PORT": str(places.product),
        "NOTES_SECRET_KEY": new_secret("ss"),
        "NOTES_API_URL": places.api_url,
        "NOTES_CUSTOMERS": json.dumps(customers),
    }
    for name, folder, settings, url in (
        ("api", "api", api, places.api_url),
        ("notes", "saas", product, places.product_url),
    ):
        whole = {**env.without_settings(), **settings, "PYTHONUNBUFFERED": "1"}
        argv = (sys.executable, EXAMPLES / folder / "app.py")
        try:
            supervisor.start(name, argv, env=whole, cwd=ROOT, ready=answers(url), required=False)
        except ServerFailed as failure:
            echo(f"{failure.detail}\nThe rest goes on without it.")


def _welcome(settings: Settings, seeded: dict[str, Any], places: Applications | None, data_dir: Path) -> None:
    """What to open and who to be."""
    places_to_go = [("Identity provider", settings.base_url)]
    if seeded and places is not None:
        places_to_go = [("Demo product", places.product_url), ("Demo resource server", places.api_url), *places_to_go]
    places_to_go += [("Mail that would be sent", f"{settings.base_url}/dev/mail"), ("Data and logs", str(data_dir))]
    width = max(len(name) for name, _ in places_to_go)
    click.secho("\nidp is running. Ctrl-C stops it.\n", bold=True)
    for name, place in places_to_go:
        click.echo(f"  {click.style(name.ljust(width), dim=True)}  {place}")
    if not seeded:
        click.echo()
        return
    people = [
        (tenant["slug"], tenant[kind]["email"], kind, tenant[kind]["password"], f"{tenant['issuer']}/")
        for tenant in seeded["tenants"]
        for kind in ("admin", "user")
    ]
    operator = seeded["operator"]
    people.append(("system", operator["email"], "operator", operator["password"], f"{settings.base_url}/t/system/"))
    rows = [("tenant", "email", "is", "password", "sign-in page"), *people]
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    click.echo()
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        click.echo("  " + (line if number else click.style(line, dim=True)))
    if (hint := demo.hint(seeded)) is not None:
        click.echo(f"\n  {hint}")
    click.echo(f"\n  Clients and their secrets: {data_dir / 'demo.json'}\n")
