"""Client authentication: exactly the registered method, one at a time (RFC 6749 §2.3, RFC 7523 §3, R9)."""

import base64
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from idp.keys import rsa
from idp.oauth import clients, registration
from tests.browser import Browser
from tests.factories import NOBODY, People
from tests.moments import rows

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
OURS, ANOTHERS = (generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
JWK = rsa.public_jwk(OURS.public_key())
MACHINE = {"type": "machine", "scope": "notes:read"}


def basic(name: object, secret: object) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def ask(browser: Browser, headers: dict[str, str] | None = None, **values: Any) -> Any:
    return browser.post(
        browser.url("/oauth/token"), data={"grant_type": "client_credentials", **values}, headers=headers
    )


def refused(response: Any) -> bool:
    assert response.status_code == 401, response.text
    assert response.json == {"error": "invalid_client", "error_description": "Client authentication failed."}
    assert response.headers["Cache-Control"] == "no-store"
    return True


@pytest.fixture
def by_basic(people: People) -> tuple[str, str]:
    client, secret = people.client(**MACHINE)
    return str(client.id), str(secret)


@pytest.fixture
def by_post(people: People) -> tuple[str, str]:
    client, secret = people.client(token_endpoint_auth_method="client_secret_post", **MACHINE)
    return str(client.id), str(secret)


@pytest.fixture
def by_assertion(people: People) -> str:
    client, secret = people.client(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [JWK]}, **MACHINE)
    assert secret is None
    return str(client.id)


def assertion(
    browser: Browser, client_id: str, key: Any = OURS, alg: str = "RS256", headers: Any = None, **changes: Any
) -> dict[str, str]:
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": browser.tenant.issuer,
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid4()),
    } | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    text = jwt.encode(claims, key, algorithm=alg, headers={"kid": JWK["kid"]} | (headers or {}))
    return {"client_assertion_type": JWT_BEARER, "client_assertion": text}


def test_each_method_works_for_the_client_registered_with_it(
    browser: Browser, by_basic: tuple[str, str], by_post: tuple[str, str], by_assertion: str
) -> None:
    assert ask(browser, basic(*by_basic)).status_code == 200
    assert ask(browser, basic(quote(by_basic[0]), quote(by_basic[1], safe=""))).status_code == 200
    assert ask(browser, client_id=by_post[0], client_secret=by_post[1]).status_code == 200
    assert ask(browser, **assertion(browser, by_assertion)).status_code == 200
    assert ask(browser, client_id=by_assertion, **assertion(browser, by_assertion)).status_code == 200


def test_no_method_works_for_a_client_registered_with_another(
    people: People, browser: Browser, by_basic: tuple[str, str], by_post: tuple[str, str], by_assertion: str
) -> None:
    public, _ = people.client(type="spa")
    assert refused(ask(browser, client_id=by_basic[0], client_secret=by_basic[1]))
    assert refused(ask(browser, basic(*by_post)))
    assert refused(ask(browser, client_id=by_basic[0]))
    assert refused(ask(browser, client_id=by_assertion))
    assert refused(ask(browser, client_id=public.id, client_secret="x"))
    assert refused(ask(browser, basic(public.id, "")))
    assert refused(ask(browser, **assertion(browser, by_basic[0])))
    assert refused(ask(browser))


def test_two_methods_at_once_are_one_too_many(browser: Browser, by_basic: tuple[str, str], by_assertion: str) -> None:
    """RFC 6749 §2.3: "MUST NOT use more than one authentication method in each request"."""
    both: list[tuple[dict[str, str] | None, dict[str, str]]] = [
        (basic(*by_basic), {"client_id": by_basic[0], "client_secret": by_basic[1]}),
        (basic(*by_basic), assertion(browser, by_assertion)),
        (None, {"client_secret": by_basic[1], **assertion(browser, by_assertion)}),
    ]
    for headers, values in both:
        response = ask(browser, headers, **values)
        assert (response.status_code, response.json["error"]) == (400, "invalid_request")


def test_a_secret_is_good_for_its_own_client_and_tenant_only(
    people: People, others: People, browser: Browser, by_basic: tuple[str, str]
) -> None:
    _, anothers = people.client(client_name="Another", **MACHINE)
    foreign, foreign_secret = others.client(**MACHINE)
    for name, secret in (
        (by_basic[0], anothers),
        (by_basic[0], foreign_secret),
        (by_basic[0], by_basic[1] + "A"),
        (by_basic[0], by_basic[1][:-1]),
        (by_basic[0], ""),
        (by_basic[0].upper(), by_basic[1]),
        (uuid4(), by_basic[1]),
        (foreign.id, foreign_secret),
    ):
        answer = ask(browser, basic(name, secret))
        assert refused(answer)
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="token", charset="UTF-8"'


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic AAAA",
        "Basic /w==",
        "Basic Og==",
        "Bearer abc",
        "Digest x",
        "é",
        "basic é",
    ],
)
def test_a_malformed_header_is_a_failed_authentication(browser: Browser, header: str) -> None:
    assert refused(ask(browser, {"Authorization": header}))
    assert refused(ask(browser, basic("\x00", "\x00")))
    assert refused(ask(browser, basic("%00%ff", "%ff")))


def test_the_body_may_name_the_client_of_the_header_and_no_other(browser: Browser, by_basic: tuple[str, str]) -> None:
    assert ask(browser, basic(*by_basic), client_id=by_basic[0]).status_code == 200
    assert refused(ask(browser, basic(*by_basic), client_id=str(uuid4())))


def test_two_secrets_live_during_a_rotation(people: People, browser: Browser) -> None:
    client, old = people.client(**MACHINE)
    with people.unit() as uow:
        new = registration.rotate_secret(uow, clients.get(uow, client.id))
    clients.forget()
    assert [ask(browser, basic(client.id, secret)).status_code for secret in (old, new)] == [200, 200]
    with people.unit() as uow:
        newest = registration.rotate_secret(uow, clients.get(uow, client.id))
    clients.forget()
    assert [ask(browser, basic(client.id, secret)).status_code for secret in (old, new, newest)] == [401, 200, 200]


def test_a_disabled_or_deleted_client_is_nobody(people: People, browser: Browser) -> None:
    client, secret = people.client(**MACHINE)
    assert ask(browser, basic(client.id, secret)).status_code == 200
    with people.unit() as uow:
        registration.remove(uow, clients.get(uow, client.id))
    clients.forget()
    assert refused(ask(browser, basic(client.id, secret)))


def test_an_assertion_is_used_once(browser: Browser, by_assertion: str) -> None:
    """RFC 7523 §3, item 7; R9: ``jti`` is single-use."""
    once = assertion(browser, by_assertion)
    assert ask(browser, **once).status_code == 200
    assert refused(ask(browser, **once))


NOW = int(time.time())
WRONG: list[dict[str, Any]] = [
    {"aud": "https://elsewhere.example.com"},
    {"aud": None},
    {"aud": []},
    {"aud": {"a": 1}},
    {"iss": str(NOBODY)},
    {"iss": None},
    {"sub": None},
    {"sub": 7},
    {"exp": None},
    {"exp": NOW - 3600},
    {"exp": NOW + 3600},
    {"exp": 10**18},
    {"exp": 1e300},
    {"exp": float("inf")},
    {"exp": float("nan")},
    {"exp": str(NOW + 60)},
    {"exp": []},
    {"iat": NOW + 3600},
    {"nbf": NOW + 3600},
    {"jti": None},
    {"jti": ""},
    {"jti": 7},
    {"jti": "\ud800"},
    {"jti": "\x00"},
]


@pytest.mark.parametrize("changes", WRONG, ids=lambda wrong: next(iter(wrong)))
def test_an_assertion_must_be_by_its_client_for_us_and_short_lived(
    people: People, browser: Browser, by_assertion: str, changes: dict[str, Any]
) -> None:
    before = rows(people)
    try:
        sent = assertion(browser, by_assertion, **changes)
    except TypeError:  # PyJWT will not sign such a claim
        sent = forged(assertion_claims(browser, by_assertion) | changes, OURS)
    assert refused(ask(browser, client_id=by_assertion, **sent))
    assert rows(people) == before


def assertion_claims(browser: Browser, client_id: str) -> dict[str, Any]:
    text = assertion(browser, client_id)["client_assertion"]
    return jwt.decode(text, options={"verify_signature": False})


def forged(claims: dict[str, Any], key: RSAPrivateKey) -> dict[str, str]:
    import json

    text = jwt.api_jws.encode(json.dumps(claims).encode(), key, algorithm="RS256", headers={"kid": JWK["kid"]})
    return {"client_assertion_type": JWT_BEARER, "client_assertion": text}


def embedded(browser: Browser, client_id: str) -> dict[str, str]:
    return assertion(browser, client_id, ANOTHERS, headers={"jwk": rsa.public_jwk(ANOTHERS.public_key())})


FORGERIES: dict[str, Callable[[Browser, str], dict[str, str]]] = {
    "alg none": lambda browser, name: assertion(browser, name, None, "none"),
    "hs256 with the public key": lambda browser, name: assertion(browser, name, b"n" + JWK["n"].encode(), "HS256"),
    "another's key": lambda browser, name: assertion(browser, name, ANOTHERS),
    "embedded jwk": embedded,
    "jku": lambda browser, name: assertion(browser, name, headers={"jku": "https://evil.example.com/jwks"}),
    "crit": lambda browser, name: assertion(browser, name, headers={"crit": ["exp"], "x": 1}),
    "unknown kid": lambda browser, name: assertion(browser, name, headers={"kid": "another"}),
    "rs512": lambda browser, name: assertion(browser, name, alg="RS512"),
    "not a jwt": lambda _browser, _name: {"client_assertion_type": JWT_BEARER, "client_assertion": "a.b.c"},
    "nothing": lambda _browser, _name: {"client_assertion_type": JWT_BEARER, "client_assertion": ".."},
    "unicode": lambda _browser, _name: {"client_assertion_type": JWT_BEARER, "client_assertion": "é.é.é"},
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_forged_assertion_is_refused(
    browser: Browser, by_assertion: str, forge: Callable[[Browser, str], dict[str, str]]
) -> None:
    """R17."""
    assert refused(ask(browser, client_id=by_assertion, **forge(browser, by_assertion)))
    assert refused(ask(browser, **forge(browser, by_assertion)))


def test_an_assertion_for_another_tenant_or_of_another_type_is_refused(
    others: People, browser: Browser, by_assertion: str
) -> None:
    assert refused(ask(browser, **assertion(browser, by_assertion, aud=others.tenant.issuer)))
    sent = assertion(browser, by_assertion) | {"client_assertion_type": "saml"}
    assert ask(browser, **sent).json["error"] == "invalid_request"
