"""A tenant as a file at the terminal: applied whole or not at all, shown before, and written from what is."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from idp.events.models import Event
from idp.mail import settings as mail_settings
from idp.oauth import clients
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.cli.conftest import Terminal
from tests.factories import People

ROOT = Path(__file__).parents[2]
SECRET = "of-the-upstream"
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
    first = apply(idp, text, "--yes", ACME_SMTP_URL=SMTP, ACME_GITHUB_SECRET=SECRET)
    assert first.exit_code == 0, first.stderr
    assert f"+ tenant {slug}" in first.stdout
    assert first.stdout.count("idp_cs_") == 2
    second = apply(idp, text, "--yes", ACME_SMTP_URL=SMTP, ACME_GITHUB_SECRET=SECRET)
    assert second.stdout == "Nothing to change.\n"
    assert "hunter2" not in first.stdout + second.stdout
    assert SECRET not in first.stdout + second.stdout
    with wiring.platform_unit() as platform:
        tenant = platform.session.scalars(select(Tenant).where(Tenant.slug == slug)).one()
        assert (tenant.policy.password_min_length, tenant.budget.limit_tenant) == (12, "20000/minute")
        with platform.within(tenant) as uow:
            assert mail_settings.sender(uow).smtp_url == SMTP
            assert [row.name for row in clients.list_all(uow)] == ["Notes web", "Invoices backend"]


def test_what_is_dumped_and_applied_again_changes_nothing(idp: Terminal, example: tuple[str, str]) -> None:
    slug, text = example
    assert apply(idp, text, "--yes", ACME_SMTP_URL=SMTP, ACME_GITHUB_SECRET=SECRET).exit_code == 0
    dumped = idp("tenant", "dump", slug).stdout
    assert SMTP not in dumped
    assert SECRET not in dumped
    prefix = f"IDP_{slug.upper().replace('-', '_')}"
    assert yaml.safe_load(dumped)["mail"]["smtp_url"] == f"env:{prefix}_SMTP_URL"
    assert yaml.safe_load(dumped)["connections"][0]["client_secret"] == f"env:{prefix}_GITHUB_CLIENT_SECRET"
    secrets = {f"{prefix}_SMTP_URL": SMTP, f"{prefix}_GITHUB_CLIENT_SECRET": SECRET}
    again = apply(idp, dumped, "--yes", "--prune", **secrets)
    assert again.stdout == "Nothing to change.\n", again.stderr
    wanted, written = yaml.safe_load(text), yaml.safe_load(dumped)
    for section in ("settings", "limits", "groups", "domains"):
        assert written[section] == wanted[section]
    assert idp("tenant", "dump", slug, "-o", "acme.yaml").stdout == f"{slug} is written to acme.yaml.\n"
    assert Path("acme.yaml").read_text() == dumped
    assert idp.json("tenant", "dump", slug) == written


def test_a_dry_run_shows_the_difference_and_changes_nothing(idp: Terminal, tenant: Tenant, people: People) -> None:
    people.client(client_name="Old")
    text = f"tenant: {tenant.slug}\nsettings: {{password_min_length: 20}}\nroles: [{{name: billing}}]\nclients: []\n"
    shown = apply(idp, text, "--dry-run")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [
        "~ settings",
        "    password_min_length  15 → 20",
        "+ role billing",
        "= client Old: not in the file, left alone",
        "",
        "1 to create, 1 to change.",
    ]
    assert apply(idp, text, "--dry-run", "--exit-code").exit_code == 2
    assert "- client Old\n" in apply(idp, text, "--dry-run", "--prune").stdout
    assert idp("tenant", "dump", tenant.slug).stdout.count("billing") == 0
    assert apply(idp, text, "--yes").stdout.endswith("1 created, 1 changed.\n")
    again = apply(idp, text, "--dry-run", "--exit-code")
    assert again.exit_code == 0
    assert again.stdout.endswith("= client Old: not in the file, left alone\n\nNothing to change.\n")


def test_a_program_gets_the_plan_and_the_secrets_as_json(idp: Terminal, tenant: Tenant) -> None:
    text = f"tenant: {tenant.slug}\nclients: [{{name: Backend, type: machine}}]\nroles: [{{name: a}}]\n"
    Path("t.yaml").write_text(text)
    planned = idp.json("tenant", "apply", "-f", "t.yaml", "--dry-run")
    assert (planned["tenant"], planned["applied"], planned["secrets"]) == (tenant.slug, False, {})
    done = idp.json("tenant", "apply", "-f", "-", "--yes", stdin=text)
    assert (done["applied"], done["changes"]) == (True, planned["changes"])
    assert done["changes"][1] == {
        "action": "create",
        "what": "role",
        "name": "a",
        "after": {"description": "", "permissions": [], "includes": []},
    }
    assert done["secrets"]["Backend"]["client_secret"].startswith("idp_cs_")
    (row,) = idp.json("client", "list", "--tenant", tenant.slug)
    assert done["secrets"]["Backend"]["client_id"] == row["client_id"]


def test_nothing_is_done_where_nobody_is_there_to_agree(idp: Terminal, tenant: Tenant) -> None:
    Path("t.yaml").write_text(f"tenant: {tenant.slug}\nroles: [{{name: a}}]\n")
    assert "repeat it with --yes" in idp.sentence("tenant", "apply", "-f", "t.yaml")
    assert "--exit-code goes with --dry-run" in idp.sentence("tenant", "apply", "-f", "t.yaml", "--exit-code")
    assert idp.json("tenant", "dump", tenant.slug).get("roles") is None


def test_whoever_is_asked_sees_the_difference_first_and_may_say_no(
    idp: Terminal, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("t.yaml").write_text(f"tenant: {tenant.slug}\nroles: [{{name: a}}]\n")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _stdin: True, raising=False)
    refused = idp("tenant", "apply", "-f", "t.yaml", stdin="n\n")
    assert refused.exit_code == 130
    assert refused.stdout.startswith("+ role a\n")
    assert idp.json("tenant", "dump", tenant.slug).get("roles") is None
    agreed = idp("tenant", "apply", "-f", "t.yaml", stdin="y\n")
    assert agreed.exit_code == 0, agreed.stderr
    assert agreed.stdout.count("+ role a\n") == 1
    assert agreed.stdout.endswith("1 created.\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("people: []", "line 2 people: There is no section 'people' here."),
        ("mail: {smtp_url: 'smtp://u:hunter2@mail.example'}", "A secret does not stand in the file: write env:NAME"),
        ("mail: {smtp_url: 'env:NOT_SET'}", "line 2 mail.smtp_url: The variable NOT_SET is not set."),
        ("mail: {smtp_url: 'file:/not/there'}", "line 2 mail.smtp_url: The file /not/there cannot be read."),
        ("mail: {smtp_url: 'file:relative'}", "A secret does not stand in the file"),
        ("mail: {smtp_url: 'env:'}", "A secret does not stand in the file"),
        ("roles: [{name: admin}]", "line 2 roles[0].name: The role admin is built in"),
        ("roles:\n\t- name: a", "line 3: This is not YAML: "),
        ("clients: [{name: X, redirect_uris: ['http://a.example/']}]", "line 2 clients[0].redirect_uris[0]: http://a."),
        ("clients: [{name: X, redirect_uris: [a, {}]}]", "line 2 clients[0].redirect_uris[1]: Input should be a valid"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(idp: Terminal, tenant: Tenant, text: str, sentence: str) -> None:
    said = refusal(idp, f"tenant: {tenant.slug}\n{text}\n")
    assert sentence in said
    assert "hunter2" not in said


def test_a_file_about_another_tenant_is_refused(idp: Terminal, tenant: Tenant) -> None:
    said = refusal(idp, f"tenant: {tenant.slug}\n", "--tenant", "acme")
    assert said == f"line 1 tenant: The file is about {tenant.slug}, not acme."


def test_a_secret_may_be_in_a_file_of_its_own(idp: Terminal, tenant: Tenant, wiring: Wiring) -> None:
    Path("smtp").write_text(SMTP + "\n")
    text = f"tenant: {tenant.slug}\nmail: {{smtp_url: 'file:{Path('smtp').absolute()}'}}\n"
    assert apply(idp, text, "--yes").stdout == "~ mail\n    smtp_url  - → (hidden)\n\n1 changed.\n"
    assert apply(idp, text, "--yes").stdout == "Nothing to change.\n"
    with wiring.tenant_unit(tenant) as uow:
        assert mail_settings.sender(uow).smtp_url == SMTP
        recorded = uow.session.scalars(select(Event).where(Event.type == "mail_settings.updated")).one()
    assert (recorded.actor_kind, recorded.data) == ("operator", {"changed": ["smtp_url"]})
    Path("smtp").write_text(SMTP.replace("hunter2", "another"))
    assert "(hidden) → (hidden)" in apply(idp, text, "--yes").stdout


def test_what_others_wrote_cannot_steer_the_terminal(idp: Terminal, tenant: Tenant, people: People) -> None:
    people.client(client_name="evil\u202ename\u2028x", redirect_uris=["https://a.example/"])
    shown = apply(idp, f"tenant: {tenant.slug}\nclients: []\n", "--dry-run").stdout
    assert "= client evil name x: not in the file, left alone" in shown
    said = refusal(idp, f'tenant: {tenant.slug}\nclients: [{{name: X, redirect_uris: ["https://\\e[31m"]}}]\n')
    assert said.startswith("line 2 clients[0].redirect_uris[0]: https:// [31m holds a character")


def test_clients_of_one_name_cannot_be_written_down(idp: Terminal, tenant: Tenant, people: People) -> None:
    for _ in range(2):
        people.client(client_name="Twice")
    assert "Several clients are called 'Twice'" in idp.sentence("tenant", "dump", tenant.slug)
    assert "There is no tenant" in idp.sentence("tenant", "dump", "nowhere")
