"""Keys: what seals, and what signs."""

from datetime import timedelta

from sqlalchemy import text

from idp.cli.doctor.finding import Doubtful, Ill, Patient
from idp.config_values import is_random
from idp.crypto.sealing import SealBroken
from idp.db.unit import PlatformUnit
from idp.keys import schedule
from idp.tenants import wrapping
from idp.tenants.models import SYSTEM_SLUG

_LATE = timedelta(hours=1)
"""The worker comes by every minute; a tenant so young need not have been seen by it."""
_REWRAP = "Run `idp master-key rewrap`."


def master_keys(patient: Patient) -> str:
    """Whether the master keys open what is sealed, each of them something, and are random."""
    keys = patient.wiring.master_keys
    with patient.wiring.platform_unit() as platform:
        found = {share.key_id: share for share in wrapping.shares(platform)}
        broken = [share.key_id for share in found.values() if not _opens(platform, share)]
        system = platform.execute(text("SELECT 1 FROM tenants WHERE slug = :slug"), {"slug": SYSTEM_SLUG}).first()
    if system is None:
        raise Ill("The built-in tenant is missing.", "Run `idp db upgrade`.")
    if missing := sorted(found.keys() - set(keys.ids)):
        count = sum(found[key_id].tenants for key_id in missing)
        raise Ill(
            f"{count} tenants are under the master key {', '.join(missing)}, which is not given: theirs does not open.",
            "Add it to IDP_MASTER_KEYS, from where you keep it.",
        )
    if broken:
        raise Ill(
            f"The master key {', '.join(broken)} does not open what was sealed under that name.",
            "It is another key of the same name: find the right one.",
        )
    if not all(is_random(key) for key in patient.settings.key_encryption_keys.values()):
        raise Doubtful("A master key is not random.", "Make one by `openssl rand -base64 32`, then rewrap.")
    if others := [key_id for key_id in found if key_id != keys.current]:
        count = sum(found[key_id].tenants for key_id in others)
        raise Doubtful(f"{count} tenants are still under {', '.join(others)}, not {keys.current}.", _REWRAP)
    if unused := [key_id for key_id in keys.ids if key_id not in found]:
        raise Doubtful(f"Nothing is under the master key {', '.join(unused)}.", "Take it out of IDP_MASTER_KEYS.")
    return f"{len(keys.ids)} {'key' if len(keys.ids) == 1 else 'keys'}, and it opens what is sealed"


def _opens(platform: PlatformUnit, share: wrapping.Share) -> bool:
    wrapped = platform.execute(
        text("SELECT data_key_sealed FROM tenants WHERE id = :id"), {"id": share.example}
    ).scalar_one()
    if share.key_id not in platform.master_keys.ids:
        return True  # which is another finding
    try:
        platform.master_keys.open(share.example, bytes(wrapped))
    except SealBroken:
        return False
    return True


def signing_keys(patient: Patient) -> str:
    """Whether the worker keeps up with publishing, rotating and retiring."""
    with patient.wiring.platform_unit() as platform:
        late = [tenant.slug for tenant in schedule.due_tenants(platform) if tenant.created_at < platform.now - _LATE]
    if late:
        more = f" and {len(late) - 1} more" if len(late) > 1 else ""
        raise Doubtful(f"Keys of {late[0]}{more} wait to be tended.", "Start `idp worker`, or look at its log.")
    return "tended"
