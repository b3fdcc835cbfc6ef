"""Two answers side by side, without what differs from one browser to the next anyhow (R26)."""

import re
from typing import Any

_COUNTED = {"RateLimit", "RateLimit-Policy"}
"""How much is left of an address's budget, whoever's account it was spent on."""


def normal(response: Any, *own: str) -> str:
    """Status, headers and body of an answer, with `own` values, cookies' secrets and nonces blanked."""
    headers = sorted((name, value) for name, value in response.headers if name not in _COUNTED)
    text = repr([response.status_code, headers]) + response.text
    for value in own:
        text = text.replace(value, "…")
    return re.sub(r"nonce[-=]\"?[\w-]+|idp_\w\w_[\w-]+|[0-9a-f]{8}-[0-9a-f-]{27}", "…", text)
