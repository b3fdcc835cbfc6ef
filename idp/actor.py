"""Who is doing this, and from where: every unit of work carries one `Actor`, every event records it (R57)."""

from dataclasses import dataclass, replace
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
    """

    kind: ActorKind
    id: UUID | None = None
    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None

    def as_user(self, user_id: UUID) -> Self:
        """The same, now that it is known which person this is."""
        return replace(self, kind=ActorKind.USER, id=user_id)


SYSTEM = Actor(ActorKind.SYSTEM)
OPERATOR = Actor(ActorKind.OPERATOR)
