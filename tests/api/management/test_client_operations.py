"""Clients and their secrets by the management API (R9, R14, R48)."""

from typing import Any
from uuid import UUID

import pytest

from idp.authn import sessions
from idp.keys import rsa
from idp.oauth import clients, direct, grants, management
from tests.api.management.callers import Caller
from tests.factories import CALLBACK, NOBODY, People, make_user

WEB = {"client_name": "Notes", "type": "web", "redirect_uris": [CALLBACK]}
MACHINE = {"client_name": "Nightly", "type": "machine", "scope": "users:read"}


def opens(caller: Caller, people: People, client: dict[str, Any], secret: str) -> bool:
    """Whether the token endpoint takes the secret."""
    clients.forget()
    answer = caller.http.post(
        f"{people.tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client["client_id"], secret),
    )
    return bool(answer.status_code == 200)


def through(app: Any, people: People, client_id: str, *, email: str) -> Caller:
    """Somebody who uses a first-party client."""
    clients.forget()
    with people.unit() as uow:
        user = make_user(uow, email=email)
        registration = clients.find_registration(uow, UUID(client_id))
        assert registration is not None
        session, _secret = sessions.start(uow, user.id, ["pwd"], replaces=None)
        uow.flush()
        tokens = direct.issue(uow, registration, session, scope=registration.client.scope, resource=[])
    return Caller(app, management.audience(people.tenant), tokens["access_token"], user.id)


def test_a_client_is_registered_changed_and_deleted(admin: Caller) -> None:
    made = admin.post("/clients", WEB)
    assert made.status_code == 201
    assert made.json["client_secret"].startswith("idp_cs_")
    assert made.json["grant_types"] == ["authorization_code", "refresh_token"]
    url = f"/clients/{made.json['client_id']}"
    shown = admin.get(url)
    assert "client_secret" not in shown.json
    changed = admin.patch(
        url, {"redirect_uris": [CALLBACK, CALLBACK + "2"]}, headers={"If-Match": shown.headers["ETag"]}
    )
    assert changed.json["redirect_uris"] == [CALLBACK, CALLBACK + "2"]
    assert admin.patch(url, {"client_name": "X"}, headers={"If-Match": shown.headers["ETag"]}).status_code == 412
    assert admin.get("/clients?filter[name]=Notes").json["items"] == [changed.json]
    assert admin.delete(url).status_code == 204
    assert admin.get(url).json["code"] == "no-such-client"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({**WEB, "redirect_uris": ["http://evil.example/x"]}, "client-metadata-invalid"),
        ({**WEB, "redirect_uris": ["https://*.example/x"]}, "client-metadata-invalid"),
        ({**WEB, "redirect_uris": []}, "client-metadata-invalid"),
        ({**WEB, "redirect_uris": CALLBACK}, "body-invalid"),
        ({**WEB, "client_id": str(NOBODY)}, "body-invalid"),
        ({**WEB, "require_pkce": 0}, "body-invalid"),
        ({**WEB, "scope": ["openid"]}, "body-invalid"),
        ({**WEB, "scope": 'a"b'}, "client-metadata-invalid"),
        ({**WEB, "scope": "openid users:read"}, "client-metadata-invalid"),
        ({**WEB, "first_party": True}, "permission-needed"),
        ({**WEB, "direct_sign_in": True}, "client-metadata-invalid"),
        ({**MACHINE, "scope": "mail:write"}, "beyond-your-own"),
        ({"client_name": "K", "token_endpoint_auth_method": "private_key_jwt", **WEB}, "client-metadata-invalid"),
    ],
)
def test_what_cannot_be_registered_is_told(admin: Caller, body: dict[str, Any], code: str) -> None:
    refused = admin.post("/clients", body)
    assert refused.json.get("code") == code, refused.text
    assert admin.get("/clients").json["items"] == []


def test_what_a_client_is_stays(admin: Caller) -> None:
    url = f"/clients/{admin.post('/clients', WEB).json['client_id']}"
    refused = admin.patch(url, {"type": "machine"})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/type")
    nowhere = admin.patch(url, {"redirect_uris": []})
    assert (nowhere.json["code"], nowhere.json["errors"][0]["pointer"]) == ("client-metadata-invalid", "/redirect_uris")
    assert admin.patch(url, {"scope": "openid users:read"}).json["code"] == "client-metadata-invalid"
    assert admin.patch(url, {"client_uri": "https://notes.example"}).json["client_uri"] == "https://notes.example"
    assert admin.patch(url, {"client_uri": None}).json["client_uri"] is None


def test_a_change_is_all_or_nothing(admin: Caller) -> None:
    url = f"/clients/{admin.post('/clients', WEB).json['client_id']}"
    before = admin.get(url).json
    change = {"client_name": "Other", "allowed_origins": ["https://app.example.com/path"]}
    assert admin.patch(url, change).json["errors"][0]["pointer"] == "/allowed_origins"
    assert admin.get(url).json == before
    good = {"post_logout_redirect_uris": [CALLBACK], "allowed_origins": ["https://app.example.com"], "scope": "openid"}
    after = admin.patch(url, good).json
    assert {name: after[name] for name in good} == good
    assert after["updated_at"] > before["updated_at"]
    assert admin.patch(url, good).json == after


def test_only_a_confidential_client_does_without_pkce(admin: Caller) -> None:
    web, spa = (admin.post("/clients", {**WEB, "type": kind}).json["client_id"] for kind in ("web", "spa"))
    assert admin.patch(f"/clients/{web}", {"require_pkce": False}).json["require_pkce"] is False
    refused = admin.patch(f"/clients/{spa}", {"require_pkce": False})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/require_pkce")


def test_a_client_that_signs_for_itself_changes_its_keys(admin: Caller) -> None:
    old, new = ({**rsa.public_jwk(rsa.generate(2048).public_key()), "kid": kid} for kid in ("old", "new"))
    body = {**MACHINE, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [old]}}
    made = admin.post("/clients", body).json
    assert "client_secret" not in made
    url = f"/clients/{made['client_id']}"
    assert admin.patch(url, {"jwks": {"keys": [old, new]}}).json["jwks"] == {"keys": [old, new]}
    assert admin.patch(url, {"jwks": {"keys": [new]}}).json["jwks"] == {"keys": [new]}
    for wrong in (None, {"keys": []}, {"keys": [{**new, "d": "AQAB"}]}, {"keys": ["x"]}):
        assert admin.patch(url, {"jwks": wrong}).json["errors"][0]["pointer"] == "/jwks"
    assert admin.post(f"{url}/secrets", {}).json["code"] == "client-has-no-secret"


def test_clients_are_found_and_sorted(owner: Caller) -> None:
    ours = owner.post("/clients", {**WEB, "first_party": True}).json["client_id"]
    machine = owner.post("/clients", MACHINE).json["client_id"]
    other = owner.post("/clients", {**WEB, "client_name": "Abacus", "type": "spa"}).json["client_id"]

    def found(query: str) -> list[str]:
        return [item["client_id"] for item in owner.get(f"/clients?{query}").json["items"]]

    assert found("") == [ours, machine, other]
    assert found("sort=name") == [other, machine, ours]
    assert found("sort=-name&limit=1") == [ours]
    assert found("filter[first_party]=true") == [ours]
    assert found("filter[first_party]=false&filter[type]=machine") == [machine]
    assert found("filter[name]=Abacus&filter[status]=active") == [other]
    assert owner.get("/clients?filter[first_party]=maybe").status_code == 422
    first = owner.get("/clients?limit=2").json
    assert found(f"limit=2&cursor={first['next_cursor']}") == [other]


def test_what_is_first_party_is_the_owners(owner: Caller, admin: Caller) -> None:
    made = owner.post("/clients", {**WEB, "first_party": True, "scope": "openid users:read"})
    assert made.status_code == 201, made.text
    url = f"/clients/{made.json['client_id']}"
    assert admin.patch(url, {"redirect_uris": ["https://mine.example/"]}).json["code"] == "permission-needed"
    for answer in (admin.delete(url), admin.post(f"{url}/disable"), admin.post(f"{url}/enable")):
        assert (answer.status_code, answer.json["code"]) == (403, "permission-needed")
    assert admin.post(f"{url}/secrets", {}).status_code == 201
    plain = f"/clients/{admin.post('/clients', WEB).json['client_id']}"
    assert admin.patch(plain, {"first_party": True}).json["code"] == "permission-needed"
    assert owner.patch(plain, {"first_party": True, "direct_sign_in": True}).json["direct_sign_in"] is True
    reach = owner.post("/clients", {**WEB, "client_name": "M", "first_party": True, "scope": "openid mail:write"}).json
    for method, path in (("DELETE", ""), ("POST", "/disable"), ("POST", "/enable"), ("POST", "/secrets")):
        body = {} if path == "/secrets" else None
        answer = admin.call(method, f"/clients/{reach['client_id']}{path}", body)
        assert (answer.status_code, answer.json["code"]) == (403, "beyond-your-own")


def test_a_machine_with_more_is_controlled_by_nobody_with_less(owner: Caller, admin: Caller) -> None:
    made = owner.post("/clients", MACHINE).json
    role = next(item for item in owner.get("/roles").json["items"] if item["name"] == "owner")
    assert owner.put(f"/clients/{made['client_id']}/roles/{role['id']}").status_code == 204
    assert admin.post(f"/clients/{made['client_id']}/secrets", {}).json["code"] == "beyond-your-own"
    assert admin.patch(f"/clients/{made['client_id']}", {"client_name": "Mine"}).json["code"] == "beyond-your-own"


def test_two_secrets_live_during_a_rotation(admin: Caller, people: People) -> None:
    made = admin.post("/clients", MACHINE).json
    url = f"/clients/{made['client_id']}/secrets"
    (first,) = admin.get(url).json["items"]
    assert admin.delete(f"{url}/{first['id']}").json["code"] == "last-secret"
    second = admin.post(url, {"overlap_hours": 1}).json["client_secret"]
    assert opens(admin, people, made, made["client_secret"])
    assert opens(admin, people, made, second)
    assert admin.delete(f"{url}/{first['id']}").status_code == 204
    assert not opens(admin, people, made, made["client_secret"])
    assert opens(admin, people, made, second)
    assert admin.delete(f"{url}/{first['id']}").json["code"] == "no-such-secret"
    for wrong in ({"overlap_hours": -1}, {"overlap_hours": 721}, {"overlap_hours": "1"}, {"overlap_hours": 1.5}):
        assert admin.post(url, wrong).status_code == 422


def test_a_secret_is_shown_again_only_to_whoever_repeats_the_request(admin: Caller) -> None:
    headers = {"Idempotency-Key": "terraform-0001"}
    first, second = (admin.post("/clients", MACHINE, headers=headers) for _ in range(2))
    assert second.json == first.json
    assert len(admin.get("/clients").json["items"]) == 1


def test_a_public_client_has_no_secret(admin: Caller) -> None:
    made = admin.post("/clients", {**WEB, "type": "spa"}).json
    assert "client_secret" not in made
    assert admin.post(f"/clients/{made['client_id']}/secrets", {}).json["code"] == "client-has-no-secret"


def test_a_client_that_is_shut_out_gets_nothing(admin: Caller, people: People) -> None:
    made = admin.post("/clients", MACHINE).json
    url = f"/clients/{made['client_id']}"
    assert admin.post(f"{url}/disable").json["disabled_at"] is not None
    assert not opens(admin, people, made, made["client_secret"])
    assert [item["client_id"] for item in admin.get("/clients?filter[status]=disabled").json["items"]] == [
        made["client_id"]
    ]
    assert admin.post(f"{url}/enable").json["disabled_at"] is None
    assert opens(admin, people, made, made["client_secret"])


def test_disabling_a_client_ends_what_it_may_do_for_people(owner: Caller, people: People, app: Any) -> None:
    made = owner.post("/clients", {**WEB, "first_party": True, "scope": "openid users:read"}).json
    ben = through(app, people, made["client_id"], email="ben@example.com")
    assert ben.get("/principal").status_code == 200
    assert owner.post(f"/clients/{made['client_id']}/disable").status_code == 200
    assert ben.get("/principal").status_code == 401
    assert owner.post(f"/clients/{made['client_id']}/enable").status_code == 200
    assert ben.get("/principal").status_code == 401


def test_an_authorization_that_crossed_the_disabling_does_not_come_back_with_the_client(
    owner: Caller, people: People, app: Any
) -> None:
    """For two seconds a client is remembered as it was."""
    made = owner.post("/clients", {**WEB, "first_party": True, "scope": "openid users:read"}).json
    clients.forget()
    with people.unit() as uow:
        registration = clients.find_registration(uow, UUID(made["client_id"]))
        assert registration is not None
    owner.post(f"/clients/{made['client_id']}/disable")
    with people.unit() as uow:
        user = make_user(uow, email="ben@example.com")
        session, _secret = sessions.start(uow, user.id, ["pwd"], replaces=None)
        uow.flush()
        grant = grants.start(uow, registration.client, session, scope=["openid", "users:read"])
    owner.post(f"/clients/{made['client_id']}/enable")
    with people.unit() as uow:
        assert grants.find_subject(uow, grant.id) is None


def test_what_becomes_a_third_party_loses_what_nobody_agreed_to(owner: Caller, people: People, app: Any) -> None:
    made = owner.post("/clients", {**WEB, "first_party": True, "scope": "openid users:read"}).json
    ben = through(app, people, made["client_id"], email="ben@example.com")
    url = f"/clients/{made['client_id']}"
    refused = owner.patch(url, {"first_party": False})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/scope")
    assert ben.get("/principal").status_code == 200
    assert owner.patch(url, {"first_party": False, "scope": "openid"}).json["first_party"] is False
    assert ben.get("/principal").status_code == 401


def test_the_consoles_client_stays_as_it_is(owner: Caller) -> None:
    url = f"/clients/{management.CONSOLE}"
    assert owner.get(url).json["client_name"] == "Console"
    for answer in (
        owner.patch(url, {"client_name": "x"}),
        owner.delete(url),
        owner.post(f"{url}/disable"),
        owner.post(f"{url}/enable"),
        owner.post(f"{url}/secrets", {}),
        owner.delete(f"{url}/secrets/{NOBODY}"),
    ):
        assert (answer.status_code, answer.json["code"]) == (409, "client-is-built-in")
    assert owner.get("/clients").json["items"] == []


def test_another_tenants_client_does_not_exist(admin: Caller, others: People) -> None:
    client, _ = others.client(type="machine", scope="a:b")
    for method, path, body in (("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("GET", "/secrets", None)):
        assert admin.call(method, f"/clients/{client.id}{path}", body).json["code"] == "no-such-client"
