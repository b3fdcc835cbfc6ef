"""Plain functions that make what a test needs, through the same verbs as everybody else."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from math import gcd, lcm
from typing import Any
from unittest import mock
from uuid import UUID

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)

from idp.accounts import leaving
from idp.authn import passwords as credentials
from idp.cli.db import bring_up
from idp.crypto import passwords
from idp.db.unit import UnitOfWork
from idp.keys import rsa
from idp.oauth import registration, resources
from idp.oauth.metadata import ClientMetadata
from idp.oauth.models import Client
from idp.rbac import service as rbac
from idp.tenants import service as tenants
from idp.tenants.models import SYSTEM_SLUG, Tenant
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring

MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PASSWORD = "correct horse battery staple"
CALLBACK = "https://app.example.com/callback"
SIGNED_OUT = "https://app.example.com/signed-out"
API = "https://api.example.com"
NOBODY = UUID("01a20e00-0000-7000-8000-000000000000")
"""An id that nothing has; always the same, because test workers must collect the same names."""
_numbers = itertools.count(1)


@contextmanager
def ready_made_keys() -> Iterator[None]:
    """Hand out real RSA keys, each another one, over primes that were found once: finding them takes a while."""
    primes = rsa.generate(2048).private_numbers()
    with mock.patch.object(rsa, "generate", side_effect=_keys_over(primes.p, primes.q)):
        yield


@contextmanager
def cheap_passwords() -> Iterator[None]:
    """Real Argon2id hashes that cost a tenth: nearly every test signs somebody in, few ask what that costs."""
    hasher = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1)
    with (
        mock.patch.object(passwords, "_HASHER", hasher),
        mock.patch.object(passwords, "_DUMMY", hasher.hash("a password nobody has")),
    ):
        yield


def _keys_over(p: int, q: int) -> Iterator[RSAPrivateKey]:
    """Keys with the same modulus and one public exponent after the other."""
    order = lcm(p - 1, q - 1)
    for e in itertools.count(65537, 2):
        if gcd(e, order) == 1:
            d = pow(e, -1, order)
            numbers = RSAPrivateNumbers(
                p=p,
                q=q,
                d=d,
                dmp1=rsa_crt_dmp1(d, p),
                dmq1=rsa_crt_dmq1(d, q),
                iqmp=rsa_crt_iqmp(p, q),
                public_numbers=RSAPublicNumbers(e, p * q),
            )
            yield numbers.private_key(unsafe_skip_rsa_key_validation=True)


def system_tenant(wiring: Wiring) -> Tenant:
    """The built-in tenant of the operators, as `idp db upgrade` makes it."""
    bring_up(wiring.settings, wiring)
    with wiring.platform_unit() as platform:
        return tenants.get(platform, SYSTEM_SLUG)


def make_tenant(wiring: Wiring, *, slug: str | None = None, **changes: str) -> Tenant:
    """A committed tenant with its first key and its roles."""
    slug = slug or f"t{next(_numbers)}-{id(wiring) % 997}"
    with wiring.platform_unit() as platform:
        tenant = tenants.create(platform, slug=slug, name=f"Tenant {slug}", base_url=wiring.settings.base_url)
        if changes:
            tenants.update(platform, tenant, changes)
    return tenant


def make_user(uow: UnitOfWork, *, email: str = "ada@example.com", roles: tuple[str, ...] = (), **profile: Any) -> User:
    """A person with `PASSWORD` and a verified address."""
    user = users.create(uow, email=email, verified=True, **profile)
    uow.flush()
    credentials.set_password(uow, user, PASSWORD)
    for role in roles:
        rbac.assign_role(uow, user, role)
    return user


def make_client(uow: UnitOfWork, **members: Any) -> tuple[Client, str | None]:
    """A confidential, first-party web client, unless `members` say otherwise (RFC 7591)."""
    if members.get("type") != "machine" and "grant_types" not in members:
        members.setdefault("redirect_uris", [CALLBACK])
        members.setdefault("post_logout_redirect_uris", [SIGNED_OUT])
        members.setdefault("first_party", True)
    metadata = ClientMetadata.read({"client_name": "Notes", **members}, loopback_http=False)
    return registration.register(uow, metadata)


class People:
    """The same factories, each in a transaction of its own that commits."""

    def __init__(self, wiring: Wiring, tenant: Tenant) -> None:
        self.wiring, self.tenant = wiring, tenant

    def unit(self) -> UnitOfWork:
        return self.wiring.tenant_unit(self.tenant)

    def user(self, **values: Any) -> User:
        with self.unit() as uow:
            return make_user(uow, **values)

    def erase(self, user: User, *, tell: bool = False) -> None:
        with self.wiring.platform_unit() as platform, platform.within(self.tenant) as uow:
            leaving.erase(uow, user, tell=tell)

    def client(self, **members: Any) -> tuple[Client, str | None]:
        with self.unit() as uow:
            return make_client(uow, **members)

    def resource(
        self, identifier: str = API, scope: tuple[str, ...] = ("notes:read", "notes:write"), **values: Any
    ) -> Any:
        with self.unit() as uow:
            return resources.register(uow, identifier=identifier, name="Notes API", scope=list(scope), **values)
