"""Events as files: one line each, and no cell that is a formula (R56)."""

import csv
import json

import pytest

from idp.events import export

EVENT = {"id": "1", "actor": {"kind": "user", "id": None}, "ip": None, "data": {"name": "=1+1"}}


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_begins_as_a_formula_does(begin: str) -> None:
    _, line = export.lines("csv", [EVENT | {"ip": f"{begin}1"}], columns=EVENT)
    (cells,) = csv.reader([line])
    assert cells == ["1", "user", "", f"'{begin}1", '{"name": "=1+1"}']


def test_the_first_line_names_the_columns_even_when_there_is_nothing() -> None:
    assert list(export.lines("csv", [], columns=EVENT)) == ["id,actor.kind,actor.id,ip,data\r\n"]


def test_a_line_of_json_is_the_event() -> None:
    (line,) = export.lines("jsonl", [EVENT], columns=EVENT)
    assert json.loads(line) == EVENT
    assert line.endswith("}\n")
    assert "\n" not in line[:-1]
