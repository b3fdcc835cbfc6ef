"""Operators' accesses stay as long as events do, and remembered answers no longer than they are good for."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.api.models import IdempotentRequest
from idp.ids import new_id
from idp.rbac.models import OperatorAccess
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker import purge


@pytest.mark.parametrize(("days", "left"), [(399, 1), (401, 0)])
def test_an_access_can_be_looked_up_for_400_days(wiring: Wiring, tenant: Tenant, days: int, left: int) -> None:
    with wiring.tenant_unit(tenant) as uow:
        over = uow.now - timedelta(days=days)
        uow.add(
            OperatorAccess(
                operator_id=new_id(), operator_name="Ola", reason="Ticket 4711", permissions=[], expires_at=over
            )
        )
    purge.purge_expired(wiring, threading.Event())
    with wiring.tenant_unit(tenant) as uow:
        assert uow.session.scalar(select(func.count()).select_from(OperatorAccess)) == left


def test_an_answer_goes_when_nobody_can_ask_for_it_again(wiring: Wiring, tenant: Tenant) -> None:
    with wiring.tenant_unit(tenant) as uow:
        for name, seconds in ((b"over", -1), (b"good", 60)):
            expires_at = uow.now + timedelta(seconds=seconds)
            uow.add(IdempotentRequest(key_digest=name, request_digest=b"", expires_at=expires_at))
    purge.purge_expired(wiring, threading.Event())
    with wiring.tenant_unit(tenant) as uow:
        assert uow.session.scalars(select(IdempotentRequest.key_digest)).all() == [b"good"]
