"""Nouns: the things that a tenant is made of, what is wanted of them, what is, and the changes in between."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import SecretStr

from idp.declarations.errors import Path, Problem
from idp.declarations.reading import Source

Members = Mapping[str, Any]
"""Values by name: JSON, or a `SecretStr`.  Members that are lists are whole values."""
Things = Mapping[str, Members]
"""Things of one kind, by what tells them apart."""
HIDDEN = "(hidden)"


class Kind(StrEnum):
    """What can be declared."""

    TENANT = "tenant"
    SETTINGS = "settings"
    LIMITS = "limits"
    CLIENT = "client"
    RESOURCE = "resource"
    PERMISSION = "permission"
    ROLE = "role"
    GROUP = "group"
    CONNECTION = "connection"
    MAIL = "mail"
    WEBHOOK = "webhook"
    DOMAIN = "domain"


ONE = frozenset({Kind.TENANT, Kind.SETTINGS, Kind.LIMITS, Kind.MAIL})
"""Of these a tenant has exactly one; its key in `Things` is the kind itself."""
SECTIONS = {
    Kind.RESOURCE: "resources",
    Kind.ROLE: "roles",
    Kind.GROUP: "groups",
    Kind.CLIENT: "clients",
    Kind.CONNECTION: "connections",
    Kind.WEBHOOK: "webhooks",
    Kind.DOMAIN: "domains",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a document wants; what it does not say is not wanted otherwise.

    Attributes:
        slug: of the tenant.
        things: by kind; a kind that is absent is left as it is, as is a member that is.
        permissions_of: identifiers of the resources whose permissions it declares.
        paths: where each thing stands.
        source: what it was read from.
    """

    slug: str
    things: Mapping[Kind, Things]
    permissions_of: frozenset[str] = frozenset()
    paths: Mapping[tuple[Kind, str], Path] = field(default_factory=dict)
    source: Source = field(default_factory=lambda: Source({}))

    def problem(self, kind: Kind, name: str, inner: Path, sentence: str) -> Problem:
        """Something wrong with a member of a thing."""
        return self.source.problem((*self.paths.get((kind, name), ()), *inner), sentence)

    def written(self, kind: Kind, name: str, member: str) -> Any:
        """What stands in the document for a member of a thing; None where nothing does."""
        found: Any = self.source.data
        for step in (*self.paths.get((kind, name), ()), *steps(member)):
            try:
                found = found[step]
            except (LookupError, TypeError):
                return None
        return found

    def position(self, kind: Kind, name: str, member: str, item: str) -> Path:
        """Where `item` stands in a member that is a list or has names; nothing where that cannot be said."""
        found = self.written(kind, name, member)
        if isinstance(found, Mapping):
            return next(((key,) for key, value in found.items() if value == item), ())
        return (found.index(item),) if isinstance(found, list) and item in found else ()


@dataclass(frozen=True, slots=True)
class State:
    """What is: every kind, and of every thing every member.

    Attributes:
        slug: of the tenant.
        exists: whether there is such a tenant.
        things: by kind.
        known_permissions: names of the product's own that mean something in this tenant.
        holders: people who hold a role themselves, by its name.
        grants: living grants, by the name of the client.
        ambiguous: names that several clients have.
        identities: people who sign in by a connection, by its name.
    """

    slug: str
    exists: bool
    things: Mapping[Kind, Things]
    known_permissions: frozenset[str] = frozenset()
    holders: Mapping[str, int] = field(default_factory=dict)
    grants: Mapping[str, int] = field(default_factory=dict)
    ambiguous: frozenset[str] = frozenset()
    identities: Mapping[str, int] = field(default_factory=dict)


class Action(StrEnum):
    """What happens to a thing."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing, and what happens to it.

    Attributes:
        action: what happens.
        kind: of the thing.
        name: of the thing.
        before: members that change, as they are; of something that goes, all of them.
        after: members that change, as they will be; of something new, all of them.
    """

    action: Action
    kind: Kind
    name: str
    before: Members = field(default_factory=dict)
    after: Members = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The thing, such as ``role billing``."""
        return self.kind.value if self.kind in ONE and self.kind is not Kind.TENANT else f"{self.kind} {self.name}"

    @property
    def sentence(self) -> str:
        """One line that says it all."""
        if self.action is Action.UPDATE:
            return f"~ {self.title}: {', '.join(self.after)}"
        sign = {Action.CREATE: "+", Action.DELETE: "-", Action.KEEP: "="}[self.action]
        return f"{sign} {self.title}"

    def as_document(self) -> dict[str, Any]:
        """For programs; secrets stay hidden."""
        document: dict[str, Any] = {"action": self.action.value, "what": self.kind.value, "name": self.name}
        if self.action in {Action.UPDATE, Action.DELETE}:
            document["before"] = shown(self.before)
        if self.action in {Action.UPDATE, Action.CREATE}:
            document["after"] = shown(self.after)
        return document


@dataclass(frozen=True, slots=True)
class Plan:
    """What it takes.

    Attributes:
        changes: in the order in which they are carried out.
        kept: what is there, is not declared, and stays.
    """

    changes: tuple[Change, ...]
    kept: tuple[Change, ...] = ()


def steps(member: str) -> Path:
    """Where a member stands below its thing: ``options.roles`` is ``roles`` in ``options``."""
    return tuple(member.split(".", 1))


def shown(members: Members) -> dict[str, Any]:
    """Members for people's eyes."""
    return {name: HIDDEN if isinstance(value, SecretStr) else value for name, value in members.items()}
