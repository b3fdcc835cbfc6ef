"""From what somebody did to what we may claim of it: ``amr`` (RFC 8176), ``acr`` as an AAL (NIST SP 800-63B-4)."""

from collections.abc import Iterable
from enum import StrEnum


class Method(StrEnum):
    """Authentication methods, by their RFC 8176 names; it has none for a sign-in at somebody else's."""

    PASSWORD = "pwd"
    FEDERATED = "fed"


AAL1 = "aal1"
ACR_VALUES = (AAL1,)
"""What this release can reach, weakest first."""


def acr_of(methods: Iterable[str]) -> str:
    """The class that `methods` together reach; today a password, or an upstream's word, is all there is."""
    return AAL1


def satisfies(reached: str, wanted: Iterable[str]) -> bool:
    """Whether `reached` is at least one of the `wanted` classes; unknown classes are never reached."""
    known = [value for value in wanted if value in ACR_VALUES]
    return any(ACR_VALUES.index(reached) >= ACR_VALUES.index(value) for value in known)
