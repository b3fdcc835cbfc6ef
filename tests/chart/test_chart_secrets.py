import json
import re

import pytest

from idp.config import _SECRETS
from tests.chart import charts
from tests.chart.charts import Manifest, Release

SERVING = {"IDP_DATABASE_URL", "IDP_PLATFORM_DATABASE_URL", "IDP_MASTER_KEYS", "IDP_REDIS_URL", "IDP_SENTRY_DSN"}
MAY_READ = {
    "web": SERVING,
    "worker": SERVING | {"IDP_SMTP_URL"},
    "migration": SERVING - {"IDP_REDIS_URL", "IDP_SENTRY_DSN"} | {"IDP_OWNER_DATABASE_URL"},
    "test": set(),
}
FOLDER = "/run/secrets/idp"
CREDENTIALS = re.compile(r"://[^/\s\"]*:[^/\s\"]*@|password\s*[:=]|BEGIN [A-Z ]*PRIVATE", re.IGNORECASE)


def files(pod: Manifest) -> dict[str, tuple[str, str]]:
    """Which key of which Secret each file in the folder of secrets holds."""
    (volume,) = [each for each in pod["spec"].get("volumes", []) if each["name"] == "secrets"]
    secrets = [source["secret"] for source in volume["projected"]["sources"]]
    return {item["path"]: (secret["name"], item["key"]) for secret in secrets for item in secret["items"]}


@pytest.mark.parametrize("name", charts.MATRIX)
def test_a_pod_reads_the_secrets_that_it_needs_and_no_others(name: str) -> None:
    found = charts.release(name)
    wanted = charts.chart().merge_values(charts.read(name))["secrets"]
    for component, pod in charts.pods(found):
        if not MAY_READ[component]:
            assert "volumes" not in pod["spec"]
            continue
        expected = {secret: wanted[secret] for secret in MAY_READ[component] if wanted[secret]["name"]}
        assert files(pod) == {secret: (where["name"], where["key"]) for secret, where in expected.items()}
        container = charts.container(found, component)
        said = {each["name"]: each["value"] for each in container["env"] if each["name"].endswith("_FILE")}
        assert said == {f"{secret}_FILE": f"{FOLDER}/{secret}" for secret in expected}
        mounts = {each["name"]: each for each in container["volumeMounts"]}
        assert mounts["secrets"] == {"name": "secrets", "mountPath": FOLDER, "readOnly": True}
        (volume,) = [each for each in pod["spec"]["volumes"] if each["name"] == "secrets"]
        assert volume["projected"]["defaultMode"] == 0o440


def test_whoever_may_change_the_schema_serves_nobody() -> None:
    readers = {
        component
        for name in charts.MATRIX
        for component, pod in charts.pods(charts.release(name))
        if component != "test" and "IDP_OWNER_DATABASE_URL" in files(pod)
    }
    assert readers == {"migration"}


@pytest.mark.parametrize("name", charts.MATRIX)
def test_no_secret_is_made_or_copied(name: str) -> None:
    found = charts.release(name)
    assert found.of_kind("Secret") == []
    for each in found.objects:
        assert "secretKeyRef" not in json.dumps(each)  # in the environment, every child process would have it
    names = {f"IDP_{secret.upper()}" for secret in _SECRETS}
    for config in found.of_kind("ConfigMap"):
        assert not names & {*config["data"]}


@pytest.mark.parametrize("name", charts.MATRIX)
def test_nothing_that_is_written_looks_like_a_secret(name: str) -> None:
    found = charts.release(name)
    assert not CREDENTIALS.search(found.notes)
    for config in found.of_kind("ConfigMap"):
        assert not CREDENTIALS.search(json.dumps(config))


def test_what_looks_like_a_secret_is_known() -> None:
    for text in ("postgresql://idp_app:x@db/idp", "redis://:x@redis", "password: x", "-----BEGIN PRIVATE KEY-----"):
        assert CREDENTIALS.search(text)


def notes(name: str, **changes: object) -> str:
    return charts.render(charts.merged(charts.read(name), changes)).notes


def test_the_notes_tell_the_next_step() -> None:
    first = notes("minimal")
    web = charts.release("minimal").one("Deployment", "web")["metadata"]["name"]
    assert f"kubectl -n auth exec deploy/{web} -- idp doctor" in first
    assert "-- idp user create --tenant system" in first
    assert "-- idp tenant create acme" in first
    assert "port-forward svc/idp 8000" in first
    assert "WARNING: there is no Redis" in first
    assert "WARNING: there is no mail server" in first
    assert "http://idp-web-internal:9090/metrics and http://idp-worker-internal:9091/metrics" in first


def test_the_notes_of_an_upgrade_make_nobody_anew() -> None:
    later: Release = charts.render(charts.read("minimal"), is_upgrade=True)
    assert "idp tenant create" not in later.notes
    assert "idp doctor" in later.notes


def test_the_notes_warn_of_what_is_missing_and_of_nothing_else() -> None:
    assert "WARNING" not in notes("everything")
    assert "port-forward" not in notes("everything")
    behind = notes("everything", config={"IDP_TRUSTED_PROXIES": ""})
    assert behind.count("WARNING") == 1
    assert "WARNING: config.IDP_TRUSTED_PROXIES is empty" in behind
