import ipaddress
from typing import Any

import pytest

from idp.outbound import is_public
from tests.chart import charts

WALLED = [name for name in charts.MATRIX if charts.release(name).of_kind("NetworkPolicy")]
ADDRESSES = [
    *("10.1.2.3", "100.64.0.1", "168.63.129.16", "169.254.169.254", "172.16.0.1", "192.168.1.1"),
    *("8.8.8.8", "2606:4700::1111", "::1", "64:ff9b::a01:203", "fd00::1", "fe80::1", "2001::1", "2002:a01:203::1"),
]


def wall(name: str, component: str) -> dict[str, Any]:
    return charts.release(name).one("NetworkPolicy", component)["spec"]


def ports(rules: list[dict[str, Any]]) -> set[object]:
    return {port["port"] for rule in rules for port in rule["ports"]}


@pytest.mark.parametrize("name", WALLED)
def test_every_pod_that_stays_has_a_wall_both_ways(name: str) -> None:
    found = charts.release(name)
    for component, pod in charts.pods(found):
        if component != "test":
            spec = wall(name, component)
            assert spec["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
            assert spec["policyTypes"] == ["Ingress", "Egress"]


def test_anybody_reaches_the_public_port_and_nobody_an_internal_one() -> None:
    assert wall("minimal", "web")["ingress"] == [{"ports": [{"port": "http", "protocol": "TCP"}]}]
    assert "ingress" not in wall("minimal", "worker")
    assert "ingress" not in wall("minimal", "migration")


def test_who_reaches_a_port_can_be_said() -> None:
    public, internal = wall("everything", "web")["ingress"]
    values = charts.read("everything")["networkPolicy"]
    *proxies, tester = public["from"]
    assert proxies == values["publicFrom"]
    labels = charts.pod(charts.release("everything"), "test")["metadata"]["labels"].items()
    assert tester["podSelector"]["matchLabels"].items() <= labels
    assert internal == {"ports": [{"port": "internal", "protocol": "TCP"}], "from": values["internalFrom"]}
    assert wall("everything", "worker")["ingress"] == [internal]


@pytest.mark.parametrize("name", WALLED)
def test_a_port_of_a_wall_is_one_of_the_container(name: str) -> None:
    for component in ("web", "worker"):
        named = {port["name"] for port in charts.container(charts.release(name), component)["ports"]}
        assert ports(wall(name, component).get("ingress", [])) <= named


def test_pods_go_where_they_must_and_nowhere_else() -> None:
    assert ports(wall("minimal", "migration")["egress"]) == {53, 5432}
    assert ports(wall("minimal", "web")["egress"]) == {53, 5432, 6379, 443}
    assert ports(wall("minimal", "worker")["egress"]) == {53, 5432, 6379, 443, 25, 465, 587, 2525}
    dns, *others = wall("minimal", "web")["egress"]
    assert {port["protocol"] for port in dns["ports"]} == {"TCP", "UDP"}
    assert {port["protocol"] for rule in others for port in rule["ports"]} == {"TCP"}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("component", ["web", "worker"])
def test_what_strangers_make_us_call_is_a_public_address(component: str, address: str) -> None:
    """The wall lets out to where the product would call, and to nowhere else."""
    (https,) = [rule for rule in wall("minimal", component)["egress"] if ports([rule]) == {443}]
    found = ipaddress.ip_address(address)
    reachable = [
        block
        for block in (peer["ipBlock"] for peer in https["to"])
        if found in ipaddress.ip_network(block["cidr"])
        and not any(found in ipaddress.ip_network(hole) for hole in block["except"])
    ]
    assert bool(reachable) is is_public(found)


def test_where_pods_go_can_be_said() -> None:
    values = charts.read("everything")["networkPolicy"]
    web = wall("everything", "web")["egress"]
    assert [rule.get("to", []) for rule in web] == [
        *(values["egress"][name]["to"] for name in ("dns", "postgresql", "redis", "https")),
        values["extraEgress"][0]["to"],
    ]
    assert ports(web) == {53, 6432, 6379, 26379, 443, 8443, 4318}
    assert ports(wall("everything", "migration")["egress"]) == {53, 6432}
