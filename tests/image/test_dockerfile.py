import fnmatch
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from idp.config import Settings
from tests.image import files


def test_hadolint_finds_nothing() -> None:
    program = Path(sys.executable).with_name("hadolint")
    found = subprocess.run(
        [program, "--no-color", "Dockerfile"], cwd=files.ROOT, capture_output=True, text=True, check=False
    )
    assert (found.stdout, found.returncode) == ("", 0)


def test_whoever_runs_is_a_number_that_is_not_root() -> None:
    assert files.final("USER") == ["10001:10001"]  # a name would keep Kubernetes from telling that it is not root


def test_the_server_is_the_first_process_and_is_told_to_stop_as_it_understands() -> None:
    assert [json.loads(text) for text in files.final("ENTRYPOINT")] == [["idp"]]  # a list: no shell stands before it
    assert [json.loads(text) for text in files.final("CMD")] == [["serve"]]
    assert files.final("STOPSIGNAL") == ["SIGTERM"]


def test_ports_are_those_of_the_settings_and_every_address_may_ask() -> None:
    fields = Settings.model_fields
    ports = [fields[name].default for name in ("port", "internal_port", "worker_port")]
    assert files.final("EXPOSE") == [" ".join(map(str, ports))]
    (health,) = files.final("HEALTHCHECK")
    assert json.loads(health[health.index("[") :])[-2:] == [str(port) for port in ports[1:]]
    assert "IDP_HOST=0.0.0.0" in files.final("ENV")[0]


def test_nothing_needs_a_writable_root() -> None:
    (environment,) = files.final("ENV")
    assert {"HOME=/tmp", "TMPDIR=/tmp", "PYTHONDONTWRITEBYTECODE=1"} <= set(environment.split())
    assert any("compileall" in found.text for found in files.dockerfile())


def test_what_builds_stays_behind() -> None:
    for run in files.final("RUN"):
        assert not re.search(r"pip install|apt|gcc|curl|wget", run)
    assert files.final("COPY") == ["--from=build /opt/idp /opt/idp", "LICENSE /opt/idp/LICENSE"]


def test_every_package_comes_as_a_wheel_whose_hash_is_known() -> None:
    runs = " && ".join(found.text for found in files.dockerfile() if found.word == "RUN")
    installs = [part for part in runs.split(" && ") if "pip" in part and " install " in part]
    assert len(installs) == 3
    for install in installs:
        assert ("--require-hashes" in install and "--only-binary :all:" in install) or "--no-index" in install


def test_no_secret_is_an_argument_or_a_variable_of_the_image() -> None:
    telling = [found.text for found in files.dockerfile() if found.word in {"ARG", "ENV", "LABEL"}]
    assert not [
        text for text in telling if re.search(r"password|secret|token|key|credential|_url", text, re.IGNORECASE)
    ]
    assert all("type=secret" in found.text for found in files.dockerfile() if "pip.conf" in found.text)


@pytest.mark.parametrize(
    "name",
    [".git", ".venv", ".idp", ".env", "tests", "bench", "examples", "docs", "dist", ".tools", "docker-compose.yml"],
)
def test_the_builder_never_sees(name: str) -> None:
    assert not _sent(name)


def test_the_builder_sees_what_the_dockerfile_copies() -> None:
    copied = [found.text for found in files.dockerfile() if found.word == "COPY" and "--from" not in found.text]
    sources = [source for text in copied for source in text.split()[:-1]]
    assert sources
    for source in sources:
        assert (files.ROOT / source).exists()
        assert _sent(source)
    assert not _sent("idp/__pycache__")


def _sent(path: str) -> bool:
    """Whether a path leaves for the builder: the last line that matches it, or a folder above it, decides."""
    sent = True
    for line in (files.ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!").removeprefix("**/")
            candidates = [path, *(str(parent) for parent in Path(path).parents), Path(path).name]
            if any(fnmatch.fnmatch(candidate, pattern) for candidate in candidates):
                sent = line.startswith("!")
    return sent
