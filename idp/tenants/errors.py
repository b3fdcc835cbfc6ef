"""What can go wrong with tenants."""

from idp.errors import Conflict, Forbidden, Invalid, NotFound


class NoSuchTenant(NotFound):
    """No tenant has this address."""

    code = "no-such-tenant"


class SlugTaken(Conflict):
    """The slug is in use, or was once: slugs are never used twice (R51)."""

    code = "slug-taken"


class SlugInvalid(Invalid):
    """The slug is not 2 to 40 characters of a-z, 0-9 and inner hyphens."""

    code = "slug-invalid"


class TenantSuspended(Forbidden):
    """The tenant exists and is suspended."""

    code = "tenant-suspended"


class SettingUnknown(Invalid):
    """No such setting, or a value outside its bounds."""

    code = "setting-unknown"


class LogoInvalid(Invalid):
    """Not a PNG, JPEG or WebP image of at most 256 KiB (R56)."""

    code = "logo-invalid"
