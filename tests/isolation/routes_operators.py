"""How to feed what the management API says of operators who act for the tenant; see `tests.isolation.routes`."""

from datetime import timedelta
from functools import cache

from idp.ids import new_id
from idp.rbac import operators
from idp.rbac.models import OperatorAccess
from idp.rbac.operators import Operator
from tests.isolation.routes import Call, feeds, is_status, says
from tests.isolation.routes_roles import call
from tests.isolation.world import World


@cache
def access(owner: World) -> OperatorAccess:
    """One that goes on."""
    with owner.people.unit() as uow:
        return operators.begin(
            uow,
            Operator(new_id(), f"Operator at {owner.name}"),
            reason=f"Something at {owner.name}",
            lasting=timedelta(minutes=5),
            permissions=["users:read"],
        )


@feeds("management.list_operator_accesses", "GET")
def listed(owner: World, caller: World) -> Call:
    return call(caller, says(str(access(owner).id)))


@feeds("management.end_operator_access", "DELETE")
def ended(owner: World, caller: World) -> Call:
    return call(caller, is_status(204), access_id=access(owner).id)
