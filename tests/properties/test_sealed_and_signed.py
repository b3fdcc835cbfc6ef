"""What was sealed opens in its own place only, a refresh token is genuine bit for bit, a JWT is ours or refused."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import jwt
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from idp.crypto.sealing import DataKey, MasterKeys, SealBroken
from idp.crypto.secrets import decode, encode, mac, matches
from idp.db.unit import UnitOfWork
from idp.keys import rsa, signing
from idp.keys.errors import TokenInvalid
from idp.oauth import refresh_tokens
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests import factories

KEY = st.binary(min_size=32, max_size=32)
NOT_A_FIXTURE_OF_ONE_EXAMPLE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
PLACES = st.tuples(st.uuids(), st.sampled_from(["a", "b"]), st.sampled_from(["x_sealed", "y_sealed"]), st.uuids())


@given(st.binary(max_size=64))
def test_base64url_has_one_spelling(raw: bytes) -> None:
    assert decode(encode(raw)) == raw


@given(st.text(max_size=20))
def test_another_spelling_is_refused(text: str) -> None:
    try:
        raw = decode(text)
    except ValueError:
        return
    assert encode(raw) == text


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_no_two_lists_share_a_mac(one: list[bytes], other: list[bytes]) -> None:
    key = bytes(32)
    assert matches(mac(key, *one), mac(key, *other)) == (one == other)


@given(KEY, st.binary(max_size=100), PLACES, PLACES)
def test_a_moved_blob_does_not_open(
    key: bytes, value: bytes, place: tuple[UUID, str, str, UUID], other: tuple[UUID, str, str, UUID]
) -> None:
    """R19: tenant, table, column and row are part of the seal."""
    tenant, table, column, row = place
    sealed = DataKey(tenant, key).seal(value, table=table, column=column, row=row)
    assert DataKey(tenant, key).unseal(sealed, table=table, column=column, row=row) == value
    assert value not in sealed or len(value) < 8
    for changed in range(4):
        moved = tuple(other[at] if at == changed else place[at] for at in range(4))
        if moved != place:
            with pytest.raises(SealBroken):
                DataKey(moved[0], key).unseal(sealed, table=moved[1], column=moved[2], row=moved[3])


@given(KEY, st.binary(max_size=40), st.uuids(), st.data())
def test_a_damaged_blob_does_not_open(key: bytes, value: bytes, row: UUID, data: st.DataObject) -> None:
    data_key = DataKey(row, key)
    sealed = bytearray(data_key.seal(value, table="t", column="c", row=row))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        data_key.unseal(bytes(sealed), table="t", column="c", row=row)


@given(KEY, KEY, st.uuids(), st.uuids(), st.binary(max_size=80))
def test_a_wrapped_key_opens_for_its_tenant_and_master_only(
    master: bytes, other: bytes, tenant: UUID, stranger: UUID, noise: bytes
) -> None:
    assume(master != other and tenant != stranger)
    ours = MasterKeys({"new": other, "old": master})
    wrapped = MasterKeys({"old": master}).wrap_new(tenant)
    assert ours.open(tenant, wrapped).derive("p") == MasterKeys({"old": master}).open(tenant, wrapped).derive("p")
    for keys, who, blob in (
        (ours, stranger, wrapped),
        (MasterKeys({"old": other}), tenant, wrapped),
        (MasterKeys({"new": other}), tenant, wrapped),
        (ours, tenant, noise),
    ):
        with pytest.raises(SealBroken):
            keys.open(who, blob)


@given(KEY, st.uuids(), st.uuids(), st.integers(0, refresh_tokens.MAX_GENERATION), KEY)
def test_a_refresh_token_says_what_was_written(
    key: bytes, tenant: UUID, family: UUID, number: int, seed: bytes
) -> None:
    token = refresh_tokens.read(refresh_tokens.write(key, tenant, family, number, seed))
    assert token is not None
    assert (token.family_id, token.generation) == (family, number)
    assert token.is_genuine(key, tenant, seed)
    assert encode(token.tag) not in repr(token)


@given(KEY, st.uuids(), st.uuids(), st.integers(0, 9), KEY, st.integers(0, 52 * 8 - 1))
def test_one_flipped_bit_is_a_forgery(
    key: bytes, tenant: UUID, family: UUID, number: int, seed: bytes, bit: int
) -> None:
    raw = bytearray(decode(refresh_tokens.write(key, tenant, family, number, seed).removeprefix(refresh_tokens.PREFIX)))
    raw[bit // 8] ^= 1 << (bit % 8)
    token = refresh_tokens.read(refresh_tokens.PREFIX + encode(bytes(raw)))
    assert token is None or not token.is_genuine(key, tenant, seed)


@given(KEY, KEY, st.uuids(), st.uuids(), KEY, KEY)
def test_a_token_is_genuine_for_one_key_tenant_and_seed(
    key: bytes, other: bytes, tenant: UUID, stranger: UUID, seed: bytes, another: bytes
) -> None:
    assume(key != other and tenant != stranger and seed != another)
    token = refresh_tokens.read(refresh_tokens.write(key, tenant, tenant, 0, seed))
    assert token is not None
    assert not any([token.is_genuine(other, tenant, seed), token.is_genuine(key, stranger, seed)])
    assert not token.is_genuine(key, tenant, another)


@given(st.text() | st.text().map(lambda text: refresh_tokens.PREFIX + text))
def test_reading_a_refresh_token_never_raises(text: str) -> None:
    assert refresh_tokens.read(text) is None


@pytest.fixture(scope="module")
def unit(wiring: Wiring) -> Iterator[UnitOfWork]:
    """Of a tenant whose keys stay in memory."""
    tenant: Tenant = factories.make_tenant(wiring)
    with wiring.tenant_unit(tenant) as uow:
        yield uow


def claims(uow: UnitOfWork) -> dict[str, Any]:
    return {"iss": uow.tenant.issuer, "sub": "s", "aud": "a", **signing.expires_in(uow.tenant.policy.access_token_ttl)}


B64 = "ABCDEFabcdef0123456789-_"
HEADERS = st.dictionaries(
    st.sampled_from(["alg", "typ", "kid", "jku", "jwk", "x5u", "crit", "b64", "zip", "enc"]),
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()) | st.just("RS256") | st.just("at+jwt"),
)
ODD_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)
ODD_CLAIMS = st.dictionaries(st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti"]), ODD_VALUES)


@given(st.text() | st.lists(st.text(B64), min_size=3, max_size=3).map(".".join))
@NOT_A_FIXTURE_OF_ONE_EXAMPLE
def test_any_text_is_no_token(unit: UnitOfWork, text: str) -> None:
    with pytest.raises(TokenInvalid):
        signing.verify(unit, text, "at+jwt", aud=None)
    signing.claimed_subject(text)


@given(st.data())
@NOT_A_FIXTURE_OF_ONE_EXAMPLE
def test_a_changed_token_is_no_token(unit: UnitOfWork, data: st.DataObject) -> None:
    token = signing.sign(unit, claims(unit), "at+jwt")
    assert signing.verify(unit, token, "at+jwt", aud="a")["sub"] == "s"
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(B64 + "."))
    changed = token[:place] + other + token[place + 1 :]
    if changed == token or changed.rpartition(".")[0] == token.rpartition(".")[0]:
        return  # the last bits of a signature's base64url may be spelled more than one way
    with pytest.raises(TokenInvalid):
        signing.verify(unit, changed, "at+jwt", aud=None)


@given(HEADERS)
@NOT_A_FIXTURE_OF_ONE_EXAMPLE
def test_a_header_that_we_would_not_write_is_refused(unit: UnitOfWork, header: dict[str, Any]) -> None:
    """R17: the algorithm, the type and the key are ours to name."""
    parts = [encode(json.dumps(part).encode()) for part in (header, claims(unit))]
    with pytest.raises(TokenInvalid):
        signing.verify(unit, ".".join([*parts, encode(bytes(256))]), "at+jwt", aud=None)


@given(ODD_CLAIMS)
@NOT_A_FIXTURE_OF_ONE_EXAMPLE
def test_odd_claims_are_refused_though_signed_by_us(unit: UnitOfWork, odd: dict[str, Any]) -> None:
    try:
        read = signing.verify(unit, signing.sign(unit, claims(unit) | odd, "at+jwt"), "at+jwt", aud="a")
    except (TokenInvalid, TypeError, ValueError):
        return
    assert read["iss"] == unit.tenant.issuer
    assert isinstance(read["sub"], str)


_CLIENT_KEY = rsa.generate(2048)


@given(ODD_CLAIMS)
@example({"exp": "9999999999"})
@example({"exp": 1e300})
@example({"exp": float("inf")})
@example({"jti": "\ud800"})
def test_odd_claims_of_a_client_are_refused_and_nothing_worse(odd: dict[str, Any]) -> None:
    """A client signs what it likes."""
    client_id = "01890000-0000-7000-8000-000000000000"
    good = {"iss": client_id, "sub": client_id, "aud": "a", "jti": "1", **signing.expires_in(signing.LEEWAY)}
    token = jwt.api_jws.encode(json.dumps(good | odd).encode(), _CLIENT_KEY, algorithm="RS256")
    try:
        read = signing.verify_assertion(
            token, [rsa.public_jwk(_CLIENT_KEY.public_key())], client_id=client_id, audiences=["a"]
        )
    except TokenInvalid:
        return
    assert read["sub"] == client_id
    assert read["jti"].encode()
    assert isinstance(read["exp"], int | float)


def test_a_token_of_one_type_is_not_of_another(unit: UnitOfWork) -> None:
    """R6."""
    for typ, other in (("at+jwt", "JWT"), ("JWT", "at+jwt")):
        with pytest.raises(TokenInvalid):
            signing.verify(unit, signing.sign(unit, claims(unit), typ), other, aud=None)  # type: ignore[arg-type]
