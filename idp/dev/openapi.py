"""``make openapi``: the committed document of the API, the Postman collection that is made of it, and tables of a page.

The same operations give the same bytes, so a test can tell when they are stale.
"""

import json
from pathlib import Path
from typing import Any

import click
from flask import Flask

from idp.api import blueprints, docs, spec
from idp.dev import reference
from idp.dev.postman import collection as postman

FOLDER = Path(__file__).parents[2] / "openapi"
BASE_URL = "http://localhost:8000"


def main() -> None:
    """Write every file anew."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text)
        click.echo(f"openapi/{name}")
    reference.PAGE.write_text(reference.page())
    click.echo("docs/api.md")


def files() -> dict[str, str]:
    """What the folder holds, by name."""
    described = document()
    return {
        "openapi.json": docs.serialise(described),
        "idp.postman_collection.json": _text(postman.collection(described)),
        "idp.postman_environment.json": _text(postman.environment(BASE_URL)),
    }


def document() -> dict[str, Any]:
    """The document, without an installation behind it."""
    made: dict[str, Any] = spec.install(Flask(__name__), blueprints.ALL, base_url=BASE_URL).spec.to_dict()
    return made


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
