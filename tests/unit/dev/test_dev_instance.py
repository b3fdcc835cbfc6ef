import os
from pathlib import Path

import pytest

from idp.dev.errors import AlreadyRunning, CannotStart
from idp.dev.instance import Claim, living_instance


def test_an_instance_is_found_while_it_lives_and_only_then(folder: Path) -> None:
    data = folder / ".idp"
    assert living_instance(data) is None
    with Claim(data) as claim:
        assert living_instance(data) is None, "not yet reachable"
        claim.publish({"IDP_PORT": "8000"})
        instance = living_instance(data)
        assert instance
        assert instance.pid == os.getpid()
        assert instance.environment == {"IDP_PORT": "8000"}
        assert (data / "instance.json").stat().st_mode & 0o777 == 0o600
    assert living_instance(data) is None
    assert not (data / "instance.json").exists()


def test_a_second_instance_beside_a_living_one_is_refused_in_one_sentence(folder: Path) -> None:
    with Claim(folder) as claim:
        claim.publish({})
        with pytest.raises(AlreadyRunning) as refusal:
            Claim(folder)
        assert refusal.value.detail == f"An instance already runs in {folder} (process {os.getpid()})."
        assert living_instance(folder), "the living one is not disturbed"


def test_what_a_killed_instance_left_behind_is_not_believed(folder: Path) -> None:
    (folder / "lock").write_text("1\n")
    (folder / "instance.json").write_text('{"pid": 1, "environment": {}}')
    assert living_instance(folder) is None
    with Claim(folder):
        assert living_instance(folder) is None


def test_a_damaged_file_is_reported_and_secrets_stay_out_of_repr(folder: Path) -> None:
    with Claim(folder) as claim:
        (folder / "instance.json").write_text("[]")
        with pytest.raises(CannotStart, match="cannot be read"):
            living_instance(folder)
        claim.publish({"IDP_MASTER_KEYS": "hidden"})
        assert "hidden" not in repr(living_instance(folder))
