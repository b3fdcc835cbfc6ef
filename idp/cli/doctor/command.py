"""``idp doctor``: looks at everything that an installation stands on, and says how to mend what is wrong.

What is wrong with a setting hides only the checks that need it.
"""

from dataclasses import asdict

import click

from idp.cli import output
from idp.cli.connect import current
from idp.cli.doctor import database, keys, services, walls
from idp.cli.doctor.finding import Check, Patient, examine
from idp.cli.doctor.reading import read
from idp.cli.options import program
from idp.dev.instance import living_instance

_APP, _PLATFORM = ("IDP_DATABASE_URL",), ("IDP_PLATFORM_DATABASE_URL",)
CHECKS = (
    Check("app role", database.APP_ROLE, _APP),
    Check("platform role", database.PLATFORM_ROLE, _PLATFORM),
    Check("owner role", database.owner, ("IDP_OWNER_DATABASE_URL",)),
    Check("passwords", database.passwords, (*_APP, *_PLATFORM)),
    Check("postgresql", database.server_version, _APP),
    Check("encryption", database.encryption, _APP),
    Check("pooler", database.pooler, _APP),
    Check("schema", database.schema, _APP),
    Check("row-level security", walls.row_level_security, _PLATFORM),
    Check("grants", walls.grants, _PLATFORM),
    Check("master keys", keys.master_keys, ("IDP_MASTER_KEYS", *_PLATFORM)),
    Check("signing keys", keys.signing_keys, _PLATFORM),
    Check("clock", database.clock, _APP),
    Check("redis", services.redis, ("IDP_REDIS_URL",)),
    Check("redis secret", services.redis_secret, ("IDP_REDIS_URL",)),
    Check("redis clock", services.redis_clock, ("IDP_REDIS_URL",)),
    Check("mail", services.mail, ("IDP_SMTP_URL",)),
    Check("outbox", services.outbox, _PLATFORM),
)


@program("doctor")
def doctor() -> None:
    """Check all that an installation stands on.

    Configuration, roles and grants, schema, row-level security, keys, clocks, Redis, mail, what waits to leave; and how
    to mend what is wrong.  The status is that of a failure when something is ill, not when somebody should look.
    """
    instance = living_instance(current().data_dir)
    settings, wrong, configuration = read(None if instance is None else instance.environment)
    current().settings = settings
    patient = Patient(settings, current().wiring)
    findings = [configuration, *(examine(check, patient) for check in CHECKS if wrong.isdisjoint(check.needs))]
    documents = [asdict(finding) for finding in findings]
    has_advice = any(finding.mend for finding in findings)
    output.table(documents, ["check", "state", "detail", *(["mend"] if has_advice else [])], empty="")
    if ill := [finding.check for finding in findings if finding.state == "ill"]:
        raise click.ClickException(f"{len(ill)} of {len(findings)} checks failed: {', '.join(ill)}")
