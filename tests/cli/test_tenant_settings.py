from typing import Any

import pytest

from idp.policy import Policy
from idp.tenants.models import Tenant
from tests.cli.conftest import Terminal


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (
            "registration=domains registration_domains=acme.example,acme.com",
            {"registration_domains": ["acme.example", "acme.com"]},
        ),
        ("registration=invitation", {"registration": "invitation"}),
        ("registration_domains=@ACME.example", {"registration_domains": ["acme.example"]}),
        ("registration_domains=straße.example", {"registration_domains": ["xn--strae-oqa.example"]}),
        ("terms_version=2026-11", {"terms_version": "2026-11"}),
        ("default_locale=de", {"default_locale": "de"}),
        ("sign_in_needs_verified_email=true", {"sign_in_needs_verified_email": True}),
        ("password_check_breaches=true", {"password_check_breaches": True}),
        ("deletion_grace_days=0", {"deletion_grace_days": 0}),
        (
            "event-retention-days=30 session_retention_days=400",
            {"event_retention_days": 30, "session_retention_days": 400},
        ),
    ],
)
def test_what_a_tenant_decides_about_its_people_is_set_and_unset(
    idp: Terminal, tenant: Tenant, typed: str, kept: dict[str, Any]
) -> None:
    settings = typed.split(" ")
    policy = idp.json("tenant", "set", tenant.slug, *settings)["policy"]
    assert {key: policy[key] for key in kept} == kept
    empty = [setting.partition("=")[0] + "=" for setting in settings]
    defaults = Policy().model_dump(mode="json", exclude_none=True)
    assert idp.json("tenant", "set", tenant.slug, *empty)["policy"].items() >= defaults.items()


@pytest.mark.parametrize(
    "typed",
    [
        "registration=maybe",
        "registration=Open",
        "registration_domains=localhost",
        "registration_domains=acme.example/",
        "registration_domains=a@acme.example",
        "registration_domains=*.acme.example",
        "registration_domains=" + "x" * 5000,
        "registration_domains=" + ",".join(f"a{number}.example" for number in range(101)),
        "terms_version=a b",
        "terms_version=" + "1" * 51,
        "default_locale=fr",
        "default_locale=DE",
        "sign_in_needs_verified_email=perhaps",
        "deletion_grace_days=91",
        "deletion_grace_days=-1",
        "limit_sign_in_ip=30/minute; 100/hour",
        "event_retention_days=29",
        "event_retention_days=1.5",
        "session_retention_days=0",
        "session_retention_days=forever",
    ],
)
def test_what_a_tenant_cannot_decide_is_named(idp: Terminal, tenant: Tenant, typed: str) -> None:
    sentence = idp.sentence("tenant", "set", tenant.slug, "name=Changed", typed)
    assert typed.partition("=")[0] in sentence
    assert len(sentence) < 300
    assert idp.json("tenant", "show", tenant.slug)["name"] != "Changed"
