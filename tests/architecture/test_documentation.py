"""The documents name what there is: every setting with its bounds, and in docs/security.md only files that exist."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from idp.budget import Budget
from idp.config import Settings
from idp.policy import Policy
from idp.tenants.service import known_settings

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs/security.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in CONFIGURATION.splitlines() if line[:3] == "| `"]
KEYS = {key: row for row in ROWS for key in re.findall(r"`(\w+)`", row[0])}
LIMITS = [(key, row[2], row[3]) for key, row in KEYS.items() if key.startswith("limit_")]
FILES = re.findall(r"`([\w/*]+(?:\.py|/))`", SECURITY)


def test_every_setting_of_the_environment_is_documented() -> None:
    documented = {key for key in KEYS if key.startswith("IDP_")}
    assert documented == {f"IDP_{name.upper()}" for name in Settings.model_fields}


def test_every_setting_of_a_tenant_is_documented() -> None:
    assert {key for key in KEYS if not key.startswith("IDP_")} == {*known_settings(), "logo"}


@pytest.mark.parametrize("name", [name for name, field in Policy.model_fields.items() if type(field.default) is int])
def test_numbers_have_the_defaults_and_bounds_that_are_documented(name: str) -> None:
    row = KEYS[name]
    place = re.findall(r"`(\w+)`", row[0]).index(name)
    default = re.findall(r"\d+", row[1])[place]
    assert int(default) == Policy.model_fields[name].default
    bounds = re.findall(r"(\d+)–(\d+)", row[2])
    if name == "key_bits":
        return
    lowest, highest = (int(bound) for bound in bounds[min(place, len(bounds) - 1)])
    for value, fits in ((lowest, True), (highest, True), (lowest - 1, False), (highest + 1, False)):
        assert _fits(Policy, name, value) is fits, value


@pytest.mark.parametrize(("name", "default", "most"), LIMITS)
def test_limits_have_the_defaults_and_ceilings_that_are_documented(name: str, default: str, most: str) -> None:
    assert Budget.model_fields[name].default == default
    amount, window = most.split("/")
    assert _fits(Budget, name, most)
    assert not _fits(Budget, name, f"{int(amount) + 1}/{window}")


@pytest.mark.parametrize("name", sorted(set(FILES)))
def test_what_holds_a_requirement_exists(name: str) -> None:
    assert any((*(ROOT / "idp").rglob(name), *(ROOT / "tests").rglob(name), *ROOT.glob(name)))


def _fits(document: type[Policy | Budget], name: str, value: object) -> bool:
    try:
        document.model_validate({name: value})
    except ValidationError:
        return False
    return True
