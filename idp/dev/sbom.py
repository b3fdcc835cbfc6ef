"""``make sbom``: what of Python is in the image, as CycloneDX 1.6 (R66).

It is made of the lock file that the image is installed from, so it names the exact wheels by their hashes, and who
needs whom as the resolver wrote it down.  The same lock file gives the same bytes; where wheels come from is each
reader's own mirror, so a package URL is all that is said of it.
"""

import json
import re
import tomllib
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "runtime.txt"
TARGET = Path("dist/idp.cdx.json")
IMAGE: Mapping[str, str] = {
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "sys_platform": "linux",
    "os_name": "posix",
    "python_version": "3.13",
    "python_full_version": "3.13.0",
}
"""What markers of requirements ask about, as the base of the Dockerfile answers."""

_ENTRY = re.compile(r"^(?P<requirement>[^\s#][^\\\n]*)\\?\n(?P<rest>(?:[ \t].*\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Package:
    """One line of the lock file, and what stands below it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    needed_by: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Its package URL, which is also its id in the document."""
        return f"pkg:pypi/{self.name}@{self.version}"


def installed(lock: str) -> Iterator[Package]:
    """What a lock file installs into the image."""
    for found in _ENTRY.finditer(lock):
        requirement = Requirement(found["requirement"])
        if requirement.marker is None or requirement.marker.evaluate(dict(IMAGE)):
            yield Package(
                canonicalize_name(requirement.name),
                str(requirement.specifier).removeprefix("=="),
                tuple(sorted(re.findall(r"--hash=sha256:(\w+)", found["rest"]))),
                tuple(re.findall(r"#\s+(?:via )?([a-z0-9][\w.-]*)", found["rest"].replace("# via\n", "\n"))),
            )


def document(lock: str) -> dict[str, Any]:
    """The whole document."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    product = Package(project["name"], project["version"], (), ())
    packages = [product, *installed(lock)]
    purls = {package.name: package.purl for package in packages}
    needs: dict[str, set[str]] = defaultdict(set)
    for package in packages:
        for parent in package.needed_by:
            needs[parent].add(package.purl)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, product.purl + lock)}",
        "version": 1,
        "metadata": {
            "component": {
                **_component(product, "application"),
                "description": project["description"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": [_component(package, "library") for package in packages[1:]],
        "dependencies": [{"ref": purls[name], "dependsOn": sorted(needs[name])} for name in purls],
    }


def _component(package: Package, kind: str) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": kind,
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
    }
    if package.hashes:  # of every wheel of that version, of which a platform takes one
        wheels = [{"alg": "SHA-256", "content": digest} for digest in package.hashes]
        component["externalReferences"] = [{"type": "distribution", "url": package.purl, "hashes": wheels}]
    return component


def main() -> None:
    """Write it."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(document(LOCK.read_text("utf-8")), indent=2) + "\n", encoding="utf-8")
    click.echo(TARGET)


if __name__ == "__main__":
    main()
