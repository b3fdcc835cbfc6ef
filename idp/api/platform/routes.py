"""The blueprint of the platform API: as the management API, by tokens of the tenant ``system`` (R47)."""

from typing import Any, cast

from flask import Response

from idp.api import problems
from idp.api.management import access as management_access
from idp.api.management.routes import Managed
from idp.api.operations import Access
from idp.db.unit import PlatformUnit, UnitOfWork
from idp.http.context import current_platform, current_tenant, current_unit, platform_api
from idp.oauth import management
from idp.rbac import bounds
from idp.rbac.permissions import Permission


class Platform(Managed):
    """Operations on tenants: a view gets the cross-tenant unit."""

    def access(self, permission: Permission | None) -> Access:
        """Who may call an operation that needs `permission`."""

        def enter() -> PlatformUnit:
            uow = current_unit()
            management_access.authenticate(uow, audience=management.platform_audience(uow.tenant))
            if permission is not None:
                bounds.require(uow, permission)
            return current_platform(uow.actor)

        return management_access.described(enter, permission)

    def home(self, unit: Any) -> UnitOfWork:
        """Answers are remembered with the operators' tenant, in the transaction of the change."""
        return unit_of_system(cast("PlatformUnit", unit))

    def route(self, rule: str, **options: Any) -> Any:
        """As any blueprint's, by views that the request's context knows as the platform's."""
        add = super().route(rule, **options)
        return lambda view: add(platform_api(view))


def unit_of_system(platform: PlatformUnit) -> UnitOfWork:
    """The same transaction, seen as the operators' tenant's."""
    uow = UnitOfWork(platform.engine, current_tenant(), platform.actor, platform.master_keys)
    uow.session = platform.session
    return uow


platform = Platform("platform", __name__, url_prefix="/api/v1")


@platform.errorhandler(Exception)  # type: ignore[untyped-decorator]
def refuse(error: Exception) -> Response:
    """Whatever goes wrong is problem+json."""
    return problems.answer(error)
