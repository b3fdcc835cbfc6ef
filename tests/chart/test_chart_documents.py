"""Whoever follows docs/operations/kubernetes.md, the chart's README and its notes gets what they say."""

import re
import shlex

import click
import helm_python
import pytest

from idp.cli.main import cli
from tests.chart import charts, pod_security

PAGE = (charts.ROOT / "docs/operations/kubernetes.md").read_text()
README = (charts.CHART / "README.md").read_text()
NOTES = charts.release("minimal").notes
INSIDE = re.compile(r"(?:exec deploy/idp-web -- idp|--image=\$IMAGE -- \\\n *) ?(.+?)(?: <|`|$)", re.MULTILINE)
COMMANDS = [*INSIDE.findall(PAGE), *INSIDE.findall(NOTES)]
VALUES = helm_python.values_from_yaml(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])
MADE = re.findall(r"create secret generic (\S+) --from", PAGE)
FOLLOWED = charts.render(VALUES)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_one_that_there_is(line: str) -> None:
    command: click.Command = cli
    context, words = click.Context(cli), shlex.split(line)
    while isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0)) or pytest.fail(line)
    command.make_context(command.name, words, resilient_parsing=False)


def test_there_are_commands_in_the_page_and_the_notes() -> None:
    assert len(COMMANDS) >= 8


def test_the_values_of_the_page_warn_of_nothing() -> None:
    assert "WARNING" not in FOLLOWED.notes
    for component, pod in charts.pods(FOLLOWED):
        assert pod_security.broken(pod["spec"]) == {}, component


def test_the_secrets_that_are_made_are_those_that_are_mounted() -> None:
    sources = [
        source["secret"]["name"]
        for component, pod in charts.pods(FOLLOWED)
        for volume in pod["spec"].get("volumes", [])
        for source in volume.get("projected", {}).get("sources", [])
    ]
    assert {*sources} == {*MADE} == {"idp", "idp-owner"}


def test_what_is_called_by_name_has_that_name() -> None:
    names = {f"{each['kind'].lower()}/{each['metadata']['name']}" for each in FOLLOWED.objects}
    said = {*re.findall(r"\b(job/[\w-]+|deployment/[\w-]+)", PAGE)}
    said |= {name.replace("deploy/", "deployment/") for name in re.findall(r"\bdeploy/[\w-]+", PAGE + NOTES)}
    assert said == {"job/idp-migration", "deployment/idp-web", "deployment/idp-worker"} <= names


@pytest.mark.parametrize("text", [PAGE, README], ids=["page", "readme"])
def test_helm_waits_longer_than_the_migration_may_take(text: str) -> None:
    minutes = re.findall(r"helm (?:install|upgrade) .*?--timeout (\d+)m", text, re.DOTALL)
    deadline = charts.release("minimal").one("Job")["spec"]["activeDeadlineSeconds"]
    assert minutes
    assert all(int(each) * 60 > deadline for each in minutes)


def test_a_value_that_the_page_names_exists() -> None:
    defaults = charts.chart().values
    for path in re.findall(r"`((?:web|migration|networkPolicy|autoscaling)\.[A-Za-z.]+)", PAGE):
        found = defaults
        for key in path.split("."):
            assert key in found, path
            found = found[key]
