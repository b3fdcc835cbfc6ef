"""A tenant as a file at the terminal: applied whole or not at all, shown before, and written from what is."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from idp.mail import settings as mail_settings
from idp.oauth import clients
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.cli.conftest import Terminal

ROOT = Path(__file__).parents[2]
SMTP = "smtp://mailer:hunter2@mail.acme.example:587"
NewSlug = Callable[[], str]


@pytest.fixture
def example(new_slug: NewSlug) -> tuple[str, str]:
    """Slug and text of the example of the documentation, as a tenant of its own."""
    (text,) = re.findall(r"```yaml\n(tenant: acme\n.*?)```", (ROOT / "docs/tenant-as-code.md").read_text(), re.DOTALL)
    slug = new_slug()
    return slug, text.replace("tenant: acme\n", f"tenant: {slug}\n")


def apply(idp: Terminal, text: str, *options: str, **environment: str) -> Any:
    Path("tenant.yaml").write_text(text, encoding="utf-8")
    return idp("tenant", "apply", "-f", "tenant.yaml", *options, **environment)


def refusal(idp: Terminal, text: str, *options: str, **environment: str) -> str:
    result = apply(idp, text, "--yes", *options, **environment)
    assert (result.exit_code, result.stdout) == (1, "")
    return str(result.stderr).rstrip("\n")


def test_the_example_of_the_documentation_makes_a_tenant_and_then_changes_nothing(
    idp: Terminal, example: tuple[str, str], wiring: Wiring
) -> None:
    slug, text = example
    first = apply(idp, text, "--yes", ACME_SMTP_URL=SMTP)
    assert first.exit_code == 0, first.stderr
    assert f"+ tenant {slug}" in first.stdout
    assert first.stdout.count("idp_cs_") == 2
    second = apply(idp, text, "--yes", ACME_SMTP_URL=SMTP)
    assert second.stdout == "Nothing to change.\n"
    assert "hunter2" not in first.stdout + second.stdout
    with wiring.platform_unit() as platform:
        tenant = platform.session.scalars(select(Tenant).where(Tenant.slug == slug)).one()
        assert (tenant.policy.password_min_length, tenant.budget.limit_tenant) == (12, "20000/minute")
        with platform.within(tenant) as uow:
            assert mail_settings.sender(uow).smtp_url == SMTP
            assert [row.name for row in clients.list_all(uow)] == ["Notes web", "Invoices backend"]


def test_what_is_dumped_and_applied_again_changes_nothing(idp: Terminal, example: tuple[str, str]) -> None:
    slug, text = example
    assert apply(idp, text, "--yes", ACME_SMTP_URL=SMTP).exit_code == 0
    dumped = idp("tenant", "dump", slug).stdout
    assert SMTP not in dumped
    reference = f"IDP_{slug.upper().replace('-', '_')}_SMTP_URL"
    assert yaml.safe_load(dumped)["mail"]["smtp_url"] == f"env:{reference}"
    again = apply(idp, dumped, "--yes", "--prune", **{reference: SMTP})
    assert again.stdout == "Nothing to change.\n", again.stderr
    wanted, written = yaml.safe_load(text), yaml.safe_load(dumped)
    for section in ("settings", "limits", "groups", "domains"):
        assert written[section] == wanted[section]
    assert idp("tenant", "dump", slug, "-o", "acme.yaml").stdout == f"{slug} is written to acme.yaml.\n"
    assert Path("acme.yaml").read_text() == dumped
    assert idp.json("tenant", "dump", slug) == written


