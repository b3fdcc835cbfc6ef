"""Mails that tell what happened to an account, when and where, and what to do if it wasn't its owner (R34, R36, R38).

The link of the button or of the last line ends everything and closes the account until its owner is back.
"""

from datetime import datetime

from idp import i18n
from idp.db.unit import UnitOfWork
from idp.i18n import gettext as _
from idp.mail.content import Circumstances, Content, Link, said
from idp.mail.sending import Recipient, mail


@mail
def password_changed(
    uow: UnitOfWork, to: Recipient, *, circumstances: Circumstances, not_me: str, is_first: bool = False
) -> Content:
    """There is another password now, or the first."""
    tenant = said(uow.tenant.name)
    if is_first:
        return _notice(
            circumstances,
            not_me,
            subject=_("Your {tenant} account has a password now", tenant=tenant),
            heading=_("Your account has a password now"),
            before=_("A password was set for your account at {tenant}. You can sign in with it.", tenant=tenant),
        )
    return _notice(
        circumstances,
        not_me,
        subject=_("Your {tenant} password was changed", tenant=tenant),
        heading=_("Your password was changed"),
        before=_("The password of your account at {tenant} was changed.", tenant=tenant),
    )


@mail
def email_change_requested(
    uow: UnitOfWork, to: Recipient, *, new_address: str, circumstances: Circumstances, not_me: str
) -> Content:
    """Somebody wants another address for the account; goes to the one it has."""
    tenant = said(uow.tenant.name)
    return _notice(
        circumstances,
        not_me,
        subject=_("Your {tenant} account is to have another address", tenant=tenant),
        heading=_("Another address for your account"),
        before=_(
            "Your account at {tenant} is to have the address {address}, as soon as it is confirmed.",
            tenant=tenant,
            address=said(new_address),
        ),
    )


@mail
def email_changed(
    uow: UnitOfWork, to: Recipient, *, new_address: str, circumstances: Circumstances, not_me: str
) -> Content:
    """The account has another address; goes to the one it had."""
    tenant = said(uow.tenant.name)
    return _notice(
        circumstances,
        not_me,
        subject=_("Your {tenant} account has another address", tenant=tenant),
        heading=_("Your account has another address"),
        before=_(
            "The address of your account at {tenant} is {address} now. You sign in with it, and our mails go there.",
            tenant=tenant,
            address=said(new_address),
        ),
    )


@mail
def new_device(uow: UnitOfWork, to: Recipient, *, circumstances: Circumstances, not_me: str) -> Content:
    """Somebody signed in from a device that the account didn't know."""
    tenant = said(uow.tenant.name)
    return _notice(
        circumstances,
        not_me,
        subject=_("New sign-in to your {tenant} account", tenant=tenant),
        heading=_("Sign-in from a new device"),
        before=_("Somebody signed in to your account at {tenant} from a device that is new to us.", tenant=tenant),
    )


@mail
def identity_linked(
    uow: UnitOfWork, to: Recipient, *, connection: str, circumstances: Circumstances, not_me: str
) -> Content:
    """An account elsewhere opens this one now."""
    tenant = said(uow.tenant.name)
    return _notice(
        circumstances,
        not_me,
        subject=_("A new way to sign in to your {tenant} account", tenant=tenant),
        heading=_("A new way to sign in"),
        before=_(
            "An account at {connection} was linked to your account at {tenant}. "
            "Whoever signs in there is let in here from now on.",
            connection=said(connection),
            tenant=tenant,
        ),
    )


@mail
def identity_unlinked(
    uow: UnitOfWork, to: Recipient, *, connection: str, circumstances: Circumstances, not_me: str
) -> Content:
    """An account elsewhere opens this one no more."""
    tenant = said(uow.tenant.name)
    return _notice(
        circumstances,
        not_me,
        subject=_("A way to sign in to your {tenant} account was removed", tenant=tenant),
        heading=_("A way to sign in was removed"),
        before=_(
            "Your account at {connection} was unlinked from your account at {tenant}. "
            "You can't sign in with it any more, and every other device was signed out.",
            connection=said(connection),
            tenant=tenant,
        ),
    )


@mail
def sign_in_blocked(
    uow: UnitOfWork, to: Recipient, *, circumstances: Circumstances, not_me: str, until_recovery: bool
) -> Content:
    """Too many wrong passwords: everybody has to wait, and after many more to make a new password."""
    tenant = said(uow.tenant.name)
    return Content(
        subject=_("Sign-in to your {tenant} account is blocked", tenant=tenant),
        heading=_("Too many wrong passwords"),
        before=(
            _(
                "Somebody tried many wrong passwords for your account at {tenant}. "
                "Nobody can sign in with the password now, not even you, until you make a new one.",
                tenant=tenant,
            )
            if until_recovery
            else _(
                "Somebody tried many wrong passwords for your account at {tenant}. "
                "After each one, everybody who wants to sign in has to wait longer, and so may you. "
                "A new password lets you in at once.",
                tenant=tenant,
            ),
        ),
        circumstances=circumstances,
        button=Link(_("Make a new password"), f"{uow.tenant.issuer}/recovery"),
        after=(_("None of those passwords was right."),),
        other=Link(_("If it wasn't you, you can also sign out everywhere, here:"), not_me),
    )


@mail
def deletion_requested(
    uow: UnitOfWork, to: Recipient, *, deletes_at: datetime, circumstances: Circumstances, not_me: str | None
) -> Content:
    """The account goes, unless its owner comes back in time.  Without `not_me` an administrator wants it to."""
    tenant, day = said(uow.tenant.name), i18n.format_date(deletes_at)
    return Content(
        subject=_("Your {tenant} account will be deleted", tenant=tenant),
        heading=_("Your account will be deleted on {day}", day=day),
        before=(
            _(
                "An administrator of {tenant} asked for your account to be deleted, with everything in it.",
                tenant=tenant,
            )
            if not_me is None
            else _("You asked for your account at {tenant} to be deleted, with everything in it.", tenant=tenant),
            _("Until then you can keep it: sign in and say so."),
        ),
        circumstances=circumstances,
        button=Link(_("Keep my account"), f"{uow.tenant.issuer}/login"),
        after=(_("If you still want to leave, there is nothing more to do."),),
        other=None if not_me is None else Link(_("If it wasn't you who asked, say so here:"), not_me),
    )


@mail
def account_deleted(uow: UnitOfWork, to: Recipient) -> Content:
    """The last mail."""
    tenant = said(uow.tenant.name)
    return Content(
        subject=_("Your {tenant} account was deleted", tenant=tenant),
        heading=_("Your account was deleted"),
        before=(
            _("Your account at {tenant} and everything in it were deleted, for good.", tenant=tenant),
            _("This is our last mail to you."),
        ),
    )


def _notice(circumstances: Circumstances, not_me: str, *, subject: str, heading: str, before: str) -> Content:
    return Content(
        subject=subject,
        heading=heading,
        before=(before,),
        circumstances=circumstances,
        button=Link(_("This wasn't me"), not_me),
        after=(
            _("If it was you, there is nothing to do."),
            _(
                "If it wasn't you, follow the link within 7 days: it signs everybody out, "
                "and we send you a way to make a new password."
            ),
        ),
    )
