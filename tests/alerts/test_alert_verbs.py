"""``idp alert`` and the settings of alerts, at the terminal and as code."""

import pytest

from idp.tenants.models import Tenant
from tests.cli.conftest import Terminal, idp

__all__ = ["idp"]


def test_alerts_are_chosen_tried_out_and_listed(idp: Terminal, tenant: Tenant) -> None:
    where = ("--tenant", tenant.slug)
    assert idp.json("alert", "list", *where) == []
    assert "alert_contacts" in idp.sentence("alert", "test", *where)
    policy = idp.json("tenant", "set", tenant.slug, "alert_contacts=soc@acme.example,cto@acme.example")["policy"]
    assert policy["alert_contacts"] == ["soc@acme.example", "cto@acme.example"]
    raised = idp.json("alert", "test", *where)
    assert raised["to"] == ["soc@acme.example", "cto@acme.example"]
    assert "soc@acme.example" in idp("alert", "test", *where).output
    kinds = [found["kind"] for found in idp.json("alert", "list", *where)]
    assert kinds == ["test", "test", "alerting_changed"]
    assert [found["id"] for found in idp.json("alert", "list", *where, "--kind", "test")][-1] == raised["id"]
    assert idp.json("alert", "list", *where, "--since", "2999-01-01") == []
    assert len(idp.json("alert", "list", *where, "--since", "2020-01-01T00:00:00Z", "--limit", "2")) == 2
    assert idp.json("tenant", "set", tenant.slug, "alert_contacts=")["policy"]["alert_contacts"] == []


@pytest.mark.parametrize("setting", ["alert_contacts=nobody", "alert_kinds_off=fire", "alert_spray_accounts=2"])
def test_what_cannot_be_is_told_with_its_name(idp: Terminal, tenant: Tenant, setting: str) -> None:
    assert setting.partition("=")[0] in idp.sentence("tenant", "set", tenant.slug, setting)


def test_a_kind_that_there_is_not_is_told(idp: Terminal, tenant: Tenant) -> None:
    assert "'fire'" in idp.sentence("alert", "list", "--tenant", tenant.slug, "--kind", "fire")
