"""How many processes are started where a container may use less than the machine has."""

import os
from pathlib import Path

import pytest

from idp import cores

ALL = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("said", "usable"),
    [
        ("50000 100000", 1),
        ("100000 100000", 1),
        (f"{ALL * 100000 - 50000} 100000", ALL),
        (f"{ALL * 900000} 100000", ALL),
        ("max 100000", ALL),
        ("0 100000", ALL),
        ("nonsense", ALL),
        ("", ALL),
    ],
)
def test_a_quota_bounds_the_cores(tmp_path: Path, said: str, usable: int) -> None:
    (tmp_path / "cpu.max").write_text(said + "\n", "ascii")
    assert cores.usable(tmp_path) == usable


def test_an_older_kernel_says_it_in_two_files(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("100000\n", "ascii")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n", "ascii")
    assert cores.usable(tmp_path) == 1
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n", "ascii")
    assert cores.usable(tmp_path) == ALL


def test_where_nothing_is_said_all_cores_are_ours(tmp_path: Path) -> None:
    assert cores.usable(tmp_path / "none") == ALL
