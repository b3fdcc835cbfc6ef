"""The schemas of kubernetes-validate, read once: its own function reads two megabytes for every object.

What is strict about them refuses fields that do not exist.
"""

import json
from functools import cache
from importlib import resources
from typing import Any

import jsonschema
import kubernetes_validate
from packaging.version import Version
from referencing import Registry, Resource

SCHEMAS = resources.files(kubernetes_validate).joinpath("kubernetes-json-schema")
ALL = sorted({each.name.split("-")[0][1:] for each in SCHEMAS.iterdir()}, key=Version)
NEWEST = ALL[-3:]


@cache
def _definitions(version: str) -> "Registry[Any]":
    text = SCHEMAS.joinpath(f"v{version}-local-strict", "_definitions.json").read_text()
    return Registry().with_resource("_definitions.json", Resource.from_contents(json.loads(text))).crawl()


@cache
def _validator(version: str, api_version: str, kind: str) -> jsonschema.Draft202012Validator:
    group, _, number = api_version.rpartition("/")
    name = "-".join(filter(None, (kind.lower(), group.split(".")[0], number)))
    schema = json.loads(SCHEMAS.joinpath(f"v{version}-local-strict", f"{name}.json").read_text())
    return jsonschema.Draft202012Validator(schema, registry=_definitions(version))


def errors(manifest: dict[str, Any], version: str) -> list[str]:
    """What is wrong with an object of Kubernetes.

    Raises:
        FileNotFoundError: this version has no such kind.
    """
    validator = _validator(version, manifest["apiVersion"], manifest["kind"])
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]
