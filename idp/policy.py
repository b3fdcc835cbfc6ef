"""What a tenant decides about its own people: a typed document with bounds, stored with the tenant.

The defaults are those of the security requirements (R6, R7, R18, R25, R38, R63); a tenant may be stricter, and looser
only inside the bounds.
"""

import re
from datetime import timedelta
from typing import Annotated, Literal

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _listed(value: object) -> object:
    """Text as people type it: ``acme.example, acme.com``."""
    return [item for item in re.split(r"[\s,]+", value) if item] if isinstance(value, str) else value


def domain_in_ascii(value: str) -> str:
    """In ASCII, by the rules by which an address is read: the ß of a domain is not its ss (IDNA 2008)."""
    address = f"postmaster@{value.strip().removeprefix('@')}"
    try:
        return validate_email(address, check_deliverability=False, test_environment=True).ascii_domain.lower()
    except EmailNotValidError:
        raise ValueError(f"{value[:100]!r} is not a domain such as acme.example") from None


def _address(value: str) -> str:
    """As `idp.users.service.parse_email` gives it."""
    try:
        return validate_email(value.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise ValueError(f"{value[:100]!r} is not an email address") from None


def _once(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


Domains = Annotated[
    list[Annotated[str, AfterValidator(domain_in_ascii)]], BeforeValidator(_listed), Field(max_length=100)
]
Addresses = Annotated[
    list[Annotated[str, AfterValidator(_address)]],
    BeforeValidator(_listed),
    AfterValidator(_once),
    Field(max_length=10),
]
AlertKind = Literal["brute_force", "spray", "refresh_reuse", "privilege_grant", "key_revoked", "webhook_disabled"]
"""Troubles that a tenant may decide to hear nothing of; see `idp.alerts.kinds`."""
AlertKinds = Annotated[list[AlertKind], BeforeValidator(_listed), AfterValidator(_once), Field(max_length=20)]
Version = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[\w.:-]+$")]


class Policy(BaseModel):
    """Sign-in, session, token and key policy of one tenant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_idle_minutes: int = Field(default=30, ge=5, le=1440)
    session_absolute_hours: int = Field(default=12, ge=1, le=720)
    access_token_seconds: int = Field(default=600, ge=60, le=600)
    refresh_idle_days: int = Field(default=14, ge=1, le=90)
    refresh_absolute_days: int = Field(default=90, ge=1, le=365)
    refresh_grace_seconds: int = Field(default=10, ge=0, le=30)
    password_min_length: int = Field(default=15, ge=8, le=128)
    password_check_breaches: bool = False
    registration: Literal["open", "domains", "invitation", "closed"] = "invitation"
    registration_domains: Domains = []
    terms_version: Version | None = None
    sign_in_needs_verified_email: bool = False
    default_locale: Literal["en", "de", "ar"] = "en"
    deletion_grace_days: int = Field(default=14, ge=0, le=90)
    event_retention_days: int = Field(default=400, ge=30, le=3650)
    session_retention_days: int = Field(default=30, ge=1, le=400)
    key_bits: Literal[2048, 3072, 4096] = 2048
    key_rotation_days: int = Field(default=90, ge=1, le=365)
    alert_contacts: Addresses = []
    alert_kinds_off: AlertKinds = []
    alert_brute_force_failures: int = Field(default=10, ge=5, le=100)
    alert_spray_accounts: int = Field(default=10, ge=3, le=10_000)
    alert_spray_accounts_overall: int = Field(default=200, ge=10, le=1_000_000)

    @property
    def session_idle_ttl(self) -> timedelta:
        """How long a session lives without use (R38)."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def session_absolute_ttl(self) -> timedelta:
        """How long a session lives at most (R38)."""
        return timedelta(hours=self.session_absolute_hours)

    @property
    def access_token_ttl(self) -> timedelta:
        """Life of an access token (R6)."""
        return timedelta(seconds=self.access_token_seconds)

    @property
    def refresh_idle_ttl(self) -> timedelta:
        """How long a refresh token lives without use (R7)."""
        return timedelta(days=self.refresh_idle_days)

    @property
    def refresh_absolute_ttl(self) -> timedelta:
        """How long a grant lives at most (R7)."""
        return timedelta(days=self.refresh_absolute_days)

    @property
    def refresh_grace(self) -> timedelta:
        """For how long an honest retry gets the same successor (R7)."""
        return timedelta(seconds=self.refresh_grace_seconds)

    @property
    def deletion_grace(self) -> timedelta:
        """How long somebody who asked to be deleted may think better of it."""
        return timedelta(days=self.deletion_grace_days)

    @property
    def key_rotation_period(self) -> timedelta:
        """Age at which the active signing key hands over (R18)."""
        return timedelta(days=self.key_rotation_days)
