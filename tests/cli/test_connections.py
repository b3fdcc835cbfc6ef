"""``idp connection``, and identities by ``idp user``."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import pytest

from idp.federation import connections, upstreams
from idp.federation.errors import Reason, SignInRefused
from idp.federation.options import Options
from idp.federation.providers.registry import KINDS
from tests.cli.conftest import Terminal
from tests.factories import NOBODY, People
from tests.upstream_rows import come_back, connect, link, profile

CREATE = ("connection", "create", "--kind", "github", "--name", "github", "--client-id", "Iv1.1")


def secrets_of(people: People) -> tuple[str, ...]:
    with people.unit() as uow:
        return upstreams.of(uow, connections.get(uow, "github")).client_secrets


def test_a_connection_is_made_changed_and_deleted(idp: Terminal, people: People) -> None:
    at = ("--tenant", people.tenant.slug)
    made = idp.json(*CREATE, *at, "--client-secret-stdin", "--disabled", stdin="hunter2\n")
    assert made["callback_url"] == f"{people.tenant.issuer}/connections/github/callback"
    assert (made["label"], made["enabled"], made["has_client_secret"]) == ("GitHub", False, True)
    assert idp.json("connection", "show", *at, "github") == made
    assert idp.json("connection", "enable", *at, "github")["enabled"] is True
    changed = idp.json("connection", "set", *at, "github", "label=Our GitHub", "position=4", "client-id=Iv1.2")
    assert (changed["label"], changed["position"], changed["client_id"]) == ("Our GitHub", 4, "Iv1.2")
    assert idp.json("connection", "set", *at, "github", "label=")["label"] == "GitHub"
    assert idp.json("connection", "disable", *at, "github")["enabled"] is False
    assert [row["name"] for row in idp.json("connection", "list", *at)] == ["github"]
    assert idp.sentence("connection", "delete", *at, "github").endswith("repeat it with --yes.")
    assert idp.json("connection", "delete", *at, "github", "--yes") == {"name": "github", "deleted": True}
    assert idp.sentence("connection", "show", *at, "github") == "There is no connection 'github' here."


def test_making_one_says_what_to_do_next_and_no_secret(idp: Terminal, people: People, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    made = idp(*CREATE, "--tenant", people.tenant.slug, "--client-secret-file", "secret")
    assert made.exit_code == 0
    assert f"{people.tenant.issuer}/connections/github/callback" in made.stderr
    assert f"idp connection test --tenant {people.tenant.slug} github" in made.stderr
    assert "hunter2" not in made.output
    assert secrets_of(people) == ("hunter2",)


def test_a_secret_is_replaced_and_the_one_before_still_counts(idp: Terminal, people: People) -> None:
    at = ("--tenant", people.tenant.slug)
    idp.json(*CREATE, *at, "--client-secret-stdin", stdin="first")
    changed = idp.json("connection", "set", *at, "github", "--client-secret-stdin", stdin="second")
    assert changed["previous_secret_until"] is not None
    assert secrets_of(people) == ("second", "first")
    moved = ("connection", "set", *at, "github", "base_url=https://github.acme.example")
    assert idp.sentence(*moved).startswith("Another address of the upstream needs the client_secret too")


def test_options_are_typed_as_settings_are(idp: Terminal, people: People) -> None:
    at = ("--tenant", people.tenant.slug)
    made = idp.json(
        *(*CREATE, *at, "--client-secret-stdin", "--option", "organizations=acme, acme-labs"),
        *("--option", "roles=acme/core:member,urn:acme:team:admin", "--option", "trusts-email=yes"),
        *("--option", "creation=domains", "--option", "creation_domains=Acme.example"),
        stdin="hunter2",
    )
    options = made["options"]
    assert options["organizations"] == ["acme", "acme-labs"]
    assert options["roles"] == {"acme/core": "member", "urn:acme:team": "admin"}
    assert (options["trusts_email"], options["creation_domains"]) == (True, ["acme.example"])
    changed = idp.json(
        "connection", "set", *at, "github", 'roles={"Sales, EMEA": "member"}', "creation=", "trusts_email=no"
    )
    assert changed["options"]["roles"] == {"Sales, EMEA": "member"}
    assert (changed["options"]["creation"], changed["options"]["trusts_email"]) == ("off", False)
    defaults = idp.json("connection", "set", *at, "github", *(f"{name}=" for name in options))["options"]
    assert defaults == {name: Options().model_dump()[name] for name in options}


def test_claims_of_an_oidc_upstream_may_be_urls(idp: Terminal, people: People) -> None:
    made = idp.json(
        *("connection", "create", "--tenant", people.tenant.slug, "--kind", "oidc", "--name", "corp"),
        *("--client-id", "idp", "--client-secret-stdin", "--option", "issuer=https://login.acme.example"),
        *("--option", "claims=nickname:https://acme.example/nick,locale:lang"),
        stdin="hunter2",
    )
    assert made["options"]["claims"] == {"nickname": "https://acme.example/nick", "locale": "lang"}
    assert made["issuer"] == "https://login.acme.example"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--option", "roles=acme"), "roles reads roles=KEY:VALUE,KEY:VALUE"),
        (("--option", "roles=a:member,a:admin"), "each key once"),
        (("--option", "roles={"), "roles is not JSON"),
        (("--option", "organizations"), "'organizations' is not KEY=VALUE"),
        (("--option", "trusts_email=perhaps"), "trusts_email is true or false"),
        (("--option", "colour=red"), "colour: Extra inputs are not permitted"),
        (("--option", "groups_claim=groups"), "A connection to GitHub has no groups_claim"),
        (("--client-secret-file", "/dev/null"), "The client secret comes from stdin or from a file, not from both"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_changes_nothing(
    idp: Terminal, people: People, arguments: tuple[str, ...], said: str
) -> None:
    at = ("--tenant", people.tenant.slug)
    assert said in idp.sentence(*CREATE, *at, "--client-secret-stdin", *arguments, stdin="hunter2")
    assert idp.json("connection", "list", *at) == []


def test_without_what_it_needs_nothing_is_made(idp: Terminal, people: People) -> None:
    at = ("--tenant", people.tenant.slug)
    assert idp.sentence(*CREATE, *at) == "This kind of connection needs a client_secret."
    assert idp.sentence(*CREATE, *at, "--client-secret-stdin") == "There was no client secret."
    idp.json(*CREATE, *at, "--client-secret-stdin", stdin="hunter2")
    assert idp.sentence("connection", "set", *at, "github").startswith("Name what to change")
    assert idp.sentence("connection", "set", *at, "github", "position=-1").startswith("position is a number")
    bad_name = (*CREATE[:4], "--name", "Git Hub", *CREATE[6:], *at, "--client-secret-stdin")
    assert idp.sentence(*bad_name, stdin="x").startswith("A name is 1 to 50 characters")


def test_every_kind_is_listed_with_its_options(idp: Terminal) -> None:
    kinds = {row["kind"]: row for row in idp.json("connection", "kinds")}
    assert kinds.keys() == KINDS.keys()
    assert "issuer" in kinds["oidc"]["required"]
    assert "roles=acme/core:developer" in idp("connection", "create", "--help").stdout


def test_a_test_is_begun_and_looked_at_later(idp: Terminal, people: People) -> None:
    connect(people)
    test = ("connection", "test", "--tenant", people.tenant.slug, "github")
    begun = idp.json(*test, "--no-wait")
    assert idp.json(*test, "--result", begun["id"])["status"] == "pending"
    come_back(people, "github", begun["url"], profile())
    found = idp.json(*test, "--result", begun["id"])
    assert (found["status"], found["claims"]) == ("received", profile().claims)
    shown = idp(*test, "--result", begun["id"])
    assert "profile.email\tida@acme.example" in shown.stdout
    assert 'claims.emails\t[{"email": "ida@acme.example", "verified": true}]' in shown.stdout
    for other in (str(NOBODY), "x"):
        assert idp.sentence(*test, "--result", other).startswith("There is no")


def test_a_test_waits_for_whoever_opens_its_url(idp: Terminal, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody comes back while the command waits, and the next one is refused."""
    connect(people)
    test = ("connection", "test", "--tenant", people.tenant.slug, "github", "--json")
    answers: list[Any] = [profile(), SignInRefused(Reason.DENIED, "the upstream said access_denied")]
    urls: list[str] = []
    real = click.echo

    def opened(text: str, **options: Any) -> None:
        real(text, **options)
        if found := re.search(r"https?://\S+\?test=\S+", text):
            urls.append(found[0])
            pool.submit(come_back, people, "github", found[0], answers.pop(0))

    monkeypatch.setattr(click, "echo", opened)
    with ThreadPoolExecutor() as pool:
        received = idp(*test)
        refused = idp(*test)
    assert (received.exit_code, json.loads(received.stdout)["status"]) == (0, "received")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["failure"] == {"reason": "denied", "cause": "the upstream said access_denied"}
    assert len(urls) == 2


def test_patience_has_an_end(idp: Terminal, people: People) -> None:
    connect(people)
    ended = idp("connection", "test", "--tenant", people.tenant.slug, "github", "--timeout", "1")
    assert ended.exit_code == 1
    assert "Nobody came back within 1 seconds" in ended.stderr
    (test_id,) = re.findall(r"--result (\S+)`", ended.stderr)
    result = idp.json("connection", "test", "--tenant", people.tenant.slug, "github", "--result", test_id)
    assert result["status"] == "pending"


def test_identities_are_listed_and_taken_away(idp: Terminal, people: People) -> None:
    at = ("--tenant", people.tenant.slug, "ida@acme.example")
    connect(people)
    row = link(people, people.user(email="ida@acme.example"))
    (shown,) = idp.json("user", "identities", *at)
    assert (shown["connection"], shown["subject"], shown["id"]) == ("github", "583231", str(row.id))
    unlink = ("user", "unlink", *at, "--connection", "github")
    assert idp.sentence(*unlink).endswith("repeat it with --yes.")
    assert idp.json(*unlink, "--yes")["unlinked"] is True
    assert idp.json("user", "identities", *at) == []
    assert idp.sentence(*unlink, "--yes") == "They do not sign in by github."
    assert idp.sentence(*unlink[:-1], "x", "--yes") == "There is no connection 'x' here."
