"""From a document to what it wants: everything that is wrong with it is said at once, and where."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from idp.budget import Budget
from idp.declarations import clients, webhooks
from idp.declarations.connections import DEFAULTS, OPTIONS
from idp.declarations.errors import DeclarationInvalid, Path, Problem
from idp.declarations.parts import (
    ClientPart,
    ConnectionPart,
    Document,
    GroupPart,
    MailPart,
    OptionsPart,
    ResourcePart,
    RolePart,
    WebhookPart,
)
from idp.declarations.reading import Source
from idp.declarations.things import SECTIONS, Declaration, Kind, Things
from idp.errors import IdPError
from idp.events import subscriptions
from idp.mail.smtp import Place
from idp.policy import Policy
from idp.rbac.permissions import Builtin
from idp.tenants.models import Branding
from idp.tenants.resolve import SLUG
from idp.users import service as users

Secrets = Callable[[str], str]
"""From what stands in the document to the secret itself; raises `ValueError` with a sentence."""

_DEFAULTS: dict[Kind, dict[str, Any]] = {
    Kind.RESOURCE: {"name": None, "permissions_claim": False, "client": None},
    Kind.ROLE: {"description": "", "permissions": [], "includes": []},
    Kind.GROUP: {"description": "", "roles": []},
}
"""What null means."""
MAX_SECRET = 2000


def check(source: Source, *, secrets: Secrets) -> Declaration:
    """What the document wants.

    Args:
        source: as it was read.
        secrets: finds what a reference stands for.

    Raises:
        DeclarationInvalid: naming everything that is wrong with it, and where.
    """
    if not isinstance(source.data, Mapping):
        raise DeclarationInvalid([Problem((), "A declaration is a mapping that begins with tenant: SLUG.")])
    try:
        document = Document.model_validate(source.data)
    except ValidationError as refused:
        raise DeclarationInvalid([_problem(source, error) for error in refused.errors()]) from None
    return _Checker(source, document, secrets).declaration()


class _Checker:
    """Turns a document into things, and collects what is wrong."""

    def __init__(self, source: Source, document: Document, secrets: Secrets) -> None:
        self.source, self.document, self.secrets = source, document, secrets
        self.problems: list[Problem] = []
        self.paths: dict[tuple[Kind, str], Path] = {}

    def declaration(self) -> Declaration:
        document = self.document
        if not SLUG.fullmatch(document.tenant):
            self.refuse(("tenant",), "A slug is 2 to 40 characters: a-z, 0-9, and hyphens inside.")
        things = {**self.ones(), **self.many()}
        if self.problems:
            raise DeclarationInvalid(self.problems)
        declared = (part.identifier for part in document.resources or [] if "permissions" in part.model_fields_set)
        return Declaration(document.tenant, things, frozenset(declared), self.paths, self.source)

    def ones(self) -> dict[Kind, Things]:
        """What a tenant has one of."""
        document = self.document
        things: dict[Kind, Things] = {}
        if document.name is not None:
            things[Kind.TENANT] = {document.tenant: {"name": document.name}}
            self.paths[Kind.TENANT, document.tenant] = ("name",)
        if document.settings is not None:
            things[Kind.SETTINGS] = {Kind.SETTINGS.value: self.chosen("settings", document.settings, Policy, Branding)}
        if document.limits is not None:
            things[Kind.LIMITS] = {Kind.LIMITS.value: self.chosen("limits", document.limits, Budget)}
        if document.mail is not None:
            things[Kind.MAIL] = {Kind.MAIL.value: self.mail(document.mail)}
        return things

    def many(self) -> dict[Kind, Things]:
        """What a tenant has many of."""
        document = self.document
        things: dict[Kind, Things] = {}
        for kind in (Kind.RESOURCE, Kind.ROLE, Kind.GROUP):
            if (items := getattr(document, SECTIONS[kind])) is not None:
                things[kind] = self.items(kind, items)
        if document.resources is not None:
            things[Kind.PERMISSION] = self.permissions(document.resources)
        if document.clients is not None:
            things[Kind.CLIENT] = self.clients(document.clients)
        if document.connections is not None:
            things[Kind.CONNECTION] = self.connections(document.connections)
        if document.webhooks is not None:
            things[Kind.WEBHOOK] = self.webhooks(document.webhooks)
        if document.domains is not None:
            things[Kind.DOMAIN] = {domain: {} for domain in document.domains}
            self.paths |= {(Kind.DOMAIN, name): ("domains", place) for place, name in enumerate(document.domains)}
        return things

    def refuse(self, path: Path, sentence: str) -> None:
        self.problems.append(self.source.problem(path, sentence))

    def chosen(self, section: str, given: dict[str, Any], *models: type[BaseModel]) -> dict[str, Any]:
        """Members of settings as their models write them; null is the default."""
        self.paths[Kind(section), section] = (section,)
        known = [name for model in models for name in model.model_fields if name != "logo_etag"]
        for name in given:
            if name not in known:
                self.refuse((section, name), f"There is no member {name[:100]!r} here. Known: {', '.join(known)}.")
        members: dict[str, Any] = {}
        for model in models:
            wanted = {name: value for name, value in given.items() if name in model.model_fields and name in known}
            values = {name: value for name, value in wanted.items() if value is not None}
            try:
                whole = model.model_validate_json(json.dumps(values), strict=True).model_dump(mode="json")
            except ValidationError as refused:
                for error in refused.errors():
                    self.refuse((section, *error["loc"]), _said(error))
            else:
                members |= {name: whole[name] for name in wanted}
        return members

    def named(self, kind: Kind, parts: list[Any], key: str) -> Iterator[tuple[str, Path, Any]]:
        """Each part with its name and place; two of one name are refused."""
        for position, part in enumerate(parts):
            path: Path = (SECTIONS[kind], position)
            name: str = getattr(part, key)
            if (kind, name) in self.paths:
                first = self.paths[kind, name][1]
                self.refuse((*path, key), f"{SECTIONS[kind]}[{first}] is called {name[:100]!r} already.")
                continue
            self.paths[kind, name] = path
            yield name, path, part

    def items(self, kind: Kind, parts: list[Any]) -> Things:
        key = "identifier" if kind is Kind.RESOURCE else "name"
        made: dict[str, dict[str, Any]] = {}
        for name, path, part in self.named(kind, parts, key):
            if kind is Kind.ROLE and name in [*Builtin]:
                self.refuse((*path, key), f"The role {name} is built in: it can be held and included, not changed.")
            given = part.model_dump(include=part.model_fields_set - {key, "permissions"})
            if kind is Kind.ROLE and "permissions" in part.model_fields_set:
                given["permissions"] = part.permissions
            made[name] = {
                member: _DEFAULTS[kind][member] if value is None else value for member, value in given.items()
            }
            if made[name].get("name", "") is None:
                made[name]["name"] = name
        return made

    def permissions(self, parts: list[ResourcePart]) -> Things:
        made: dict[str, dict[str, Any]] = {}
        for position, part in enumerate(parts):
            for name, description in (part.permissions or {}).items():
                path = ("resources", position, "permissions", name)
                if (Kind.PERMISSION, name) in self.paths:
                    self.refuse(path, f"{name[:100]} is a permission of another API in this file.")
                self.paths[Kind.PERMISSION, name] = path
                made[name] = {"resource": part.identifier, "description": description}
        return made

    def clients(self, parts: list[ClientPart]) -> Things:
        made: dict[str, dict[str, Any]] = {}
        for name, path, part in self.named(Kind.CLIENT, parts, "name"):
            given = dict(part.model_extra or {})
            for member in sorted(given.keys() - clients.ACCEPTED):
                known = ", ".join(("name", *clients.MEMBERS, *sorted(clients.RELATED)))
                self.refuse((*path, member), f"There is no member {member[:100]!r} here. Known: {known}.")
            if "roles" in part.model_fields_set:
                given["roles"] = part.roles or []
            if "connections" in part.model_fields_set:
                given["connections"] = part.connections
                if part.connections == []:
                    self.refuse((*path, "connections"), "Name at least one connection, or null for all of them.")
            made[name] = given
        return made

    def connections(self, parts: list[ConnectionPart]) -> Things:
        made: dict[str, dict[str, Any]] = {}
        for name, path, part in self.named(Kind.CONNECTION, parts, "name"):
            given = part.model_dump(include=part.model_fields_set - {"name", "options"})
            if given.get("enabled", True) is None:
                given["enabled"] = True
            if part.client_secret is not None:
                given["client_secret"] = self.secret((*path, "client_secret"), part.client_secret)
            if "options" in part.model_fields_set and part.options is None:
                given |= DEFAULTS
            elif part.options is not None:
                options = part.options.model_dump(mode="json", include=part.options.model_fields_set)
                given |= {
                    OPTIONS + option: DEFAULTS[OPTIONS + option] if value is None else value
                    for option, value in options.items()
                }
            made[name] = given
        return made

    def webhooks(self, parts: list[WebhookPart]) -> Things:
        made: dict[str, dict[str, Any]] = {}
        for url, path, part in self.named(Kind.WEBHOOK, parts, "url"):
            if (why := webhooks.wrong_url(url)) is not None:
                self.refuse((*path, "url"), why)
            for place, name in enumerate(part.event_types):
                if (why := subscriptions.problem_of(name)) is not None:
                    self.refuse((*path, "event_types", place), why)
            made[url] = webhooks.members_of(part.model_dump(include=part.model_fields_set - {"url"}))
        return made

    def secret(self, path: Path, written: str) -> SecretStr | None:
        """What a reference stands for; None when it leads nowhere, which is said."""
        try:
            found = self.secrets(written).strip()
        except ValueError as unreadable:
            self.refuse(path, str(unreadable))
            return None
        if not 0 < len(found) <= MAX_SECRET or not found.isprintable():
            self.refuse(path, f"A client secret is one line of 1 to {MAX_SECRET} characters.")
        return SecretStr(found)

    def mail(self, part: MailPart) -> dict[str, Any]:
        self.paths[Kind.MAIL, Kind.MAIL.value] = ("mail",)
        members: dict[str, Any] = part.model_dump(include=part.model_fields_set)
        if part.sender_address is not None:
            try:
                members["sender_address"] = users.parse_email(part.sender_address)
            except IdPError as invalid:
                self.refuse(("mail", "sender_address"), invalid.detail)
        if part.smtp_url is not None:
            try:
                members["smtp_url"] = SecretStr(self.secrets(part.smtp_url).strip())
                Place.parse(members["smtp_url"].get_secret_value())
            except ValueError as unreadable:
                self.refuse(("mail", "smtp_url"), str(unreadable))
            except IdPError as invalid:
                self.refuse(("mail", "smtp_url"), invalid.detail)
        return members


def _problem(source: Source, error: Any) -> Problem:
    path: Path = tuple(error["loc"])
    known = ", ".join(_model_at(path).model_fields)
    if error["type"] == "extra_forbidden":
        what = "section" if len(path) == 1 else "member"
        return source.problem(path, f"There is no {what} {str(path[-1])[:100]!r} here. Known: {known}.")
    return source.problem(path, _said(error))


def _model_at(path: Path) -> type[BaseModel]:
    parts: dict[str, type[BaseModel]] = {
        "resources": ResourcePart,
        "roles": RolePart,
        "groups": GroupPart,
        "clients": ClientPart,
        "connections": ConnectionPart,
        "webhooks": WebhookPart,
        "mail": MailPart,
    }
    if path[0] == "connections" and "options" in path[:-1]:
        known: type[BaseModel] = OptionsPart
        return known
    return Document if len(path) == 1 else parts.get(str(path[0]), Document)


def _said(error: Any) -> str:
    if error["type"] == "missing":
        return "This must be there."
    if error["type"] == "string_type":
        return "This must be text; put it into quotes."
    said: str = error["msg"].removeprefix("Value error, ")
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."
