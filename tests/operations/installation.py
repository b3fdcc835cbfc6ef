"""An installation of its own: a database that a test may fill, break, dump and restore, beside those of others."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert, make_url

from idp.config import Settings
from idp.ids import new_id
from idp.policy import Policy
from idp.tenants.models import Branding, Tenant
from idp.wiring import Wiring
from tests import services

ROOT = Path(__file__).parents[2]


@dataclass
class Installation:
    """A database from the migrated template, and the settings that lead to it."""

    addresses: dict[str, str]
    environment: dict[str, str]
    name: str
    _wirings: list[Wiring] = field(default_factory=list)

    @classmethod
    def make(cls, addresses: dict[str, str], environment: dict[str, str], name: str) -> "Installation":
        """With the built-in tenant, and the master keys of `environment`."""
        services.create_database(addresses, name, owner="idp_owner", template="idp_template")
        made = cls(addresses, environment | cls.urls(addresses, name), name)
        from idp.cli.db import bring_up

        bring_up(made.settings, made.wiring())
        return made

    @staticmethod
    def urls(addresses: dict[str, str], name: str) -> dict[str, str]:
        """The three URLs of a database."""
        return {
            variable: make_url(addresses[variable]).set(database=name).render_as_string(hide_password=False)
            for variable in ("IDP_DATABASE_URL", "IDP_PLATFORM_DATABASE_URL", "IDP_OWNER_DATABASE_URL")
        }

    @property
    def admin_url(self) -> str:
        """Of the superuser, in this database."""
        return make_url(self.addresses["admin_url"]).set(database=self.name).render_as_string(hide_password=False)

    @property
    def settings(self) -> Settings:
        return Settings.load(self.environment)

    def wiring(self, **changes: str) -> Wiring:
        """A process with these settings, or with others."""
        wiring = Wiring.of(Settings.load(self.environment | changes))
        self._wirings.append(wiring)
        return wiring

    def start(self, *args: str, log: Path, code: Path = ROOT, **changes: str) -> subprocess.Popen[bytes]:
        """A real process of `idp`, of the code in that folder; what it says goes into `log`."""
        with log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "idp", *args],
                cwd=code,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(code), **self.environment, **changes},
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def add_tenants(self, count: int, **changes: str) -> Sequence[Any]:
        """Tenants that are a row and nothing else; answers their ids."""
        wiring = self.wiring(**changes)
        ids = [new_id() for _ in range(count)]
        rows = [
            {
                "id": tenant_id,
                "slug": f"n-{tenant_id.hex[-12:]}",
                "name": "Numbered",
                "issuer": f"http://localhost:8000/t/n-{tenant_id.hex[-12:]}",
                "policy": Policy(),
                "branding": Branding(),
                "data_key_sealed": wiring.master_keys.wrap_new(tenant_id),
            }
            for tenant_id in ids
        ]
        with wiring.platform_unit() as platform:
            platform.execute(insert(Tenant), rows)
        return ids

    def close(self) -> None:
        """Give every connection back."""
        for wiring in self._wirings:
            wiring.dispose()
