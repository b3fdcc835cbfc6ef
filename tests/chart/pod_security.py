"""The restricted Pod Security Standard, a function a rule; each answers what of a pod breaks it.

Of Kubernetes 1.37, https://kubernetes.io/docs/concepts/security/pod-security-standards/, for Linux pods.
"""

from collections.abc import Callable, Iterator
from typing import Any

Spec = dict[str, Any]
Rule = Callable[[Spec], list[str]]

VOLUME_TYPES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip
SECCOMP = APPARMOR = {"RuntimeDefault", "Localhost"}
SELINUX_TYPES = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
SAFE_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}  # fmt: skip


def containers(spec: Spec) -> list[Spec]:
    return [each for field in ("initContainers", "containers", "ephemeralContainers") for each in spec.get(field, [])]


def contexts(spec: Spec) -> Iterator[tuple[str, Spec]]:
    """Of the pod, then of each container."""
    yield "pod", spec.get("securityContext", {})
    for each in containers(spec):
        yield each["name"], each.get("securityContext", {})


def host_namespaces(spec: Spec) -> list[str]:
    return [field for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]


def host_process(spec: Spec) -> list[str]:
    return [name for name, context in contexts(spec) if context.get("windowsOptions", {}).get("hostProcess")]


def privileged(spec: Spec) -> list[str]:
    return [name for name, context in contexts(spec) if context.get("privileged")]


def host_ports(spec: Spec) -> list[str]:
    return [each["name"] for each in containers(spec) for port in each.get("ports", []) if port.get("hostPort")]


def host_probes(spec: Spec) -> list[str]:
    """Probes and hooks ask the pod itself, and no other host."""
    found = []
    for each in containers(spec):
        handlers = [each.get(f"{kind}Probe", {}) for kind in ("startup", "liveness", "readiness")]
        handlers += each.get("lifecycle", {}).values()
        actions = [handler.get(kind, {}) for handler in handlers for kind in ("httpGet", "tcpSocket")]
        found += [each["name"] for action in actions if action.get("host")]
    return found


def apparmor(spec: Spec) -> list[str]:
    profiles = [(name, context.get("appArmorProfile")) for name, context in contexts(spec)]
    return [name for name, profile in profiles if profile is not None and profile["type"] not in APPARMOR]


def selinux(spec: Spec) -> list[str]:
    options = [(name, context.get("seLinuxOptions", {})) for name, context in contexts(spec)]
    return [
        name
        for name, option in options
        if option.get("type") not in SELINUX_TYPES or option.get("user") or option.get("role")
    ]


def proc_mount(spec: Spec) -> list[str]:
    return [name for name, context in contexts(spec) if context.get("procMount", "Default") != "Default"]


def sysctls(spec: Spec) -> list[str]:
    wanted = [each["name"] for each in spec.get("securityContext", {}).get("sysctls", [])]
    return [name for name in wanted if name not in SAFE_SYSCTLS]


def volume_types(spec: Spec) -> list[str]:
    return [each["name"] for each in spec.get("volumes", []) if not {*each} - {"name"} <= VOLUME_TYPES]


def privilege_escalation(spec: Spec) -> list[str]:
    return [
        each["name"]
        for each in containers(spec)
        if each.get("securityContext", {}).get("allowPrivilegeEscalation") is not False
    ]


def non_root(spec: Spec) -> list[str]:
    (_, of_pod), *others = contexts(spec)
    said = of_pod.get("runAsNonRoot")
    return [name for name, context in others if context.get("runAsNonRoot", said) is not True]


def non_root_user(spec: Spec) -> list[str]:
    return [name for name, context in contexts(spec) if context.get("runAsUser") == 0]


def seccomp(spec: Spec) -> list[str]:
    (_, of_pod), *others = contexts(spec)
    said = of_pod.get("seccompProfile", {})
    wrong = [name for name, context in others if context.get("seccompProfile", said).get("type") not in SECCOMP]
    return wrong if not said or said["type"] in SECCOMP else ["pod", *wrong]


def capabilities(spec: Spec) -> list[str]:
    found = [(each["name"], each.get("securityContext", {}).get("capabilities", {})) for each in containers(spec)]
    return [
        name
        for name, wanted in found
        if "ALL" not in wanted.get("drop", []) or not {*wanted.get("add", [])} <= {"NET_BIND_SERVICE"}
    ]


RULES: tuple[Rule, ...] = (
    host_namespaces, host_process, privileged, host_ports, host_probes, apparmor, selinux, proc_mount, sysctls,
    volume_types, privilege_escalation, non_root, non_root_user, seccomp, capabilities,
)  # fmt: skip


def broken(spec: Spec) -> dict[str, list[str]]:
    """The rules that a pod breaks, and by what."""
    return {rule.__name__: found for rule in RULES if (found := rule(spec))}
