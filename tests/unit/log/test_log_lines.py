"""One JSON object a line, whatever is in it (R58)."""

import json
import logging
from collections.abc import Iterator

import pytest

from idp import log

Written = pytest.CaptureFixture[str]


@pytest.fixture
def written(capsys: Written) -> Iterator[Written]:
    """What a process with our logging writes to stderr."""
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    log.configure("info")
    yield capsys
    log.configure("error")
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


def lines(written: Written) -> list[dict[str, object]]:
    return [json.loads(line) for line in written.readouterr().err.splitlines()]


def test_a_line_is_one_object(written: Written) -> None:
    log.get().info("user.created", user_id="1", note="a\nb\x1b[31m\r")
    (line,) = lines(written)
    assert line["event"] == "user.created"
    assert line["note"] == "a\nb\x1b[31m\r"
    assert line["level"] == "info"
    assert str(line["at"]).endswith("Z")


def test_a_line_below_the_level_is_not_written(written: Written) -> None:
    log.get().debug("request.answered")
    assert lines(written) == []


def test_what_is_bound_stands_on_every_line_until_it_is_unbound(written: Written) -> None:
    log.bind(request_id="r-1")
    log.get().info("one.done")
    log.unbind()
    log.get().info("two.done")
    assert [line.get("request_id") for line in lines(written)] == ["r-1", None]


def test_the_standard_library_speaks_the_same(written: Written) -> None:
    log.configure("info")  # now, because the handler keeps the stderr of that moment
    logging.getLogger("werkzeug").warning("bad request with Bearer %s", "abcdefghijkl")
    (line,) = lines(written)
    assert line["event"] == "bad request with [redacted]"


def test_a_traceback_is_one_line_and_holds_no_secret(written: Written) -> None:
    try:
        int("refused idp_cs_" + "A" * 43)
    except ValueError as error:
        log.get().error("request.failed", exc_info=error)
    (line,) = lines(written)
    assert "Traceback" in str(line["exception"])
    assert "AAAA" not in json.dumps(line)
