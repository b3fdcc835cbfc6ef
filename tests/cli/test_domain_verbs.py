"""``idp domain``, against a real name server."""

from typing import Any

from idp.tenants.models import Tenant
from tests.cli.conftest import Terminal
from tests.dns_server import name_server


def test_a_domain_is_added_proven_and_removed(idp: Terminal, tenant: Tenant) -> None:
    where = ("--tenant", tenant.slug)
    with name_server() as server:
        idp.environment["IDP_DNS_SERVERS"] = server.address
        added: Any = idp.json("domain", "add", *where, "Acme.example")
        assert added["record_name"] == "_idp-challenge.acme.example"
        assert idp.sentence("domain", "verify", *where, "acme.example").startswith("There is no TXT record at")
        (looked_for,) = idp.json("domain", "list", *where)
        assert (looked_for["checked_at"] is None, looked_for["verified_at"]) == (False, None)
        server.records[added["record_name"]] = [added["record_value"]]
        assert idp.json("domain", "verify", *where, "acme.example")["verified_at"] is not None
    assert [row["domain"] for row in idp.json("domain", "list", *where)] == ["acme.example"]
    assert idp.sentence("domain", "add", *where, "ACME.example") == "acme.example is in the list already."
    idp.json("domain", "remove", *where, "acme.example", "--yes")
    assert idp.sentence("domain", "verify", *where, "acme.example") == "There is no domain 'acme.example' here."
    assert idp.sentence("domain", "add", *where, "acme") == "'acme' is not a domain such as acme.example."
