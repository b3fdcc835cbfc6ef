"""Two demo tenants and an operator: made once, found again, and mended where they no longer fit.

Credentials are random per data folder and live in `demo.json` alone (0600); the database holds what it always holds.
A second run finds everything by them, lets redirect URIs follow the ports of the demo applications, and replaces a
secret only when it no longer opens anything.
"""

from dataclasses import dataclass

from idp.authn import passwords
from idp.crypto.secrets import encode, new_seed
from idp.db.unit import UnitOfWork
from idp.dev import demo_clients, demo_connections
from idp.dev.demo_clients import Document
from idp.keys import service as keys
from idp.rbac import service as rbac
from idp.rbac.permissions import Builtin
from idp.tenants import service as tenants
from idp.tenants.errors import NoSuchTenant, SlugTaken
from idp.tenants.models import SYSTEM_SLUG, Tenant
from idp.tenants.resolve import issuer_of
from idp.users import service as users
from idp.wiring import Wiring


@dataclass(frozen=True)
class Person:
    """Somebody of a demo tenant."""

    email: str
    name: str
    role: Builtin


@dataclass(frozen=True)
class DemoTenant:
    """A customer of the demo product."""

    slug: str
    name: str
    accent: str
    admin: Person
    user: Person
    registration: str = "invitation"


OPERATOR = Person("operator@idp.example", "Olga Operator", Builtin.OWNER)
TENANTS = (
    DemoTenant(
        "acme",
        "Acme",
        "#3451b2",
        Person("ada@acme.example", "Ada Okafor", Builtin.OWNER),
        Person("ben@acme.example", "Ben Lindqvist", Builtin.MEMBER),
        registration="open",
    ),
    DemoTenant(
        "globex",
        "Globex",
        "#0f766e",
        Person("gwen@globex.example", "Gwen Marchetti", Builtin.OWNER),
        Person("hugo@globex.example", "Hugo Tanaka", Builtin.MEMBER),
    ),
)


def seed(wiring: Wiring, known: Document, *, product_url: str, api_url: str) -> Document:
    """Make or find everything; answers what `demo.json` shall say.

    Args:
        wiring: of the instance.
        known: what it said before; empty on a first run.
        product_url: origin of the demo product.
        api_url: origin of the demo resource server.
    """
    base_url = wiring.settings.base_url
    with wiring.platform_unit() as platform:
        system = tenants.get(platform, SYSTEM_SLUG)
    with wiring.tenant_unit(system) as uow:
        operator = _person(uow, OPERATOR, known.get("operator", {}))
        program = demo_clients.automation(uow, known.get("operator_client", {}), "Operations")
    remembered = {entry.get("slug"): entry for entry in known.get("tenants", [])}
    made: list[Document] = []
    found: dict[str, Tenant] = {}
    for demo in TENANTS:
        tenant = _tenant(wiring, demo)
        if tenant is None:
            continue
        found[demo.slug] = tenant
        before = remembered.get(demo.slug, {})
        with wiring.tenant_unit(tenant) as uow:
            entry = {
                "slug": demo.slug,
                "issuer": tenant.issuer,
                "admin": _person(uow, demo.admin, before.get("admin", {})),
                "user": _person(uow, demo.user, before.get("user", {})),
                "clients": demo_clients.of_tenant(
                    uow, before.get("clients", {}), product_url=product_url, api_url=api_url
                ),
            }
        made.append(entry)
    _connect(wiring, found, {demo["slug"]: demo["clients"] for demo in made}, remembered)
    return {
        "base_url": base_url,
        "mail_url": f"{base_url}/dev/mail",
        "operator": operator,
        "operator_client": program,
        "tenants": made,
    }


def hint(seeded: Document) -> str | None:
    """What there is to try with the connection; None when it is not there."""
    home, upstream = TENANTS
    people = [tenant["user"]["email"] for tenant in seeded["tenants"] if home.slug in tenant["clients"]]
    where = f"{home.name}'s sign-in page offers {upstream.name} too"
    return f"{where}: choose it, and sign in as {people[0]}." if people else None


def follow(wiring: Wiring) -> None:
    """Let the issuers of a private instance follow its address: another port is not another installation."""
    base_url = wiring.settings.base_url
    with wiring.platform_unit() as platform:
        for tenant in tenants.list_all(platform):
            if tenant.issuer != (issuer := issuer_of(base_url, tenant.slug)):
                tenant.issuer = issuer


def _connect(wiring: Wiring, found: dict[str, Tenant], made: Document, remembered: Document) -> None:
    """Let the first demo tenant trust the second one, where both are there; its client there is written down too."""
    home, upstream = (demo.slug for demo in TENANTS)
    if {home, upstream} <= found.keys():
        known = remembered.get(upstream, {}).get("clients", {}).get(home, {})
        made[upstream][home] = demo_connections.connect(wiring, found[home], found[upstream], known)


def _tenant(wiring: Wiring, demo: DemoTenant) -> Tenant | None:
    """The demo tenant; None when somebody deleted it, for slugs are never used twice."""
    with wiring.platform_unit() as platform:
        try:
            return tenants.get(platform, demo.slug)
        except NoSuchTenant:
            pass
        try:
            made = tenants.create(platform, slug=demo.slug, name=demo.name, base_url=wiring.settings.base_url)
        except SlugTaken:
            return None
        tenants.update(platform, made, {"accent": demo.accent, "registration": demo.registration})
        with platform.within(made) as uow:
            # Nobody has cached a key set without it, so the next key is as ready as one published long ago:
            # the first `idp key rotate` works at once.
            keys.publish(uow).published_at = uow.now - keys.PUBLISH_LEAD
        return made


def _person(uow: UnitOfWork, person: Person, known: Document) -> Document:
    password = known.get("password") or encode(new_seed())[:24]
    found = users.find_by_email(uow, person.email)
    if found is None:
        found = users.create(uow, email=person.email, verified=True, name=person.name)
        uow.flush()
        passwords.set_password(uow, found, password)
        rbac.assign_role(uow, found, person.role)
    elif found.disabled_at is None and not passwords.verify(uow, found, password):
        passwords.set_password(uow, found, password)
    return {"email": person.email, "password": password}
