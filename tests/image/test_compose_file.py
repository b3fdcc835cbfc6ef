import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from idp.cli.main import cli
from idp.config import Settings
from tests.image import files

COMPOSE_SCHEMA = "builtin_schemas/vendor/compose-spec.json"
SERVICES: dict[str, Any] = files.compose()["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("${IMAGE")}
SETTINGS = {f"IDP_{name.upper()}" for name in Settings.model_fields}
ASSIGNED = re.compile(r"^#?([A-Z][A-Z_]*)=(.*)$", re.MULTILINE)


def test_the_file_is_what_the_compose_specification_says() -> None:
    schema = json.loads(resources.files("check_jsonschema").joinpath(COMPOSE_SCHEMA).read_text())
    validator = jsonschema.Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors(files.compose())] == []
    wrong = files.compose()
    wrong["services"]["idp"]["readonly"] = wrong["services"]["idp"].pop("read_only")
    assert not validator.is_valid(wrong)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("privileged", False) is False
    assert name in OURS or not service["user"].startswith(("0", "root"))  # ours is no root by its image


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_of_one_version(name: str) -> None:
    image = SERVICES[name]["image"]
    if name in OURS:
        assert image == "${IMAGE:-idp:local}"
        assert SERVICES[name]["build"] == {"context": "."}
    else:
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?", image)


def test_nothing_is_published_beyond_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert {*published} == {"idp", "mailpit"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert all("network_mode" not in service for service in SERVICES.values())


def test_the_database_and_valkey_have_no_way_out() -> None:
    assert files.compose()["networks"]["inside"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["valkey"]["networks"] == ["inside"]


def test_no_file_holds_a_secret() -> None:
    secrets = {"IDP_DATABASE_URL", "IDP_PLATFORM_DATABASE_URL", "IDP_OWNER_DATABASE_URL", "IDP_MASTER_KEYS"}
    assert not secrets & {name for name, _ in ASSIGNED.findall(files.example())}
    for service in SERVICES.values():
        assert not secrets & {*service.get("environment", {})}
        assert not [
            name for name in service.get("environment", {}) if "PASSWORD" in name and not name.endswith("_FILE")
        ]
    assert not re.search(r"://[^\s/]+:[^\s/]+@", (files.ROOT / "docker-compose.yml").read_text())


def test_whoever_serves_cannot_read_what_migrates() -> None:
    for name in ("idp", "worker"):
        assert SERVICES[name]["volumes"] == ["serving:/var/lib/idp/serving:ro"]
        assert "IDP_OWNER_DATABASE_URL_FILE" not in SERVICES[name]["environment"]
    writers = [
        name
        for name, service in SERVICES.items()
        for volume in service.get("volumes", [])
        if volume.endswith("serving")
    ]
    assert writers == ["secrets"]


def test_the_files_of_settings_are_those_that_the_first_service_writes() -> None:
    from idp.cli import secret_files

    written = Path(secret_files.__file__).read_text()
    for service in OURS.values():
        for name, value in service["environment"].items():
            if name.endswith("_FILE"):
                assert name.removesuffix("_FILE") == Path(value).name
                assert f'/ "{Path(value).name}"' in written


def test_every_setting_exists() -> None:
    named = {name for name, _ in ASSIGNED.findall(files.example()) if name.startswith("IDP_")}
    given = {name for service in OURS.values() for name in service["environment"]}
    assert named
    assert {name.removesuffix("_FILE") for name in named | given} <= SETTINGS


def test_every_variable_of_the_file_is_explained_in_the_example() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (files.ROOT / "docker-compose.yml").read_text()))
    lines = files.example().splitlines()
    named = {name for name, _ in ASSIGNED.findall(files.example())}
    assert used <= named
    for number, line in enumerate(lines):
        if ASSIGNED.match(line) and not ASSIGNED.match(lines[number - 1]):
            assert lines[number - 1].startswith("# ")


def test_the_example_as_it_is_starts_production(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("k1:Zt2QmFsJ4u0o3p5r7s9v1x3z5A7C9E1G3I5K7M9O1Q0=")
    values = {
        name: value for name, value in ASSIGNED.findall(files.example()) if f"\n{name}={value}" in files.example()
    }
    url = "postgresql://idp_app:x@postgres/idp"
    given = {
        "IDP_DATABASE_URL": url,
        "IDP_PLATFORM_DATABASE_URL": url,
        "IDP_MASTER_KEYS_FILE": str(tmp_path / "keys"),
        "IDP_REDIS_URL": SERVICES["idp"]["environment"]["IDP_REDIS_URL"],
    }
    settings = Settings.load(values | given)
    assert settings.dev is False
    assert values["WEB_PORT"] == settings.base_url.rpartition(":")[2]


def test_what_is_optional_in_the_example_may_be_uncommented(tmp_path: Path) -> None:
    values = dict(ASSIGNED.findall(files.example()))
    (tmp_path / "keys").write_text("k1:Zt2QmFsJ4u0o3p5r7s9v1x3z5A7C9E1G3I5K7M9O1Q0=")
    url = "postgresql://idp_app:x@postgres/idp"
    given = {
        "IDP_DATABASE_URL": url,
        "IDP_PLATFORM_DATABASE_URL": url,
        "IDP_MASTER_KEYS_FILE": str(tmp_path / "keys"),
    }
    assert Settings.load(values | given).outbound_allow == ("10.20.0.0/16",)


@pytest.mark.parametrize("name", OURS)
def test_a_command_is_one_that_the_image_has(name: str) -> None:
    context = cli.make_context("idp", [*SERVICES[name]["command"]], resilient_parsing=True)
    command, arguments = cli, [*SERVICES[name]["command"]]
    while arguments and not arguments[0].startswith("-"):
        found = command.get_command(context, arguments.pop(0))
        assert found is not None
        command = found
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in arguments if word.startswith("--")} <= options


def test_who_waits_for_whom() -> None:
    def waits(name: str) -> dict[str, str]:
        return {other: how["condition"] for other, how in SERVICES[name].get("depends_on", {}).items()}

    once, healthy = "service_completed_successfully", "service_healthy"
    assert waits("secrets") == {}
    assert waits("postgres") == {"secrets": once}
    assert waits("roles") == {"postgres": healthy}
    assert waits("migrate") == {"roles": once}
    assert waits("idp") == {"migrate": once, "valkey": healthy}
    assert waits("worker") == {"migrate": once}
    assert all("healthcheck" in service for service in SERVICES.values())
    for name, service in SERVICES.items():
        assert service["restart"] == ("no" if name in {"secrets", "roles", "migrate"} else "unless-stopped")


def test_the_server_has_time_to_end_what_is_in_flight() -> None:
    graceful = Settings.model_fields["web_graceful_timeout"].default
    assert int(SERVICES["idp"]["stop_grace_period"].removesuffix("s")) > graceful


def test_every_volume_that_is_mounted_is_declared() -> None:
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert mounted == {*files.compose()["volumes"]}
