"""pending → active → retiring → retired, and revoked at any moment (R18, R20)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from idp.db.unit import UnitOfWork
from idp.keys import rsa, signing
from idp.keys import service as keys
from idp.keys.errors import NoSuchKey, TokenInvalid
from idp.keys.models import KeyState, SigningKey
from tests.factories import People

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def sign(uow: UnitOfWork) -> str:
    claims = {"iss": uow.tenant.issuer, "sub": "s", "aud": "a", **signing.expires_in(timedelta(minutes=5))}
    return signing.sign(uow, claims, "at+jwt")


def pass_time(people: People, **delta: float) -> None:
    """Everything that happened to the keys happened earlier."""
    moments = (SigningKey.published_at, SigningKey.activated_at, SigningKey.retiring_at)
    with people.unit() as uow:
        uow.execute(update(SigningKey).values({moment.key: moment - timedelta(**delta) for moment in moments}))


def states(people: People) -> list[KeyState]:
    keys.forget()
    with people.unit() as uow:
        return sorted(key.state for key in keys.list_all(uow))


def tend(people: People) -> None:
    with people.unit() as uow:
        keys.tend(uow)
    keys.forget()


def test_a_tenant_is_born_with_a_key_that_signs(people: People) -> None:
    assert states(people) == [KeyState.ACTIVE]
    with people.unit() as uow:
        assert signing.verify(uow, sign(uow), "at+jwt", aud="a")["sub"] == "s"


def test_a_key_is_published_before_it_signs_and_after(people: People) -> None:
    with people.unit() as uow:
        token, first = sign(uow), keys.active(uow).kid
    tend(people)
    assert states(people) == [KeyState.ACTIVE, KeyState.PENDING]
    with people.unit() as uow:
        assert {first} < {jwk["kid"] for jwk in keys.jwks(uow)["keys"]}
        assert keys.active(uow).kid == first
    pass_time(people, days=91)
    tend(people)
    assert KeyState.RETIRING in states(people)
    with people.unit() as uow:
        assert keys.active(uow).kid != first
        assert signing.verify(uow, token, "at+jwt", aud="a")["sub"] == "s"
    pass_time(people, seconds=keys.RETIRE_AFTER.total_seconds() + 1)
    tend(people)
    with people.unit() as uow:
        retired = next(key for key in keys.list_all(uow) if key.kid == first)
        assert (retired.state, retired.private_sealed) == (KeyState.RETIRED, None)
        with pytest.raises(TokenInvalid):
            signing.verify(uow, token, "at+jwt", aud="a")


def test_a_rotation_asked_for_too_early_waits_for_the_set_to_be_known(people: People) -> None:
    with people.unit() as uow:
        assert keys.rotate(uow).state is KeyState.PENDING
    tend(people)
    assert states(people) == [KeyState.ACTIVE, KeyState.PENDING]
    pass_time(people, seconds=keys.PUBLISH_LEAD.total_seconds())
    tend(people)
    assert KeyState.RETIRING in states(people)


def test_a_revoked_key_is_gone_at_once_and_another_signs(people: People) -> None:
    with people.unit() as uow:
        token, kid = sign(uow), keys.active(uow).kid
    with people.unit() as uow:
        assert keys.revoke(uow, kid).private_sealed is None
    keys.forget()
    with people.unit() as uow:
        assert kid not in {jwk["kid"] for jwk in keys.jwks(uow)["keys"]}
        with pytest.raises(TokenInvalid):
            signing.verify(uow, token, "at+jwt", aud="a")
        assert signing.verify(uow, sign(uow), "at+jwt", aud="a")
        with pytest.raises(NoSuchKey):
            keys.revoke(uow, "no-such-kid")


def test_the_public_set_holds_public_members_only(people: People) -> None:
    with people.unit() as uow:
        for jwk in keys.jwks(uow)["keys"]:
            assert not PRIVATE_MEMBERS & jwk.keys()
            assert rsa.public_jwk(rsa.from_jwk(jwk)) == jwk


def test_another_tenants_token_is_no_token(people: People, others: People) -> None:
    with others.unit() as uow:
        foreign = sign(uow)
    with people.unit() as uow, pytest.raises(TokenInvalid):
        signing.verify(uow, foreign, "at+jwt", aud=None)


def test_a_private_key_survives_its_storage() -> None:
    made = rsa.generate(2048)
    assert rsa.from_der(rsa.to_der(made)).private_numbers() == made.private_numbers()


def test_the_kid_is_the_thumbprint_of_rfc_7638() -> None:
    """The example of RFC 7638 §3.1."""
    jwk = {
        "kty": "RSA",
        "e": "AQAB",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJE"
        "CPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Q"
        "vzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6"
        "WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    }
    assert rsa.public_jwk(rsa.from_jwk(jwk))["kid"] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("change", [{"kty": "EC"}, {"n": "AQAB"}, {"n": 5}, {"e": "!"}, {"n": ""}])
def test_what_is_no_rsa_key_is_refused(change: dict[str, object]) -> None:
    jwk = rsa.public_jwk(rsa.generate(2048).public_key())
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is what callers handle
        rsa.from_jwk(jwk | change)
