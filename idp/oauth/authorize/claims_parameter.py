"""The ``claims`` request parameter (OpenID Connect Core §5.5): which single claims are wanted, and what must hold."""

import json
from dataclasses import dataclass
from typing import Any

from idp.errors import Invalid
from idp.oauth.scopes import SCOPE_OF_CLAIM

MAX_DEPTH_CHARS = 32
MAX_ACR_VALUES = 20


class InvalidClaims(Invalid):
    """Not a claims request."""

    code = "invalid-claims"


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """What is asked for.

    Attributes:
        userinfo: names of standard claims wanted from userinfo.
        id_token: names of standard claims wanted in the ID token.
        required_acr: one of these classes must be reached (§5.5.1.1); empty when none is essential.
        subject: the one person that will do; None when anyone does.
    """

    userinfo: frozenset[str]
    id_token: frozenset[str]
    required_acr: list[str]
    subject: str | None


def parse_claims(text: str) -> ClaimsRequest:
    """Read the JSON; unknown claims are passed over, as §5.5 wants.

    Raises:
        InvalidClaims: not such an object.
    """
    if text.count("{") > MAX_DEPTH_CHARS * 4 or text.count("[") > MAX_DEPTH_CHARS:
        raise InvalidClaims("claims is nested too deeply.")
    try:
        request = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidClaims("claims is not JSON.") from None
    members = {name: _members(request, name) for name in ("userinfo", "id_token")}
    acr = members["id_token"].get("acr") or {}
    subjects = {
        spec["value"]
        for section in members.values()
        if (spec := section.get("sub")) is not None and isinstance(spec.get("value"), str)
    }
    if len(subjects) > 1:
        raise InvalidClaims("claims asks for two subjects.")
    return ClaimsRequest(
        userinfo=frozenset(members["userinfo"].keys() & SCOPE_OF_CLAIM.keys()),
        id_token=frozenset(members["id_token"].keys() & SCOPE_OF_CLAIM.keys()),
        required_acr=_texts(acr) if acr.get("essential") is True else [],
        subject=subjects.pop() if subjects else None,
    )


def _members(request: Any, name: str) -> dict[str, dict[str, Any]]:
    section = request.get(name) if isinstance(request, dict) else ()
    if section is None:
        return {}
    if not isinstance(section, dict) or not all(spec is None or isinstance(spec, dict) for spec in section.values()):
        raise InvalidClaims("claims must be an object of objects (OpenID Connect Core §5.5).")
    return {claim: spec or {} for claim, spec in section.items()}


def _texts(spec: dict[str, Any]) -> list[str]:
    values = spec.get("values", [spec["value"]] if "value" in spec else [])
    if not isinstance(values, list) or not all(isinstance(item, str) and item.isprintable() for item in values):
        raise InvalidClaims("claims: value and values are printable text.")
    return values[:MAX_ACR_VALUES]
