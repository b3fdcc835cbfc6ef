"""What a sign-up and an invitation ask alike: a name, a password, and whether the terms are agreed to."""

from dataclasses import dataclass, field
from typing import Any

from flask import request

from idp import i18n
from idp.authn import password_rules
from idp.authn.errors import PasswordUnacceptable
from idp.db.unit import UnitOfWork
from idp.http.context import current_tenant
from idp.i18n import gettext as _
from idp.users import service as users
from idp.users.errors import EmailInvalid, ProfileInvalid
from idp.web.hosted.pages import LONGEST_PASSWORD

LONGEST_NAME = 255
_FIELDS = ("email", "name", "password", "terms")
"""In the order of the page."""


@dataclass(slots=True)
class Typed:
    """What somebody typed, and what is wrong with it.

    Attributes:
        email: trimmed.
        name: trimmed.
        password: cut where nobody types on; never shown again.
        agrees: whether the terms were ticked.
        wrong: sentences, by field.
    """

    email: str = ""
    name: str = ""
    password: str = ""
    agrees: bool = False
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def profile(self) -> dict[str, Any]:
        """The profile to begin with: the name, and the language of this page."""
        return {"name": self.name, "locale": i18n.current().code}

    def errors(self) -> dict[str, str]:
        """What is wrong, from the top of the page to its end."""
        return {name: self.wrong[name] for name in _FIELDS if name in self.wrong}

    def shown(self) -> dict[str, Any]:
        """What the form shows of it once more."""
        return {"email": self.email[: users.MAX_EMAIL], "name": self.name[:LONGEST_NAME], "agrees": self.agrees}


def read(uow: UnitOfWork, *, address: str | None = None) -> Typed:
    """The form of this request, with everything that can be told about it at once.

    Args:
        uow: the tenant's unit.
        address: whose account it will be, when that is settled; then the form has no say in it.
    """
    form = request.form
    typed = Typed(
        email=form.get("email", "").strip() if address is None else address,
        name=form.get("name", "").strip(),
        password=form.get("password", "")[:LONGEST_PASSWORD],
        agrees=form.get("terms") == "yes",
    )
    if address is None:
        _check_email(typed)
    try:
        users.parse_profile(typed.profile)
    except ProfileInvalid:
        typed.wrong["name"] = _("Enter a name on one line, with at most {count} characters.", count=LONGEST_NAME)
    if uow.tenant.policy.terms_version is not None and not typed.agrees:
        typed.wrong["terms"] = _("Agree to the terms to go on.")
    if not typed.password:
        typed.wrong["password"] = _("Enter a password.")
    elif typed.wrong:
        _check_password(uow, typed)
    return typed


def rules() -> dict[str, Any]:
    """What the template says about passwords and terms."""
    tenant = current_tenant()
    terms_url, privacy_url = tenant.branding.terms_url, tenant.branding.privacy_url
    return {
        "minimum": tenant.policy.password_min_length,
        "has_terms": tenant.policy.terms_version is not None,
        "terms_url": str(terms_url) if terms_url else None,
        "privacy_url": str(privacy_url) if privacy_url else None,
    }


def _check_email(typed: Typed) -> None:
    if not typed.email:
        typed.wrong["email"] = _("Enter your email address.")
        return
    try:
        typed.email = users.parse_email(typed.email)
    except EmailInvalid:
        typed.wrong["email"] = _("Enter an email address such as name@example.com.")


def _check_password(uow: UnitOfWork, typed: Typed) -> None:
    """Said now, because something else is wrong already; otherwise whoever takes it says so."""
    try:
        password_rules.require_acceptable(uow.tenant, typed.password, words=filter(None, (typed.email, typed.name)))
    except PasswordUnacceptable as refused:
        typed.wrong["password"] = refused.detail
