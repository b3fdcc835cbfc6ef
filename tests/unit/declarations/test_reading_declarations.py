"""YAML as it is taken: each mistake by its line, and nothing that a hostile file could make of it."""

import pytest

from idp.declarations.errors import DeclarationInvalid, pointer, spelled
from idp.declarations.reading import MAX_BYTES, read

LAUGHS = b"".join(b"%c: &%c [%s]\n" % (97 + n, 97 + n, b", ".join([b"*%c" % (96 + n)] * 9)) for n in range(1, 9))


def refusal(text: bytes) -> str:
    with pytest.raises(DeclarationInvalid) as refused:
        read(text)
    return str(refused.value)


def test_data_is_read_with_the_line_of_every_part() -> None:
    source = read(b"tenant: acme\nclients:\n  - name: Notes\n    redirect_uris:\n      - https://a.example/\n")
    assert source.data == {"tenant": "acme", "clients": [{"name": "Notes", "redirect_uris": ["https://a.example/"]}]}
    problem = source.problem(("clients", 0, "redirect_uris", 0), "No.")
    assert (problem.line, str(problem)) == (5, "line 5 clients[0].redirect_uris[0]: No.")
    assert source.problem(("clients", 0, "type"), "No.").line == 3


def test_plain_values_are_what_they_look_like() -> None:
    text = b'a: 12\nb: "12"\nc: true\nd: null\ne:\nf: ""\ng: "2026-01-01"\nh: -3\ni: 60/minute\n'
    assert read(text).data == {
        "a": 12, "b": "12", "c": True, "d": None, "e": None, "f": "", "g": "2026-01-01", "h": -3, "i": "60/minute",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"tenant: acme\ntenant: globex\n", "line 2 tenant: The key 'tenant' occurs twice."),
        (b"a:\n  - b: {c: 1, c: 2}\n", "line 2 a[0].b.c: The key 'c' occurs twice."),
        (b"a: &x [1]\nb: *x\n", "line 2 b: Write it out: references such as *x are not taken."),
        (b"1: x\n", "line 1: A key must be text; put it into quotes."),
        (b"yes: x\n", "line 1: A key must be text; put it into quotes."),
        (b"? [a]\n: x\n", "line 1: A key must be text; put it into quotes."),
        (b"a: 2026-01-01\n", "line 1 a: '2026-01-01' is read as a date that is not taken; put it into quotes if it is"),
        (b"a: 1.5\n", "line 1 a: '1.5' is read as a number that is not taken"),
        (b"a: 1:30\n", "line 1 a: '1:30' is read as a number that is not taken"),
        (b"a: " + b"9" * 5000, "is read as a number that is not taken"),
        (b"a: 1\n---\nb: 2\n", "line 2: There is a second document in the file."),
        (b"a:\n\t- b\n", "Indent with spaces, not with tabs."),
        (b"a: [1\n", "This is not YAML: "),
        (b"a: \x00\n", "This is not YAML: "),
        (b"a: \xff\n", "The file is not UTF-8."),
        (b"", "The file is empty."),
        (b"# nothing\n", "The file is empty."),
        (b"<<: {a: 1}\n", "is read as a merge that is not taken"),
    ],
)
def test_what_is_not_taken_is_named_with_its_line(text: bytes, said: str) -> None:
    assert said in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        b"a: !!python/object/apply:os.system ['touch /tmp/x']\n",
        b"a: !!python/name:os.system\n",
        b"!!map {a: 1}\n",
        b"a: !!binary aGk=\n",
        b"a: !secret x\n",
        b"? !!str a\n: 1\n",
    ],
)
def test_no_tag_makes_anything(text: bytes) -> None:
    assert "Tags such as !" in refusal(text)


def test_a_file_that_would_grow_a_billionfold_is_refused_at_its_first_reference() -> None:
    assert refusal(b"`: 1\n".replace(b"`", b"x") + LAUGHS).startswith("line 2 ")


@pytest.mark.parametrize("text", [b"[" * 100_000, b"{a: " * 5_000, b"- " * 5_000, b"a: " + b"[" * 17 + b"]" * 17])
def test_depth_is_bounded(text: bytes) -> None:
    assert refusal(text)


def test_a_file_of_more_than_a_mebibyte_is_refused_and_one_below_is_read() -> None:
    assert refusal(b"#" * (MAX_BYTES + 1)) == "The file has more than 1 MiB."
    big = b"a:\n" + b"- xxxxxxxx\n" * 90_000
    assert len(big) < MAX_BYTES
    assert len(read(big).data["a"]) == 90_000


def test_places_are_spelled_for_people_and_for_programs() -> None:
    path = ("resources", 0, "permissions", "a/b~c")
    assert spelled(path) == "resources[0].permissions[a/b~c]"
    assert pointer(path) == "/resources/0/permissions/a~1b~0c"
