"""Signatures: by them a receiver knows that we sent it, and that nobody sent it again (Standard Webhooks, R54)."""

import base64
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from idp.crypto.secrets import new_seed

PREFIX = "whsec_"


def new_secret() -> str:
    """A fresh secret as receivers' libraries take it: ``whsec_`` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(new_seed()).decode()


def headers(secrets: Iterable[str], delivery_id: UUID, moment: datetime, body: bytes) -> Mapping[str, str]:
    """The headers of one try, with a signature for each secret that counts."""
    timestamp = str(int(moment.timestamp()))
    signed = b".".join((str(delivery_id).encode(), timestamp.encode(), body))
    return {
        "Content-Type": "application/json",
        "webhook-id": str(delivery_id),
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
