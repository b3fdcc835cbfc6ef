"""What a tenant may spend, as a typed document with bounds: how often the outside may ask for what (R28).

Each value reads ``30/minute`` or ``100 per 2 hours``, in the notation of the library `limits`.  A tenant may be
stricter, and looser only up to the rate that its field names.  `idp.http.limits` says what counts against which.
"""

from functools import lru_cache
from typing import Annotated

from limits import RateLimitItem, parse_many
from pydantic import AfterValidator, BaseModel, ConfigDict

_LONGEST_SECONDS = 86_400


def rate(text: str) -> RateLimitItem:
    """``30/minute`` as the library's item: `amount`, and `get_expiry()` for the window in seconds.

    Raises:
        ValueError: it does not read like a rate.
    """
    return _parse(text.strip())


@lru_cache(maxsize=1024)
def _parse(text: str) -> RateLimitItem:
    try:
        (item,) = parse_many(text)  # of several in one text the library's `parse` takes the first
    except ValueError:
        raise ValueError("must read like 30/minute or 100 per 2 hours") from None
    return item


def _at_most(ceiling: str) -> AfterValidator:
    """A rate of one or more in a window of at most a day, and in the long run no more than `ceiling`."""
    most = rate(ceiling)

    def check(text: str) -> str:
        item = rate(text)
        if item.amount < 1 or not 1 <= item.get_expiry() <= _LONGEST_SECONDS:
            raise ValueError("must allow one or more in a window between a second and a day")
        if item.amount > most.amount or item.amount * most.get_expiry() > most.amount * item.get_expiry():
            raise ValueError(f"must be {ceiling} or less")
        return text.strip()

    return AfterValidator(check)


class Budget(BaseModel):
    """The limits of one tenant.

    The defaults let an office behind one address sign in on a Monday morning, and a client ask a hundred times a
    second; whoever guesses passwords, codes or addresses meets the end of them soon.

    Attributes:
        limit_tenant: every counted request of the tenant together.
        limit_visit_ip: pages that begin a sign-in, its steps at ``authorize``, requests to ``userinfo``, by address.
        limit_sign_in_ip: passwords tried, by address.
        limit_sign_in_account: passwords tried at one account, from anywhere; the throttle in SQL (R27) is stricter.
        limit_sign_up_ip: registrations begun, by address.
        limit_recovery_ip: recoveries begun and mails asked for again, by address.
        limit_proof_ip: one-time links and codes tried, by address.
        limit_mail_recipient: mails that strangers may cause to one address.
        limit_client: requests of one client that has proven itself.
        limit_client_ip: requests of public clients, and of those that failed to prove themselves, by address.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit_tenant: Annotated[str, _at_most("1000000/minute")] = "30000/minute"
    limit_visit_ip: Annotated[str, _at_most("1000000/minute")] = "3000/minute"
    limit_sign_in_ip: Annotated[str, _at_most("1000/minute")] = "60/minute"
    limit_sign_in_account: Annotated[str, _at_most("60/minute")] = "20/minute"
    limit_sign_up_ip: Annotated[str, _at_most("1000/hour")] = "60/hour"
    limit_recovery_ip: Annotated[str, _at_most("1000/hour")] = "60/hour"
    limit_proof_ip: Annotated[str, _at_most("600/minute")] = "60/minute"
    limit_mail_recipient: Annotated[str, _at_most("100/hour")] = "10/hour"
    limit_client: Annotated[str, _at_most("1000000/minute")] = "6000/minute"
    limit_client_ip: Annotated[str, _at_most("100000/minute")] = "600/minute"
