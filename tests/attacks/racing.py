"""What each of the racers does: guess at one account, as every way in does it, with nothing before it that refuses."""

from collections.abc import Sequence
from typing import Any

from idp.authn import attempts
from idp.authn.errors import Throttled
from idp.crypto.passwords import PasswordGateFull
from idp.tenants import service as tenants
from idp.users import service as users
from idp.wiring import Wiring


def guess(_app: Any, wiring: Wiring, race: tuple[str, str, Sequence[str]]) -> list[str]:
    """What came of each password, tried as fast as can be: ``right``, ``wrong``, ``throttled`` or ``busy``.

    Args:
        race: slug of the tenant, address, passwords.
    """
    slug, email, passwords = race
    with wiring.platform_unit() as platform:
        tenant = tenants.get(platform, slug)
    outcomes = []
    for password in passwords:
        with wiring.tenant_unit(tenant) as uow:
            try:
                is_right = attempts.try_password(uow, email, users.find_by_email(uow, email), password)
            except Throttled:
                outcomes.append("throttled")
            except PasswordGateFull:
                outcomes.append("busy")
            else:
                outcomes.append("right" if is_right else "wrong")
    return outcomes
