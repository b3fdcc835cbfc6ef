"""What racers do with clients and APIs; each answers "done" or the code of the refusal."""

from typing import Any
from uuid import UUID

from idp.db.unit import UnitOfWork
from idp.oauth import clients, registration, resources
from idp.rbac import app_permissions, bounds
from idp.wiring import Wiring
from tests.races.racers import within


def delete_client(app: Any, wiring: Wiring, job: tuple[str, UUID]) -> Any:
    def act(uow: UnitOfWork) -> str:
        registration.remove(uow, clients.hold(uow, job[1]))
        return "done"

    return within(wiring, job[0], act)


def revoke_secret(app: Any, wiring: Wiring, job: tuple[str, UUID, UUID]) -> Any:
    slug, client_id, secret_id = job

    def act(uow: UnitOfWork) -> str:
        registration.revoke_secret(uow, clients.hold(uow, client_id), secret_id)
        return "done"

    return within(wiring, slug, act)


def define_or_delete(app: Any, wiring: Wiring, job: tuple[str, UUID, str]) -> Any:
    """Define a permission of an API or, without a name, delete the API; as the management API does."""
    slug, resource_id, name = job

    def act(uow: UnitOfWork) -> str:
        bounds.take_turn(uow)
        if name:
            app_permissions.define(uow, resources.get(uow, resource_id).id, name=name)
        else:
            resources.remove(uow, resources.hold(uow, resource_id))
        return "done"

    return within(wiring, slug, act)
