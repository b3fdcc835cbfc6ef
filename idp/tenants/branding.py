"""A tenant's logo: whatever was uploaded is decoded and written anew as PNG, so that nothing else comes along (R56)."""

import hashlib
import io
import warnings

from PIL import Image
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from idp.db.unit import PlatformUnit
from idp.events import service as events
from idp.events.types import EventType
from idp.tenants.errors import LogoInvalid
from idp.tenants.models import Tenant, TenantLogo

MAX_BYTES = 256 * 1024
MAX_PIXELS = 4096 * 4096
LARGEST_SIDE = 512
"""Pages show it 40 pixels high; this is plenty for any screen."""
_FORMATS = ("PNG", "JPEG", "WEBP")


def set_logo(platform: PlatformUnit, tenant: Tenant, upload: bytes | None) -> None:
    """Give `tenant` a logo, another one, or none.

    Args:
        platform: the transaction.
        tenant: as `service.get` gave it.
        upload: a PNG, JPEG or WebP file of at most 256 KiB; None takes the logo away.

    Raises:
        LogoInvalid: it is something else; nothing is changed.
    """
    png = None if upload is None else reencode(upload)
    if png is None:
        platform.execute(delete(TenantLogo).where(TenantLogo.tenant_id == tenant.id))
    else:
        statement = insert(TenantLogo).values(tenant_id=tenant.id, png=png)
        platform.execute(statement.on_conflict_do_update(index_elements=["tenant_id"], set_={"png": png}))
    etag = None if png is None else hashlib.sha256(png).hexdigest()[:16]
    tenant.branding = tenant.branding.model_copy(update={"logo_etag": etag})
    with platform.within(tenant) as uow:
        events.record(uow, EventType.TENANT_UPDATED, tenant, changed=["logo"])


def reencode(upload: bytes) -> bytes:
    """The first picture in `upload` as a PNG of at most 256 KiB, without metadata.

    Raises:
        LogoInvalid: not a PNG, JPEG or WebP file, too large, or damaged.
    """
    if len(upload) > MAX_BYTES:
        raise LogoInvalid("A logo has at most 256 KiB.", field="logo")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(upload), formats=_FORMATS) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise LogoInvalid("A logo has at most 4096 × 4096 pixels.", field="logo")
                picture = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise LogoInvalid("A logo is a PNG, JPEG or WebP picture, and this is not.", field="logo") from None
    return _shrunk(picture)


def _shrunk(picture: Image.Image) -> bytes:
    side = LARGEST_SIDE
    while True:
        picture.thumbnail((side, side))
        written = io.BytesIO()
        Image.frombytes("RGBA", picture.size, picture.tobytes()).save(written, "PNG", optimize=True)
        if written.tell() <= MAX_BYTES:
            return written.getvalue()
        side //= 2
