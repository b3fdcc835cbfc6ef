"""What can go wrong with alerts."""

from idp.errors import Conflict, NotFound


class NoSuchAlert(NotFound):
    """No alert of this tenant has that id."""

    code = "no-such-alert"


class NobodyToAlert(Conflict):
    """No contact was chosen, and no owner has an address that is proven."""

    code = "nobody-to-alert"
