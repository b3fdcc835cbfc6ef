"""Every rate limit of the product, by name: what counts against it, and what the asker is told (R28, R49).

A face says ``limits.spend(limits.SIGN_IN, account=email)`` before its work.  How much there is, is the tenant's
`Budget`.  Buckets belong to one tenant; addresses, accounts, clients and recipients stand in them as MACs under its
key.  Headers as in draft-ietf-httpapi-ratelimit-headers-10.
"""

import ipaddress
from dataclasses import dataclass
from typing import Literal

from flask import Flask, Response, g

from idp.budget import Budget, rate
from idp.crypto import passwords
from idp.crypto.secrets import encode, mac
from idp.db.unit import TenantRow, UnitOfWork
from idp.errors import RateLimited
from idp.http import metrics
from idp.http.buckets import Bucket, Standing
from idp.http.context import current_unit
from idp.http.limiter import Limiter
from idp.i18n import format_wait
from idp.i18n import gettext as _
from idp.users.service import canonical, mailbox_of

Subject = Literal["ip", "account", "client", "recipient", "tenant"]
_TOLD: frozenset[Subject] = frozenset({"ip", "client"})
_SUBJECT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Attributes:
        name: as in headers, metrics and `Budget`, where it reads ``limit_…`` with underscores.
        by: whose bucket it is.
    """

    name: str
    by: Subject

    @property
    def field(self) -> str:
        """The member of `Budget` that says how much there is."""
        return f"limit_{self.name.replace('-', '_')}"


Limits = tuple[Limit, ...]

TENANT = Limit("tenant", "tenant")
_RECIPIENT = Limit("mail-recipient", "recipient")

VISIT: Limits = (Limit("visit-ip", "ip"), TENANT)
SIGN_IN: Limits = (Limit("sign-in-ip", "ip"), Limit("sign-in-account", "account"), TENANT)
SIGN_UP: Limits = (Limit("sign-up-ip", "ip"), _RECIPIENT, TENANT)
RECOVERY: Limits = (Limit("recovery-ip", "ip"), _RECIPIENT, TENANT)
PROOF: Limits = (Limit("proof-ip", "ip"), TENANT)
MAIL: Limits = (_RECIPIENT, TENANT)
CLIENT: Limits = (Limit("client", "client"), TENANT)
CLIENT_UNPROVEN: Limits = (Limit("client-ip", "ip"), TENANT)
_HASHING = frozenset({SIGN_IN, SIGN_UP})
ALL = tuple(dict.fromkeys(VISIT + SIGN_IN + SIGN_UP + RECOVERY + PROOF + CLIENT + CLIENT_UNPROVEN))


class TooMany(RateLimited):
    """A bucket is empty."""

    code = "too-many-requests"


def install(app: Flask, limiter: Limiter) -> None:
    """Give every request the limiter, and every answer its headers."""

    @app.before_request
    def begin() -> None:
        g.limiter = limiter

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        _leave()

    @app.after_request
    def tell(response: Response) -> Response:
        told: dict[str, Standing] = g.get("told", {})
        if told:
            response.headers["RateLimit-Policy"] = ", ".join(_policy(standing) for standing in told.values())
            response.headers["RateLimit"] = ", ".join(_left(standing) for standing in told.values())
        return response


def spend(*limits: Limits, account: str = "", client: str = "", recipient: str = "") -> None:
    """Count this request against `limits`, all of them in one round trip.

    Args:
        limits: groups from this module; what two of them share is counted once.
        account: what was typed as the account's name, where a limit is by account.
        client: the client's id, where a limit is by client.
        recipient: the mail address, where a limit is by recipient.

    Raises:
        TooMany: with the seconds to wait; nothing was counted.
        PasswordGateFull: a sign-in or registration finds all places taken, as a rule before it costs anything.
    """
    hashes = not _HASHING.isdisjoint(limits)
    if hashes:
        _enter(passwords.gate())
        _leave()  # a place is for whoever is admitted: those that are not cannot fill the gate
    uow = current_unit()
    named = list(dict.fromkeys(limit for group in limits for limit in group))
    key, typed = uow.data_key.derive("limits"), {"account": account, "client": client, "recipient": recipient}
    subjects = {limit.by: _hashed(key, limit.by, _subject(uow, limit.by, typed)) for limit in named}
    spent = current_limiter().spend([_bucket(uow.tenant, limit, subjects[limit.by]) for limit in named])
    short = [standing for standing in spent.standings if not spent.admitted and standing.remaining == 0]
    told = [standing for limit, standing in zip(named, spent.standings, strict=True) if limit.by in _TOLD]
    g.told = g.get("told", {}) | {standing.bucket.name: standing for standing in (*told, *short)}
    if spent.admitted:
        if hashes:
            _enter(passwords.gate())
        return
    for standing in short:
        metrics.count_refusal(standing.bucket.name)
    seconds = max(standing.reset for standing in short)
    moment = format_wait(seconds)
    raise TooMany(_("That was too often in a short time. Try again {moment}.", moment=moment), retry_after=seconds)


def try_spend(*limits: Limits, **subjects: str) -> bool:
    """As `spend`; answers whether there was enough, for what a request would only do beside its work."""
    try:
        spend(*limits, **subjects)
    except TooMany:
        return False
    return True


def current_limiter() -> Limiter:
    """Where this process counts."""
    limiter: Limiter = g.limiter
    return limiter


def use_of(limiter: Limiter, tenant: TenantRow) -> int | None:
    """How much of its overall limit a tenant has used in the current window; None when this process cannot know."""
    (standing,) = limiter.spend([_bucket(tenant, TENANT, "")], cost=0).standings
    return None if limiter.is_alone else standing.used


def allowance(budget: Budget, limit: Limit) -> str:
    """What a budget grants of a limit, such as ``30/minute``."""
    granted: str = getattr(budget, limit.field)
    return granted


def network_of(ip: str | None) -> str:
    """Whose an address is: one IPv4 address is one customer's, of IPv6 a customer has a /64."""
    if ip is None:
        return ""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _enter(gate: passwords.Gate) -> None:
    try:
        gate.enter()
    except passwords.PasswordGateFull:
        metrics.count_refusal("password-gate")
        raise
    g.gate = gate


def _leave() -> None:
    if (gate := g.pop("gate", None)) is not None:
        gate.leave()


def _subject(uow: UnitOfWork, by: Subject, typed: dict[str, str]) -> str:
    """Whose bucket it is, in one spelling."""
    match by:
        case "ip":
            return network_of(uow.actor.ip)
        case "account":
            return canonical(typed[by])
        case "recipient":
            return mailbox_of(typed[by])
        case _:
            return typed.get(by, "")


def _hashed(key: bytes, by: Subject, text: str) -> str:
    """What may stand in a key: whoever reads Redis cannot tell, nor try out, whose bucket it is."""
    return "" if by == "tenant" else encode(mac(key, by.encode(), text.encode())[:_SUBJECT_BYTES])


def _bucket(tenant: TenantRow, limit: Limit, subject: str) -> Bucket:
    item = rate(allowance(tenant.budget, limit))
    return Bucket(str(tenant.id), limit.name, subject, item.amount, item.get_expiry())


def _policy(standing: Standing) -> str:
    bucket = standing.bucket
    return f'"{bucket.name}";q={bucket.amount};w={bucket.seconds}'


def _left(standing: Standing) -> str:
    return f'"{standing.bucket.name}";r={standing.remaining};t={standing.reset}'
