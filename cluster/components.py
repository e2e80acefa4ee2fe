"""The configuration files and command lines of the components, with what each unusual setting is for."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from cluster import credentials
from cluster.commands import find

COMPONENTS = ("etcd", "containerd", "apiserver", "controller-manager", "scheduler", "kubelet")
PAUSE_IMAGE = "airflow-hpo/pause:1"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one cluster keeps and reaches things.

    :param folder: the folder of the cluster.
    :param kube: the program `kube`.
    :param plugins: the folder of the CNI plugins.
    :param name: the name of its bridge, CNI network and control group.
    :param subnet: the subnet of its pods.
    :param ports: ports on loopback: `etcd`, `etcd-peer`, `apiserver`, `kubelet`.
    """

    folder: Path
    kube: Path
    plugins: Path
    name: str
    subnet: str
    ports: dict[str, int]

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return f"https://127.0.0.1:{self.ports['apiserver']}"

    @property
    def runtime_socket(self) -> Path:
        """The socket of containerd."""
        return self.folder / "containerd.sock"

    @property
    def node_address(self) -> str:
        """The bridge's own address: the kubelet refuses a loopback one."""
        return str(ipaddress.ip_network(self.subnet)[1])


def write_files(at: Layout) -> None:
    """Write the configuration files that the command lines name."""
    for name in ("logs", "network"):
        (at.folder / name).mkdir(exist_ok=True)
    credentials.create(at.folder, at.server)
    (at.folder / "containerd.toml").write_text(_containerd(at))
    (at.folder / "kubelet.json").write_text(json.dumps(_kubelet(at), indent=1))
    (at.folder / "network" / "10-pods.conflist").write_text(json.dumps(_network(at), indent=1))


def command_lines(at: Layout) -> dict[str, list[str]]:
    """Return the command line of every component, in the order of starting."""
    lines = {
        "etcd": _etcd_line(at),
        "containerd": [find("containerd") or "containerd", "-c", f"{at.folder}/containerd.toml"],
    }
    loopback = ("--bind-address=127.0.0.1", "--leader-elect=false", "--secure-port=0")
    lines["apiserver"] = _apiserver_line(at)
    lines["controller-manager"] = [
        *_kube(at, "controller-manager", *loopback),
        f"--service-account-private-key-file={at.folder}/accounts.key",
        f"--root-ca-file={at.folder}/ca.crt",
        "--use-service-account-credentials=true",
    ]
    lines["scheduler"] = _kube(at, "scheduler", *loopback)
    lines["kubelet"] = [
        *_kube(at, "kubelet", f"--config={at.folder}/kubelet.json", f"--root-dir={at.folder}/kubelet"),
        f"--cert-dir={at.folder}/kubelet/pki",
        "--hostname-override=localhost",  # the API server reaches it by this name, over loopback
        f"--node-ip={at.node_address}",
    ]
    return lines


def _kube(at: Layout, component: str, *flags: str) -> list[str]:
    return [str(at.kube), component, f"--kubeconfig={credentials.kubeconfig(at.folder, component)}", *flags]


def _etcd_line(at: Layout) -> list[str]:
    client, peer = (f"https://127.0.0.1:{at.ports[name]}" for name in ("etcd", "etcd-peer"))
    line = [find("etcd") or "etcd", f"--data-dir={at.folder}/etcd", "--logger=zap", "--unsafe-no-fsync"]
    line += [f"--listen-client-urls={client}", f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}"]
    line += [f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}"]
    for prefix in ("", "peer-"):
        line += [f"--{prefix}client-cert-auth", f"--{prefix}trusted-ca-file={at.folder}/ca.crt"]
        line += [f"--{prefix}cert-file={at.folder}/local.crt", f"--{prefix}key-file={at.folder}/local.key"]
    return line


def _apiserver_line(at: Layout) -> list[str]:
    certificate, key = f"{at.folder}/local.crt", f"{at.folder}/local.key"
    return [
        *(str(at.kube), "apiserver", "--bind-address=127.0.0.1", f"--secure-port={at.ports['apiserver']}"),
        *(f"--etcd-servers=https://127.0.0.1:{at.ports['etcd']}", f"--etcd-cafile={at.folder}/ca.crt"),
        *(f"--etcd-certfile={certificate}", f"--etcd-keyfile={key}"),
        *(f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}"),
        *(f"--kubelet-client-certificate={certificate}", f"--kubelet-client-key={key}"),
        "--kubelet-preferred-address-types=Hostname",
        f"--token-auth-file={at.folder}/tokens.csv",
        *("--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"),
        *(
            f"--service-account-key-file={at.folder}/accounts.pub",
            "--service-account-issuer=https://kubernetes.default.svc",
        ),
        f"--service-account-signing-key-file={at.folder}/accounts.key",
        "--service-cluster-ip-range=10.96.0.0/16",
        *(f"--advertise-address={at.node_address}", "--endpoint-reconciler-type=none"),  # loopback would be refused
    ]


def _containerd(at: Layout) -> str:
    """The sandbox dies with "can't get final child's PID" without `restrict_oom_score_adj`, where a machine
    keeps CAP_SYS_RESOURCE from root."""
    own = at.folder / "containerd"
    return f"""version = 2
root = "{own}/root"
state = "{own}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "{at.runtime_socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "{own}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
stream_server_address = "127.0.0.1"
stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
Root = "{own}/runc"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{at.plugins}"
conf_dir = "{at.folder}/network"
"""


def _kubelet(at: Layout) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "127.0.0.1",
        "port": at.ports["kubelet"],
        "healthzPort": 0,
        "readOnlyPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": f"{at.folder}/ca.crt"},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{at.name}",
        "failCgroupV1": False,
        "failSwapOn": False,
        # A machine shared with other programs: pods take what there is, no pod or image goes for want of disk.
        "enforceNodeAllocatable": [],
        "evictionHard": {},
        "imageGCHighThresholdPercent": 100,
        "maxPods": 200,
        "containerRuntimeEndpoint": f"unix://{at.runtime_socket}",
        "makeIPTablesUtilChains": False,
        "clusterDNS": ["10.96.0.10"],  # answers nothing, but without one every pod gets a warning event
        "podLogsDir": f"{at.folder}/pods",
        "volumePluginDir": f"{at.folder}/kubelet/volume-plugins",
    }


def _network(at: Layout) -> dict[str, object]:
    """A bridge without a default route: pods reach each other and the node, and nothing beyond."""
    addresses = {"type": "host-local", "ranges": [[{"subnet": at.subnet}]], "dataDir": f"{at.folder}/addresses"}
    bridge = {"type": "bridge", "bridge": at.name, "isGateway": True, "ipMasq": False, "ipam": addresses}
    return {"cniVersion": "0.4.0", "name": at.name, "plugins": [bridge]}
