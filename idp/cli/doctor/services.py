"""What stands beside the database: Redis, the mail server, and the worker with its queue."""

import smtplib
import ssl
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text

from idp.cli.doctor.database import judge_skew
from idp.cli.doctor.finding import Doubtful, Ill, Patient
from idp.clock import utcnow
from idp.config_values import LOOPBACK_NAMES, parse_redis_url
from idp.http.redis_client import FAILURES, RedisClient
from idp.mail.smtp import Place

SECONDS = 5
LATE_SECONDS = 600
_WAITING = text("""
    SELECT
        (SELECT extract(epoch FROM now() - min(next_attempt_at))::bigint FROM outbox_messages
            WHERE sent_at IS NULL AND dead_at IS NULL),
        (SELECT count(*) FROM (SELECT FROM outbox_messages WHERE dead_at IS NOT NULL LIMIT 1000) AS few)
""")


def redis(patient: Patient) -> str:
    """Whether the counters answer, and whether a full server would go on counting."""
    url = patient.settings.redis_url
    if url is None:
        return "not given: limits are counted in each process"
    client = RedisClient(url.get_secret_value(), timeout=2)
    try:
        made: Any = client.get()
        made.ping()
        return judge_memory(_configuration(made))
    except FAILURES as error:
        raise Ill(f"It does not answer: {error}", "Start it, or correct IDP_REDIS_URL.") from None
    finally:
        client.close()


def _configuration(client: Any) -> dict[str, str]:
    """Empty where the server tells nobody."""
    try:
        answer = client.config_get("maxmemory*")
    except FAILURES:
        return {}
    nodes = [each for each in answer.values() if isinstance(each, dict)] or [answer]
    return {str(name): str(value) for name, value in nodes[0].items()}


def judge_memory(found: dict[str, str]) -> str:
    """Whether a server that is full would refuse to count."""
    if found.get("maxmemory", "0") != "0" and found.get("maxmemory-policy") == "noeviction":
        raise Doubtful(
            "When its memory is full it refuses to count, and each process counts for itself.",
            "Set maxmemory-policy volatile-ttl.",
        )
    return "answers"


def redis_secret(patient: Patient) -> str:
    """Whether somebody else could reset the limits."""
    url = patient.settings.redis_url
    return "not given" if url is None else judge_redis_url(url.get_secret_value())


def judge_redis_url(url: str) -> str:
    """Whether whoever reaches it needs a password, and whether it is read on the way."""
    hosts = [urlsplit(host) for host in parse_redis_url(url).hosts]
    away = [host for host in hosts if host.scheme != "unix" and host.hostname not in LOOPBACK_NAMES]
    if not away:
        return "does not leave this machine"
    name = away[0].hostname
    if not away[0].password:
        raise Ill(f"{name} takes anybody: there is no password in IDP_REDIS_URL.", "Set requirepass, or an ACL.")
    if away[0].scheme != "rediss":
        raise Doubtful(f"What goes to {name} is in clear.", "Use rediss://, where the network is not yours alone.")
    return "by a password and TLS"


def redis_clock(patient: Patient) -> str:
    """Whether its clock, by which windows of limits end, is ours."""
    url = patient.settings.redis_url
    if url is None:
        return "not given"
    client = RedisClient(url.get_secret_value(), timeout=2)
    try:
        made: Any = client.get()
        answer = made.time()
    except FAILURES:
        return "not asked: it does not answer"
    finally:
        client.close()
    seconds, micros = next(iter(answer.values())) if isinstance(answer, dict) else answer
    return judge_skew(utcnow().timestamp() - (seconds + micros / 1_000_000), "Redis")


def mail(patient: Patient) -> str:
    """Whether the mail server answers, and whether our password goes to it in clear."""
    given = patient.settings.smtp_url
    if given is None:
        if patient.settings.dev:
            return "kept and shown at /dev/mail"
        raise Doubtful("There is no mail server: nobody gets a link.", "Set IDP_SMTP_URL, or one for each tenant.")
    place = Place.parse(given.get_secret_value())
    try:
        has_tls = place.scheme == "smtps" or _offers_tls(place)
        if place.scheme == "smtps":
            context = ssl.create_default_context()
            smtplib.SMTP_SSL(place.host, place.port, timeout=SECONDS, context=context).close()
    except (OSError, smtplib.SMTPException) as error:
        raise Ill(f"{place.host}:{place.port} does not answer: {error}", "Start it, or correct IDP_SMTP_URL.") from None
    if not has_tls and place.username is not None:
        raise Ill(f"{place.host} offers no TLS, so our password is not sent and no mail leaves.", "Use smtps://.")
    return f"{place.host}:{place.port} answers{'' if has_tls else ', without TLS'}"


def _offers_tls(place: Place) -> bool:
    with smtplib.SMTP(place.host, place.port, timeout=SECONDS) as server:
        server.ehlo_or_helo_if_needed()
        return server.has_extn("starttls")


def outbox(patient: Patient) -> str:
    """Whether what must leave does: the worker runs, and nothing was given up."""
    with patient.wiring.platform.connect() as connection:
        row: Any = connection.execute(_WAITING).one()
    late, dead = row
    if late is not None and late > LATE_SECONDS:
        raise Doubtful(
            f"What must leave has waited for {late // 60} minutes.", "Start `idp worker`, or look at its log."
        )
    if dead:
        raise Doubtful(f"{dead} messages were given up.", "`idp mail failed` shows mails, `idp mail retry` sends them.")
    return "nothing waits long, and nothing was given up"
