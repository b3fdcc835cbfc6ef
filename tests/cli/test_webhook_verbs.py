"""``idp webhook``."""

import threading

from idp.events.types import EventType
from idp.wiring import Wiring
from idp.worker import delivery
from tests.cli.conftest import Terminal
from tests.factories import NOBODY, People

URL = "https://acme.example/hooks"


def work(wiring: Wiring) -> None:
    """Work off what is due; this installation calls nobody inside."""
    while delivery.deliver_due(wiring, threading.Event()):
        pass


def test_a_webhook_is_made_changed_and_deleted(idp: Terminal, people: People) -> None:
    at = ("--tenant", people.tenant.slug)
    made = idp.json("webhook", "create", *at, URL, "--events", "user.*,key.revoked", "--description", "CRM")
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert (made["event_types"], made["enabled"], made["description"]) == (["key.revoked", "user.*"], True, "CRM")
    assert idp.json("webhook", "show", *at, made["id"]) == made
    changed = idp.json("webhook", "update", *at, made["id"], "--events", "*", "--description", "")
    assert (changed["event_types"], changed["description"], "secret" in changed) == (["*"], None, False)
    moved = idp.json("webhook", "update", *at, made["id"], "--url", f"{URL}/new")
    assert moved["secret"] != secret
    rotated = idp.json("webhook", "rotate-secret", *at, made["id"])
    assert rotated["secret"] not in {secret, moved["secret"]}
    assert rotated["previous_secret_until"] is not None
    assert idp.json("webhook", "disable", *at, made["id"])["enabled"] is False
    assert idp.json("webhook", "enable", *at, made["id"])["enabled"] is True
    assert [row["url"] for row in idp.json("webhook", "list", *at)] == [f"{URL}/new"]
    assert idp.sentence("webhook", "delete", *at, made["id"]).endswith("repeat it with --yes.")
    assert idp.json("webhook", "delete", *at, made["id"], "--yes") == {"id": made["id"], "deleted": True}
    assert idp.json("webhook", "list", *at) == []


def test_word_is_sent_again(idp: Terminal, people: People, wiring: Wiring) -> None:
    at = ("--tenant", people.tenant.slug)
    webhook = idp.json("webhook", "create", *at, "https://localhost/hooks", "--events", "key.revoked")["id"]
    tested = idp.json("webhook", "test", *at, webhook)
    assert (tested["event_type"], tested["state"]) == (EventType.WEBHOOK_TESTED, "pending")
    work(wiring)
    (row,) = idp.json("webhook", "deliveries", *at, webhook, "--state", "pending", "--type", "webhook.tested")
    assert (row["id"], row["attempts"]) == (tested["id"], 1)
    shown = idp.json("webhook", "deliveries", *at, webhook, "--show", row["id"])
    assert [one["error"] for one in shown["tries"]] == ["This address cannot be called from here."]
    assert shown["payload"]["type"] == "webhook.tested"
    again = idp.json("webhook", "replay", *at, webhook, "--delivery", row["id"])
    assert again == {"count": 1, "has_more": False}
    since = idp.json("webhook", "replay", *at, webhook, "--since", "2026-01-01")
    assert since == {"count": 0, "has_more": False}
    assert "0 deliveries" in idp("webhook", "replay", *at, webhook, "--since", "2026-01-01").output


def test_what_cannot_be_is_a_sentence(idp: Terminal, people: People) -> None:
    at = ("--tenant", people.tenant.slug)
    assert idp.sentence("webhook", "create", *at, "http://acme.example/") == "A URL begins with https://."
    said = idp.sentence("webhook", "create", *at, URL, "--events", "user.create")
    assert said == "There is no event type 'user.create'. The nearest is 'user.created'."
    assert idp.sentence("webhook", "show", *at, str(NOBODY)) == "There is no such webhook."
    webhook = idp.json("webhook", "create", *at, URL)["id"]
    assert idp.sentence("webhook", "create", *at, URL) == "There is a webhook with this URL already."
    assert idp.sentence("webhook", "update", *at, webhook).startswith("Name what to change")
    assert idp.sentence("webhook", "replay", *at, webhook).startswith("Name one --delivery, or --since")
    assert idp.sentence("webhook", "deliveries", *at, webhook, "--show", str(NOBODY)) == "There is no such delivery."
    idp.json("webhook", "disable", *at, webhook)
    said = idp.sentence("webhook", "replay", *at, webhook, "--since", "2026-01-01")
    assert said == "This webhook is disabled. Enable it first."
