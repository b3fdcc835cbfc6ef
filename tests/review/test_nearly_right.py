"""Settings, metadata and passwords that are nearly right: a sentence, never a mistake of ours."""

import unicodedata
from typing import Any

import pytest

from idp.authn import passwords
from idp.config import Misconfigured, Settings
from idp.oauth.errors import ClientMetadataInvalid
from idp.oauth.metadata import ClientMetadata
from idp.tenants import service as tenants
from idp.tenants.errors import SettingUnknown
from idp.tenants.models import Tenant
from idp.users.models import User
from idp.wiring import Wiring
from tests.factories import CALLBACK, People

WEB = {"client_name": "Notes", "redirect_uris": [CALLBACK]}


@pytest.mark.parametrize("value", ["9" * 5000, "-1", "true", "2.5", " ", "1e3", "0"])
def test_a_setting_out_of_bounds_is_named(wiring: Wiring, tenant: Tenant, value: str) -> None:
    with wiring.platform_unit() as platform, pytest.raises(SettingUnknown, match="session_idle_minutes"):
        tenants.update(platform, tenants.get(platform, tenant.slug), {"session_idle_minutes": value})


@pytest.mark.parametrize("kind", [[], {}, 1, None])
def test_metadata_of_an_odd_type_is_refused(kind: Any) -> None:
    with pytest.raises(ClientMetadataInvalid, match="type"):
        ClientMetadata.read({**WEB, "type": kind}, loopback_http=False)


def test_a_key_is_named_by_text() -> None:
    """A list would end every assertion of that client in a 500."""
    key = {"kty": "RSA", "n": "u" + "A" * 341, "e": "AQAB", "kid": ["a"]}
    members = {**WEB, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key]}}
    with pytest.raises(ClientMetadataInvalid, match="kid"):
        ClientMetadata.read(members, loopback_http=False)


def test_development_stays_on_this_machine(environment: dict[str, str]) -> None:
    """R59: everybody's mail is readable at /dev/mail."""
    with pytest.raises(Misconfigured, match="IDP_DEV"):
        Settings.load(environment | {"IDP_BASE_URL": "https://id.example.com"})


@pytest.mark.parametrize("url", ["localhost/idp", "postgresql://u:p@db:port/idp", "mysql://u:p@db/idp"])
def test_a_database_url_that_is_none_is_named_without_its_password(environment: dict[str, str], url: str) -> None:
    with pytest.raises(Misconfigured, match="IDP_DATABASE_URL must be") as refused:
        Settings.load(environment | {"IDP_DATABASE_URL": url})
    assert url not in str(refused.value)


@pytest.mark.parametrize("base_url", ["https://id.example.com:443", "https://ID.example.com", "http://localhost:80"])
def test_the_base_url_is_spelled_as_browsers_spell_an_origin(environment: dict[str, str], base_url: str) -> None:
    """``Origin`` and ``Host`` are compared with it."""
    with pytest.raises(Misconfigured, match="IDP_BASE_URL"):
        Settings.load(environment | {"IDP_BASE_URL": base_url, "IDP_DEV": "false"})


def test_a_password_is_measured_as_it_is_hashed(people: People) -> None:
    """R25: NFC first, so that an accented password is the same from every keyboard."""
    typed = unicodedata.normalize("NFD", "éàüçñôïâêùãõ" * 10)
    user = people.user()
    with people.unit() as uow:
        person = uow.get(User, user.id)
        passwords.set_password(uow, person, typed)
        uow.flush()
        assert passwords.verify(uow, person, typed)
