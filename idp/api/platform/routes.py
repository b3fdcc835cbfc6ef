"""The blueprint of the platform API: as the management API, by tokens of the tenant ``system`` (R47)."""

from dataclasses import replace
from typing import Any

from flask import Response, request

from idp.actor import ActorKind
from idp.api import idempotency, problems
from idp.api.management import access as management_access
from idp.api.management.routes import MAX_BODY, Managed
from idp.api.operations import Access, View
from idp.db.unit import PlatformUnit, UnitOfWork
from idp.http.context import current_platform, current_tenant, current_unit, platform_api
from idp.oauth import management
from idp.rbac import bounds
from idp.rbac.permissions import Permission


class Platform(Managed):
    """Operations on tenants: a view gets the cross-tenant unit, whose actor is an operator."""

    def access(self, permission: Permission | None) -> Access:
        """Who may call an operation that needs `permission`."""

        def enter() -> PlatformUnit:
            uow = current_unit()
            management_access.authenticate(uow, audience=management.platform_audience(uow.tenant))
            if permission is not None:
                bounds.require(uow, permission)
            return current_platform(replace(uow.actor, kind=ActorKind.OPERATOR))

        return management_access.described(enter, permission)

    def _once(self, call: View) -> View:
        """As any blueprint's; answers are remembered with the operators' tenant, in the transaction of the change."""

        def once(platform: PlatformUnit, **parts: Any) -> Response:
            request.max_content_length = MAX_BODY
            with platform.within(current_tenant()) as system:
                before = idempotency.claim(system)
            if before is not None:
                return before
            response: Response = call(platform, **parts)
            with platform.within(current_tenant()) as system:
                idempotency.remember(system, response)
            return response

        return once

    def route(self, rule: str, **options: Any) -> Any:
        """As any blueprint's, by views that the request's context knows as the platform's."""
        add = super().route(rule, **options)
        return lambda view: add(platform_api(view))


def unit_of_system(platform: PlatformUnit) -> UnitOfWork:
    """The same transaction, seen as the operators' tenant's; to add rows to it take `PlatformUnit.within`."""
    uow = UnitOfWork(platform.engine, current_tenant(), platform.actor, platform.master_keys)
    uow.session = platform.session
    return uow


platform = Platform("platform", __name__, url_prefix="/api/v1")


@platform.errorhandler(Exception)  # type: ignore[untyped-decorator]
def refuse(error: Exception) -> Response:
    """Whatever goes wrong is problem+json."""
    return problems.answer(error)
