"""One function a mail: say what it says, in the reader's language, and enqueue it (R33–R35).

The notices, which tell what happened to an account, are in `idp.mail.notices`; both are called from here.
"""

from datetime import datetime

from idp import i18n
from idp.db.unit import UnitOfWork
from idp.events.models import Event
from idp.i18n import gettext as _
from idp.mail.content import Circumstances, Content, Link, named, said
from idp.mail.notices import (
    account_deleted,
    deletion_requested,
    email_change_requested,
    email_changed,
    identity_linked,
    identity_unlinked,
    new_device,
    password_changed,
    sign_in_blocked,
)
from idp.mail.sending import KIND, Recipient, mail, recipient_of
from idp.users import service as users
from idp.users.models import User

__all__ = [
    "KIND",
    "Circumstances",
    "Recipient",
    "account_deleted",
    "already_registered",
    "confirm_email",
    "confirm_new_email",
    "confirm_registration",
    "deletion_requested",
    "email_change_requested",
    "email_changed",
    "identity_linked",
    "identity_unlinked",
    "invitation",
    "new_device",
    "password_changed",
    "recipient_of",
    "reset_password",
    "sign_in_blocked",
    "trial",
    "welcome",
]


def welcome(uow: UnitOfWork, created: Event) -> None:
    """Tell somebody that they were given an account, and where to sign in; reacts to ``user.created``.

    Who signed up or took an invitation knows.
    """
    if created.target_id is None or created.data.get("via") is not None:
        return
    uow.flush()
    user = uow.get(User, created.target_id)
    account_created(uow, recipient_of(user, users.primary_email(uow, user.id)))


@mail
def account_created(uow: UnitOfWork, to: Recipient) -> Content:
    """An account was made for them by somebody else."""
    tenant = said(uow.tenant.name)
    return Content(
        subject=_("Your {tenant} account", tenant=tenant),
        heading=_("You have an account at {tenant}", tenant=tenant),
        before=(_("Sign in with {address} and the password that you were given.", address=said(to.address)),),
        button=Link(_("Sign in"), f"{uow.tenant.issuer}/login"),
        after=(_("If you didn't expect this, ignore this mail: nobody can sign in without the password."),),
    )


@mail
def confirm_registration(uow: UnitOfWork, to: Recipient, *, link: str, code: str) -> Content:
    """Prove the address of a sign-up, by the code or by the link."""
    tenant = said(uow.tenant.name)
    return Content(
        subject=_("Confirm your address for {tenant}", tenant=tenant),
        heading=_("Confirm your address"),
        before=(
            _("Somebody signed up at {tenant} with this address.", tenant=tenant),
            _("If it was you, type this code where you signed up, or follow the link."),
        ),
        code=code,
        button=Link(_("Confirm address"), link),
        after=(
            _("The code works for 10 minutes, the link for 24 hours."),
            _("If it wasn't you, ignore this mail: without the code or the link there will be no account."),
        ),
        to_a_stranger=True,
    )


@mail
def already_registered(uow: UnitOfWork, to: Recipient) -> Content:
    """Somebody wanted an address for an account that belongs to another one."""
    tenant = said(uow.tenant.name)
    return Content(
        subject=_("You already have an account at {tenant}", tenant=tenant),
        heading=_("You already have an account"),
        before=(
            _(
                "Somebody wanted to use {address} for a new account at {tenant}.",
                address=said(to.address),
                tenant=tenant,
            ),
            _("There is one with this address already, so nothing was changed. If it was you, sign in."),
        ),
        button=Link(_("Sign in"), f"{uow.tenant.issuer}/login"),
        after=(_("If it wasn't you, ignore this mail: your account is safe."),),
        other=Link(_("If you forgot your password, make a new one here:"), f"{uow.tenant.issuer}/recovery"),
    )


@mail
def confirm_email(uow: UnitOfWork, to: Recipient, *, link: str, code: str) -> Content:
    """Prove the address of an account."""
    tenant = said(uow.tenant.name)
    return Content(
        subject=_("Confirm your address for {tenant}", tenant=tenant),
        heading=_("Confirm your address"),
        before=(
            _("Your account at {tenant} has this address. Confirm that you read its mail.", tenant=tenant),
            _("Type this code where you were asked for it, or follow the link."),
        ),
        code=code,
        button=Link(_("Confirm address"), link),
        after=(
            _("The code works for 10 minutes, the link for 24 hours."),
            _("If you didn't ask for this, ignore this mail."),
        ),
    )


@mail
def confirm_new_email(uow: UnitOfWork, to: Recipient, *, link: str, code: str) -> Content:
    """Prove the address that an account wants instead of its own; goes to the new address."""
    tenant = said(uow.tenant.name)
    return Content(
        subject=_("Confirm your new address for {tenant}", tenant=tenant),
        heading=_("Confirm your new address"),
        before=(
            _("Somebody wants to use this address for their account at {tenant}.", tenant=tenant),
            _("If it was you, type this code where you were asked for it, or follow the link."),
        ),
        code=code,
        button=Link(_("Confirm address"), link),
        after=(
            _("The code works for 10 minutes, the link for 24 hours."),
            _("If it wasn't you, ignore this mail: the address will not be used."),
        ),
        to_a_stranger=True,
    )


@mail
def invitation(uow: UnitOfWork, to: Recipient, *, link: str, invited_by: str | None, expires_at: datetime) -> Content:
    """Come in, by this link."""
    tenant, host = said(uow.tenant.name), named(invited_by)
    return Content(
        subject=_("Your invitation to {tenant}", tenant=tenant),
        heading=_("You're invited to {tenant}", tenant=tenant),
        before=(
            _("{name} invites you to make an account at {tenant}.", name=host, tenant=tenant)
            if host
            else _("You're invited to make an account at {tenant}.", tenant=tenant),
        ),
        button=Link(_("Accept invitation"), link),
        after=(
            _("The invitation is open until {moment}.", moment=i18n.format_datetime(expires_at, "short")),
            _("If you don't know what this is about, ignore this mail: without you there will be no account."),
        ),
        to_a_stranger=True,
    )


@mail
def trial(uow: UnitOfWork, to: Recipient) -> Content:
    """They asked for it to see how mail leaves."""
    tenant = said(uow.tenant.name)
    return Content(
        subject=_("A test mail from {tenant}", tenant=tenant),
        heading=_("Your test mail is here"),
        before=(
            _("You asked for it to see whether the mail of {tenant} arrives, and as whose.", tenant=tenant),
            _("Every mail to your people leaves as this one did."),
        ),
    )


@mail
def reset_password(uow: UnitOfWork, to: Recipient, *, link: str, by_admin: bool) -> Content:
    """Make a new password, by this link."""
    tenant = said(uow.tenant.name)
    return Content(
        subject=_("Make a new password for {tenant}", tenant=tenant),
        heading=_("Make a new password"),
        before=(
            _("An administrator of {tenant} wants you to make a new password for your account.", tenant=tenant)
            if by_admin
            else _("Somebody asked for a new password for your account at {tenant}.", tenant=tenant),
        ),
        button=Link(_("Make a new password"), link),
        after=(
            _("The link works once, for 30 minutes."),
            _("If you're in doubt, ask your administrator before you follow the link.")
            if by_admin
            else _("If it wasn't you, ignore this mail: nothing changes without the link."),
        ),
    )
