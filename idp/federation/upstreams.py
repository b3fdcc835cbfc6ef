"""A connection as its provider sees it, with its secrets open; and the provider."""

from idp.db.unit import UnitOfWork
from idp.federation import connections, secrets
from idp.federation.models import Connection
from idp.federation.providers.base import Provider, Upstream
from idp.federation.providers.registry import KINDS


def of(uow: UnitOfWork, row: Connection) -> Upstream:
    """What a provider needs to know; nothing of it is read from the database later."""
    redirect_uri = connections.callback_url(uow, row.name)
    secret = secrets.living(uow, row)
    return Upstream(uow.tenant.id, row.id, row.kind, row.client_id, secret, row.options, redirect_uri)


def provider(row: Connection) -> Provider:
    """What speaks with it."""
    return KINDS[row.kind].provider
