"""What the mail of each kind of alert says: sentences that are translated when it is written."""

from dataclasses import dataclass

from idp.alerts.kinds import Kind
from idp.i18n import mark


@dataclass(frozen=True, slots=True)
class Words:
    """One kind's; `{tenant}` is filled in.

    Attributes:
        subject: one line.
        heading: what happened.
        before: the same in a sentence or two.
        after: what to do.
    """

    subject: str
    heading: str
    before: str
    after: str


WORDS = {
    Kind.BRUTE_FORCE: Words(
        mark("Security alert: somebody is guessing a password at {tenant}"),
        mark("Somebody is guessing a password"),
        mark(
            "One wrong password after the other is tried for one account at {tenant}. "
            "None of them was right so far, and after each one everybody has to wait longer."
        ),
        mark(
            "If the account is an important one, ask its owner to make a new password. "
            "If it all comes from one address, have that address blocked at your firewall."
        ),
    ),
    Kind.SPRAY: Words(
        mark("Security alert: passwords are tried at many accounts of {tenant}"),
        mark("Passwords are tried at many accounts"),
        mark(
            "Within ten minutes wrong passwords were tried for many accounts at {tenant}. "
            "That is how somebody looks for accounts with a common password."
        ),
        mark(
            "Look among the events for sign-ins from the same address that succeeded, and have those people make new "
            "passwords. Have the address blocked at your firewall. If your own people share it, raise the setting "
            "alert_spray_accounts."
        ),
    ),
    Kind.REFRESH_REUSE: Words(
        mark("Security alert: a stolen token may have been used at {tenant}"),
        mark("A token was used that had been replaced"),
        mark(
            "An application at {tenant} came with a refresh token that had been exchanged for a new one before. "
            "Either the application made a mistake, or somebody else has a copy. "
            "So everything that it had from this sign-in was ended, and the person has to sign in there again."
        ),
        mark(
            "Ask the person whether a device was lost or is shared. If the same application does this again and again, "
            "tell those who make it."
        ),
    ),
    Kind.PRIVILEGE_GRANT: Words(
        mark("Security alert: somebody may do more at {tenant} now"),
        mark("Somebody was given rights"),
        mark("Somebody may change things at {tenant} now that they could not change before. This is what they got:"),
        mark(
            "If you know of it, there is nothing to do. If you don't, take the rights back, and disable the account "
            "that gave them until its owner has a new password."
        ),
    ),
    Kind.KEY_REVOKED: Words(
        mark("Security alert: a signing key of {tenant} was revoked"),
        mark("A signing key was revoked"),
        mark(
            "What was signed by this key counts no more, and the next key signs from now on. "
            "Applications that fetch the keys of {tenant} by themselves need nothing else."
        ),
        mark(
            "If you know of it, there is nothing to do but to look whether every application still works. "
            "If you don't, ask the account that did it."
        ),
    ),
    Kind.WEBHOOK_DISABLED: Words(
        mark("Security alert: a webhook of {tenant} was turned off"),
        mark("A webhook was turned off"),
        mark(
            "A webhook of {tenant} didn't answer as it should, so we have turned it off. "
            "What happens now isn't told there any more."
        ),
        mark(
            "See in the list of its deliveries what it answers, mend that, turn it on again, "
            "and have what was missed sent once more."
        ),
    ),
    Kind.ALERTING_CHANGED: Words(
        mark("The security alerts of {tenant} were changed"),
        mark("The security alerts were changed"),
        mark("Somebody changed who gets mails such as this one, or what they tell of."),
        mark(
            "If you know of it, there is nothing to do. If you don't, set it back, and disable the account that did it "
            "until its owner has a new password."
        ),
    ),
    Kind.OVERFLOW: Words(
        mark("Security alert: a lot is going on at {tenant}"),
        mark("More alerts than we write mails"),
        mark(
            "There were so many alerts at {tenant} within an hour that we write no further mails of them, "
            "until it is quieter. None is lost: all of them are in the list."
        ),
        mark("Look at the list, and begin with rights that were given to somebody."),
    ),
    Kind.TEST: Words(
        mark("A test of the security alerts of {tenant}"),
        mark("Security alerts arrive here"),
        mark("Somebody asked for this mail to see where the security alerts of {tenant} go. Nothing is wrong."),
        mark("There is nothing to do."),
    ),
}
