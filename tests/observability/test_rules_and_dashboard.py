"""Alert rules and dashboard load, and ask for nothing that we do not say; each alert has a page."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from flask import Flask
from prometheus_client import Counter, Gauge, Histogram

from idp import metrics
from idp.http.exposition import Processes

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs/operations/runbooks"
GROUPS = yaml.safe_load((ROOT / "helm/idp/files/alerts.yaml").read_text(encoding="utf-8"))["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
BOARD = json.loads((ROOT / "helm/idp/files/dashboards/idp.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
PAGE = (ROOT / "docs/operations/observability.md").read_text(encoding="utf-8")
NAMED = {rule["alert"]: rule for rule in RULES}
PLACED_BY_PROMETHEUS = {"job", "instance", "le"}


def samples() -> dict[str, set[str]]:
    """Name of each sample → its labels."""
    found: dict[str, set[str]] = {}
    for declared in vars(metrics).values():
        if isinstance(declared, Counter | Gauge | Histogram):
            labels, (family,) = {*declared._labelnames}, declared.describe()
            names = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}[family.type]
            found |= {family.name + ending: labels for ending in names}
    return found | {family.name: set() for family in Processes().collect()}


SAMPLES = samples()


def expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            expr = target["expr"].replace("$__rate_interval", "5m").replace("$job", ".*")
            yield f"{panel['title']} {target['refId']}", expr


def selectors(node: Any) -> Iterator[Any]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("lhs", "rhs", "expr", "args", "param", "vector_selector"):
        below = getattr(node, name, None)
        for item in below if isinstance(below, list) else [below]:
            if item is not None and not isinstance(item, str | float | int):
                yield from selectors(item)


@pytest.mark.parametrize(("where", "expr"), [*expressions()], ids=lambda value: value if " " not in value else None)
def test_every_expression_parses_and_names_what_there_is(where: str, expr: str) -> None:
    found = list(selectors(promql_parser.parse(expr)))
    assert found
    for selector in found:
        assert selector.name in SAMPLES, selector.name
        asked = {matcher.name for matcher in selector.matchers.matchers} - PLACED_BY_PROMETHEUS
        assert asked <= SAMPLES[selector.name], (selector.name, asked)
    for labels in re.findall(r"\bby \(([^)]*)\)", expr):
        asked = {label.strip() for label in labels.split(",")} - PLACED_BY_PROMETHEUS
        assert asked <= set().union(*(SAMPLES[selector.name] for selector in found)), asked


def test_endpoints_that_are_asked_for_exist(app: Flask) -> None:
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    asked = {
        endpoint
        for _, expr in expressions()
        for listed in re.findall(r'endpoint=~?"([^"]*)"', expr)
        for endpoint in listed.split("|")
    }
    assert asked
    assert asked <= known


def test_values_of_labels_that_are_asked_for_exist() -> None:
    known = {outcome for outcomes in metrics.OUTCOMES.values() for outcome in outcomes}
    known |= {*metrics.DELIVERED, "taken", "timeout", "failed"}
    for _, expr in expressions():
        for listed in re.findall(r'outcome!?=~?"([^"]*)"', expr):
            assert set(listed.split("|")) <= known, listed


def test_there_is_a_page_for_each_alert_and_an_alert_for_each_page() -> None:
    assert len(NAMED) == len(RULES)
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == NAMED.keys()


@pytest.mark.parametrize("name", NAMED)
def test_an_alert_says_how_bad_it_is_what_it_is_and_where_to_read_on(name: str) -> None:
    rule = NAMED[name]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook_url"] == f"docs/operations/runbooks/{name}.md"
    assert f"[{name}](runbooks/{name}.md)" in PAGE
    page = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {name}\n")
    assert re.search(r"^\*\*Wake somebody\?\*\* .+$", page, re.MULTILINE)
    for heading, line in (("Look", r"1\. .+"), ("Mend", r"- .+")):
        assert re.search(rf"^## {heading}\n\n{line}", page, re.MULTILINE), heading
    for target in re.findall(r"\]\(([\w./-]+\.md)", page):
        assert (RUNBOOKS / target).is_file(), target
    for word in re.findall(r"\bidp_\w+", page):
        assert word in SAMPLES, word


def test_labels_in_summaries_survive_the_aggregation() -> None:
    for rule in RULES:
        for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
            kept = {
                item.strip() for labels in re.findall(r"\bby \(([^)]*)\)", rule["expr"]) for item in labels.split(",")
            }
            assert label in kept or ("sum" not in rule["expr"] and label == "instance"), (rule["alert"], label)


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    assert BOARD["schemaVersion"] >= 39
    assert BOARD["uid"]
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids))
    variables = {variable["name"]: variable for variable in BOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    for panel in PANELS:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
        assert set(re.findall(r"\$(\w+)", "".join(target["expr"] for target in panel["targets"]))) <= {
            "__rate_interval",
            *variables,
        }
    assert {panel["title"] for panel in BOARD["panels"] if panel["type"] == "row"} >= {
        "Traffic",
        "Sign-ins",
        "Tokens",
        "Database",
        "Redis",
        "Worker",
        "Keys",
        "Processes",
    }


def test_no_panel_covers_another() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for cell in [(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])]:
            assert taken.setdefault(cell, panel["title"]) == panel["title"]


def test_every_metric_is_documented_with_its_kind_and_its_labels() -> None:
    documented = {
        name: (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in re.findall(r"^\| `(idp_\w+)` \| (\w+) \| ([^|]*) \|", PAGE, re.MULTILINE)
    }
    declared = {
        family.name: (declared_.__class__.__name__.lower(), {*declared_._labelnames})
        for declared_ in vars(metrics).values()
        if isinstance(declared_, Counter | Gauge | Histogram)
        for family in declared_.describe()
    } | {family.name: ("gauge", set()) for family in Processes().collect()}
    assert documented == {
        name + ("_total" if kind == "counter" else ""): (kind, labels) for name, (kind, labels) in declared.items()
    }


def test_no_label_names_a_tenant_or_a_person() -> None:
    for name, labels in SAMPLES.items():
        assert labels.isdisjoint({"tenant", "tenant_id", "user", "user_id", "client", "client_id", "ip"}), name
