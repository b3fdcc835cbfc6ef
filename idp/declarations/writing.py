"""A tenant's document, written from what is: in a stable order, and nothing that goes without saying."""

from collections.abc import Mapping
from typing import Any

import yaml

from idp.declarations import clients, connections, state, webhooks
from idp.declarations.errors import DeclarationRefused
from idp.declarations.things import Kind, Members, State

_DEFAULTS: dict[Kind, dict[str, Any]] = {
    Kind.RESOURCE: {"permissions_claim": False, "client": None},
    Kind.ROLE: {"description": "", "permissions": [], "includes": []},
    Kind.GROUP: {"description": "", "roles": []},
    Kind.MAIL: {"sender_name": None, "sender_address": None, "smtp_url": None},
}


def document(present: State) -> dict[str, Any]:
    """The smallest document that makes a tenant what it is.

    Raises:
        DeclarationRefused: several clients have one name, by which a document could not tell them apart.
    """
    if present.ambiguous:
        named = ", ".join(repr(name) for name in sorted(present.ambiguous))
        raise DeclarationRefused(f"Several clients are called {named}; rename all but one of them first.")
    things, nothing = present.things, state.of_nobody(present.slug).things
    written: dict[str, Any] = {"tenant": present.slug, **things[Kind.TENANT][present.slug]}
    for kind in (Kind.SETTINGS, Kind.LIMITS):
        written[kind.value] = _beyond(things[kind][kind.value], nothing[kind][kind.value])
    written["resources"] = [
        {"identifier": name, **_resource(present, name, members)}
        for name, members in sorted(things[Kind.RESOURCE].items())
    ]
    written["roles"] = [_named(Kind.ROLE, name, members) for name, members in sorted(things[Kind.ROLE].items())]
    written["groups"] = [_named(Kind.GROUP, name, members) for name, members in sorted(things[Kind.GROUP].items())]
    written["clients"] = [_client(name, members) for name, members in sorted(things[Kind.CLIENT].items())]
    written["connections"] = [
        connections.minimal(present.slug, name, members)
        for name, members in sorted(things[Kind.CONNECTION].items(), key=lambda item: item[1]["position"])
    ]
    written["webhooks"] = [webhooks.minimal(url, members) for url, members in sorted(things[Kind.WEBHOOK].items())]
    mail = _beyond(things[Kind.MAIL][Kind.MAIL.value], _DEFAULTS[Kind.MAIL])
    written["mail"] = mail | ({"smtp_url": reference(present.slug)} if "smtp_url" in mail else {})
    written["domains"] = sorted(things[Kind.DOMAIN])
    return {section: value for section, value in written.items() if value}


def text(present: State) -> str:
    """The document as YAML.

    Raises:
        DeclarationRefused: as `document`.
    """
    return yaml.dump(document(present), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)


def reference(slug: str) -> str:
    """What stands for the secret that cannot be written down."""
    return f"env:IDP_{slug.upper().replace('-', '_')}_SMTP_URL"


def _named(kind: Kind, name: str, members: Members) -> dict[str, Any]:
    return {"name": name, **_beyond(members, _DEFAULTS[kind])}


def _client(name: str, members: Members) -> dict[str, Any]:
    related = {member: members[member] for member in ("roles", "connections") if members[member]}
    return {"name": name, **clients.minimal(name, members), **related}


def _resource(present: State, name: str, members: Members) -> dict[str, Any]:
    defined = {
        permission: own["description"]
        for permission, own in sorted(present.things[Kind.PERMISSION].items())
        if own["resource"] == name
    }
    said = _beyond(members, _DEFAULTS[Kind.RESOURCE] | {"name": name})
    head = {member: said.pop(member) for member in ("name", "scope") if member in said}
    return head | ({"permissions": defined} if defined else {}) | said


def _beyond(members: Members, defaults: Mapping[str, Any]) -> dict[str, Any]:
    absent = object()
    return {name: value for name, value in members.items() if value != defaults.get(name, absent)}


class _Plain(yaml.SafeDumper):
    """Writes everything out, and lists below their key."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: FBT002 - the library's
        return super().increase_indent(flow, indentless=False)
