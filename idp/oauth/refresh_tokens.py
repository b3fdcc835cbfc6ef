"""The refresh token's text: family id, generation, MAC (R7; design.md §4).

Nothing that could be presented is stored: the MAC runs under a key derived from the tenant's sealed data key, over a
random seed in the family's row.  The server can make the same successor again, so an honest retry gets the same one.
"""

from dataclasses import dataclass
from uuid import UUID

from idp.crypto.secrets import decode, encode, mac, matches

PREFIX = "idp_rt_"
_ID, _GENERATION, _MAC = 16, 4, 32
MAX_GENERATION = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What a token says of itself; believe it only when `is_genuine`."""

    family_id: UUID
    generation: int
    tag: bytes

    def __repr__(self) -> str:
        return f"<RefreshToken of {self.family_id}>"

    def is_genuine(self, key: bytes, tenant_id: UUID, seed: bytes) -> bool:
        """Whether we made it."""
        return matches(self.tag, _tag(key, tenant_id, self.family_id, self.generation, seed))


def write(key: bytes, tenant_id: UUID, family_id: UUID, generation: int, seed: bytes) -> str:
    """The token of one generation; the same arguments always make the same token."""
    tag = _tag(key, tenant_id, family_id, generation, seed)
    return PREFIX + encode(family_id.bytes + generation.to_bytes(_GENERATION) + tag)


def read(text: str) -> RefreshToken | None:
    """Take a token apart; None when it is not one."""
    if not text.startswith(PREFIX) or len(text) > 100:  # noqa: PLR2004 - ours has 77 characters
        return None
    try:
        raw = decode(text.removeprefix(PREFIX))
    except ValueError:
        return None
    generation = int.from_bytes(raw[_ID : _ID + _GENERATION])
    if len(raw) != _ID + _GENERATION + _MAC or generation > MAX_GENERATION:
        return None
    return RefreshToken(UUID(bytes=raw[:_ID]), generation, raw[_ID + _GENERATION :])


def _tag(key: bytes, tenant_id: UUID, family_id: UUID, generation: int, seed: bytes) -> bytes:
    return mac(key, tenant_id.bytes, family_id.bytes, generation.to_bytes(_GENERATION), seed)
