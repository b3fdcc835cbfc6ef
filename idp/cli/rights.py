"""``idp user permissions``: what a person may do, and why."""

from collections.abc import Sequence

from idp.cli import output, people
from idp.cli.connect import tenant_unit
from idp.cli.options import program, tenant
from idp.rbac import explanation
from idp.rbac.explanation import Reason
from idp.rbac.permissions import EVERY_APP_PERMISSION


@program("permissions")
@tenant
@people.who
def permissions(slug: str, who: str) -> None:
    """List what a person may do, and why; * is every permission that the tenant's own APIs define."""
    with tenant_unit(slug) as uow:
        held = explanation.of_user(uow, people.find(uow, who).id)
    output.table(
        [
            {
                "permission": name,
                "because": [{"path": [*reason.path], "group": reason.group} for reason in reasons],
                "why": because(reasons),
            }
            for name, reasons in sorted(held.items(), key=lambda item: item[0] == EVERY_APP_PERMISSION)
        ],
        ("permission", "why"),
        empty="They may do nothing but what everybody may with their own account.",
    )


def because(reasons: Sequence[Reason]) -> str:
    """A sentence: "because of editor in author through the group Desk"."""
    return "because of " + ", and of ".join(map(_told, reasons))


def _told(reason: Reason) -> str:
    """The role that permits it comes first, and what it is included in after it."""
    named = f"role {reason.path[-1]}" + "".join(f", which {outer} includes" for outer in reversed(reason.path[:-1]))
    return named if reason.group is None else f"{named}, through group {reason.group}"
