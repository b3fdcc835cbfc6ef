"""Who is doing this, and from where: every unit of work carries one `Actor`, every event records it (R57)."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self
from uuid import UUID


class ActorKind(StrEnum):
    """What sort of party acts."""

    ANONYMOUS = "anonymous"
    USER = "user"
    CLIENT = "client"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A party and the place it acts from.

    Attributes:
        kind: the sort of party.
        id: its user or client id; None for anonymous and system.
        ip: textual address of the socket peer, or of the client behind a trusted proxy (R44).
        user_agent: as sent, at most 256 characters.
        request_id: correlates log lines, events and error pages.
        permissions: what it may do here and now, as its face authenticated it; nobody may do anything unless told so.
        is_trusted: whether it is we ourselves, the worker or an operator at the terminal, who are asked for none.
    """

    kind: ActorKind
    id: UUID | None = None
    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    permissions: frozenset[str] = field(default=frozenset(), repr=False)
    is_trusted: bool = False

    def as_user(self, user_id: UUID) -> Self:
        """The same, now that it is known which person this is."""
        return replace(self, kind=ActorKind.USER, id=user_id)

    def authenticated(self, kind: ActorKind, actor_id: UUID, permissions: Iterable[str]) -> Self:
        """The same, now that it is known who this is and what they may do."""
        return replace(self, kind=kind, id=actor_id, permissions=frozenset(permissions))


SYSTEM = Actor(ActorKind.SYSTEM, is_trusted=True)
OPERATOR = Actor(ActorKind.OPERATOR, is_trusted=True)
