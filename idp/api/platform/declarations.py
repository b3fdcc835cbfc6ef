"""``tenants/{slug}`` as a whole: what an operator wants a tenant to be (docs/tenant-as-code.md)."""

from dataclasses import replace
from typing import Any

from marshmallow import fields, validate

from idp.actor import ActorKind
from idp.api.fields import shown, text
from idp.api.platform.routes import platform, unit_of_system
from idp.api.schemas import Body
from idp.api.tags import PLATFORM
from idp.db.locks import lock
from idp.db.unit import PlatformUnit
from idp.declarations.apply import Applied, apply, rehearse
from idp.declarations.document import check
from idp.declarations.errors import DeclarationInvalid, DeclarationRefused
from idp.declarations.reading import Source
from idp.declarations.things import Kind
from idp.http.context import current_settings
from idp.rbac import bounds
from idp.rbac.permissions import Permission
from idp.tenants import service as tenants
from idp.tenants.errors import NoSuchTenant
from idp.tenants.models import SYSTEM_SLUG

_POWERS = frozenset(
    {Kind.CLIENT, Kind.RESOURCE, Kind.PERMISSION, Kind.ROLE, Kind.GROUP, Kind.CONNECTION, Kind.MAIL, Kind.WEBHOOK}
)
"""By what an operator who may not act for a tenant would come to do it all the same, without reason and end (R48)."""
DECLARATION = {
    "tenant": "acme",
    "name": "Acme",
    "settings": {"registration": "domains", "registration_domains": ["acme.example"], "password_min_length": 12},
    "roles": [{"name": "billing", "description": "Pays what is due", "includes": ["member"]}],
    "clients": [{"name": "Backend", "type": "machine", "scope": "users:read", "roles": ["billing"]}],
}
DECLARED = {
    "changes": [
        {
            "action": "update",
            "what": "settings",
            "name": "settings",
            "before": {"password_min_length": 15},
            "after": {"password_min_length": 12},
        }
    ],
    "kept": [{"what": "client", "name": "Notes"}],
    "secrets": {},
}


def _parts(description: str) -> fields.List[Any]:
    return fields.List(fields.Dict(keys=fields.String()), metadata={"description": description})


class DeclareTenant(Body):
    """A tenant as a document; what is left out stays as it is."""

    tenant = text("The slug, as in the path.", longest=40, required=True)
    name = text("What its people call it; a new tenant needs one.", longest=100)
    settings = fields.Dict(keys=fields.String(), metadata={"description": "Policy and branding; null: the default."})
    limits = fields.Dict(keys=fields.String(), metadata={"description": "The budget; null is the default."})
    resources = _parts("APIs: identifier, name, scope, permissions, permissions_claim, client.")
    roles = _parts("name, description, permissions, includes.")
    groups = _parts("name, description, roles.")
    clients = _parts("name, client metadata of RFC 7591, connections, and roles of machine clients.")
    connections = _parts("name, kind, label, enabled, client_id, client_secret (never shown again), options; in order.")
    webhooks = _parts("url, description, event_types, enabled; each new one is given a secret.")
    mail = fields.Dict(
        keys=fields.String(),
        metadata={"description": "sender_name, sender_address, and smtp_url, which is never shown again."},
    )
    domains = fields.List(fields.String(), metadata={"description": "Made unproven."})


def _yes_or_no(description: str) -> fields.String:
    return fields.String(validate=validate.OneOf(("true", "false")), metadata={"description": description})


class DeclareQuery(Body):
    """How to go about it."""

    dry_run = _yes_or_no("Say what would be done, and do nothing.")
    prune = _yes_or_no("Delete what is there and not declared, in the sections that are; needs `tenants:delete`.")


class ChangeOut(Body):
    """What happens to one thing."""

    action = shown("What happens.", validate=validate.OneOf(("create", "update", "delete")))
    what = shown("The kind of thing.")
    name = shown("What tells it apart.")
    before = fields.Dict(keys=fields.String(), metadata={"description": "Members that change, as they were."})
    after = fields.Dict(keys=fields.String(), metadata={"description": "Members that change, as they are now."})


class KeptOut(Body):
    """What is there, is not declared, and stays."""

    what = shown("The kind of thing.")
    name = shown("What tells it apart.")


class CredentialsOut(Body):
    """Of a new client or webhook."""

    client_id = fields.String(metadata={"description": "Of RFC 6749."})
    client_secret = fields.String(metadata={"description": "Shown this once, where the client has one."})
    webhook_secret = fields.String(metadata={"description": "Shown this once: what a webhook's receiver verifies by."})


class DeclaredOut(Body):
    """What was done."""

    changes = fields.List(fields.Nested(ChangeOut), required=True)
    kept = fields.List(fields.Nested(KeptOut), required=True)
    secrets = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(CredentialsOut),
        required=True,
        metadata={"description": "Of new clients by name, and of new webhooks by URL."},
    )


@platform.operation(
    "PUT",
    "/tenants/<string:slug>",
    needs=Permission.TENANTS_WRITE,
    tag=PLATFORM,
    body=(DeclareTenant, DECLARATION),
    query=DeclareQuery,
    answer=(200, DeclaredOut, DECLARED),
    refuses=("declaration-invalid", "declaration-refused"),
)
def declare_tenant(unit: PlatformUnit, query: dict[str, Any], body: dict[str, Any], slug: str) -> dict[str, Any]:
    """Make a tenant what a document says.

    All of it or nothing; a tenant that there is not is made.  What the document does not speak of stays.  Of a tenant
    that is there, roles, groups, clients, APIs, connections, mail and webhooks let somebody act in it, read its links
    to new passwords or hear what happens: to declare these takes `tenants:act` too.
    """
    if slug == SYSTEM_SLUG:
        raise DeclarationRefused("The tenant 'system' holds the operators themselves: declare it at the terminal.")
    prune = query.get("prune") == "true"
    if prune:
        bounds.require(unit_of_system(unit), Permission.TENANTS_DELETE)
    source = Source(body)
    declaration = check(source, secrets=_literal)
    if declaration.slug != slug:
        raise DeclarationInvalid([source.problem(("tenant",), "This must be the slug of the path.")])
    is_rehearsal = query.get("dry_run") == "true"
    if not is_rehearsal:
        lock(unit, f"declaration:{slug}")
        lock(unit, f"slug:{slug}")  # whoever else makes the tenant now waits for us
    if not _POWERS.isdisjoint(declaration.things) and _exists(unit, slug):
        bounds.require(unit_of_system(unit), Permission.TENANTS_ACT)
    trusted = _trusted(unit)
    base_url = current_settings().base_url
    if is_rehearsal:
        return Applied(rehearse(trusted, declaration, base_url=base_url, prune=prune)).as_document()
    return apply(trusted, declaration, base_url=base_url, prune=prune).as_document()


def _exists(unit: PlatformUnit, slug: str) -> bool:
    """Whether there is somebody already whom it could harm."""
    try:
        tenants.get(unit, slug)
    except NoSuchTenant:
        return False
    return True


def _literal(written: str) -> str:
    if written.startswith(("env:", "file:")):
        raise ValueError("References are read at the terminal only: send the secret itself.")
    return written


def _trusted(unit: PlatformUnit) -> PlatformUnit:
    """The same transaction by the same operator, who is asked for no right inside the tenant."""
    actor = replace(unit.actor, kind=ActorKind.OPERATOR, is_trusted=True)
    trusted = PlatformUnit(unit.engine, actor, unit.master_keys)
    trusted.session = unit.session
    return trusted
