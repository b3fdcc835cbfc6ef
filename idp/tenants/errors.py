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


class TenantIsBuiltin(Conflict):
    """The tenant `system` holds the operators: nobody suspends, deletes, changes or acts for it from here."""

    code = "tenant-is-built-in"


class NoSuchDomain(NotFound):
    """The tenant has no such domain."""

    code = "no-such-domain"


class DomainTaken(Conflict):
    """The tenant has the domain already."""

    code = "domain-taken"


class TooManyDomains(Conflict):
    """The tenant has so many that it looks like a mistake."""

    code = "too-many-domains"


class DomainInvalid(Invalid):
    """No domain that can exist."""

    code = "domain-invalid"


class DomainNotProven(Invalid):
    """The record that proves it is not there."""

    code = "domain-not-proven"
