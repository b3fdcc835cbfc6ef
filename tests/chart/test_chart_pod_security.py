from typing import Any

import pytest

from tests.chart import charts, pod_security

RESTRICTED: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "one",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
    "volumes": [{"name": "tmp", "emptyDir": {}}],
}
OF_CONTAINER = {
    "privileged": {"privileged": True},
    "privilege_escalation": {"allowPrivilegeEscalation": True},
    "non_root": {"runAsNonRoot": False},
    "non_root_user": {"runAsUser": 0},
    "seccomp": {"seccompProfile": {"type": "Unconfined"}},
    "capabilities": {"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}},
    "apparmor": {"appArmorProfile": {"type": "Unconfined"}},
    "selinux": {"seLinuxOptions": {"user": "root"}},
    "proc_mount": {"procMount": "Unmasked"},
    "host_process": {"windowsOptions": {"hostProcess": True}},
}
OF_POD = {
    "host_namespaces": {"hostPID": True},
    "volume_types": {"volumes": [{"name": "root", "hostPath": {"path": "/"}}]},
    "sysctls": {"securityContext": {**RESTRICTED["securityContext"], "sysctls": [{"name": "kernel.msgmax"}]}},
}
OF_PORTS = {
    "host_ports": {"ports": [{"containerPort": 80, "hostPort": 80}]},
    "host_probes": {"livenessProbe": {"httpGet": {"port": 80, "host": "169.254.169.254"}}},
}


@pytest.mark.parametrize("name", charts.MATRIX)
def test_every_pod_is_restricted(name: str) -> None:
    found = list(charts.pods(charts.release(name)))
    assert {component for component, _ in found} >= {"web", "worker", "test"}
    for component, pod in found:
        assert pod_security.broken(pod["spec"]) == {}, component


@pytest.mark.parametrize("name", charts.MATRIX)
def test_a_pod_can_write_into_its_own_memory_and_nowhere_else(name: str) -> None:
    found = charts.release(name)
    for component, pod in charts.pods(found):
        (container,) = pod["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        user = pod["spec"]["securityContext"]
        assert user["runAsUser"] == user["runAsGroup"] == user["fsGroup"] == 10001
        assert pod["spec"]["automountServiceAccountToken"] is False
        if component == "test":
            continue
        empty = {each["name"]: each["emptyDir"] for each in pod["spec"]["volumes"] if "emptyDir" in each}
        assert all(directory["medium"] == "Memory" and directory["sizeLimit"] for directory in empty.values())
        writable = {each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")}
        assert writable == {"/tmp", "/dev/shm"}  # noqa: S108 - that is where they are
        assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["spec"]["volumes"]}


def test_the_checker_finds_nothing_in_what_is_restricted() -> None:
    assert pod_security.broken(RESTRICTED) == {}
    assert {*OF_CONTAINER, *OF_POD, *OF_PORTS} == {rule.__name__ for rule in pod_security.RULES}


@pytest.mark.parametrize("rule", OF_CONTAINER)
def test_the_checker_finds_a_container_that_breaks_a_rule(rule: str) -> None:
    (container,) = RESTRICTED["containers"]
    wrong = container | {"securityContext": container["securityContext"] | OF_CONTAINER[rule]}
    assert pod_security.broken(RESTRICTED | {"containers": [wrong]}) == {rule: ["one"]}
    assert pod_security.broken(RESTRICTED | {"initContainers": [wrong]}) == {rule: ["one"]}


@pytest.mark.parametrize("rule", OF_PORTS)
def test_the_checker_finds_ports_that_break_a_rule(rule: str) -> None:
    (container,) = RESTRICTED["containers"]
    assert pod_security.broken(RESTRICTED | {"containers": [container | OF_PORTS[rule]]}) == {rule: ["one"]}


@pytest.mark.parametrize("rule", OF_POD)
def test_the_checker_finds_a_pod_that_breaks_a_rule(rule: str) -> None:
    assert {*pod_security.broken(RESTRICTED | OF_POD[rule])} == {rule}


def test_the_checker_misses_nothing_that_is_left_out() -> None:
    assert {*pod_security.broken({"containers": [{"name": "one"}]})} == {
        "privilege_escalation",
        "non_root",
        "seccomp",
        "capabilities",
    }
