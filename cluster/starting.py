"""Starting a cluster step by step, each step waited for by asking for its result."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from cluster import api, build, components, host, images, packages, processes, state
from cluster.commands import run, succeeds
from cluster.components import PAUSE_IMAGE, Layout
from cluster.errors import ClusterError
from cluster.state import State

PROGRAMS = ("etcd", "containerd", "ctr", "runc", "ip", "openssl", "mount")
MARK = "airflow-hpo"
"""A file that says that its folder is a cluster's, and may be removed."""

LOG_TAIL_BYTES = 4000


def start(folder: Path) -> None:
    """Start a cluster in a folder that does not exist or is empty, and wait until it can be used."""
    packages.ensure(PROGRAMS, plugins=True)
    programs = build.binaries()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / MARK).touch()
    known = State(settings=host.kernel_settings(), made=host.absent_folders())
    known.save(folder)
    layout = _lay_out(folder, programs / "kube")
    known.server, known.commands = layout.server, components.command_lines(layout)
    for name in ("etcd", "containerd", "apiserver"):
        launch(folder, known, name)
    _wait_for_containerd(folder, known)
    _import_pause(folder, programs / "pause")
    wait_for_apiserver(folder, known)
    for name in ("controller-manager", "scheduler", "kubelet"):
        launch(folder, known, name)
    _wait(folder, known, "kubelet", "the node to be ready", lambda: api.node_is_ready(folder, known.server))
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    answered = lambda: api.get(folder, known.server, account) is not None  # noqa: E731
    _wait(folder, known, "controller-manager", "the default service account", answered)


def launch(folder: Path, known: State, name: str) -> None:
    """Start one component and remember its process."""
    known.processes[name] = processes.start(known.commands[name], folder / "logs" / f"{name}.log", folder)
    known.save(folder)


def wait_for_apiserver(folder: Path, known: State) -> None:
    """Wait until the API server says that it is ready."""
    _wait(folder, known, "apiserver", "/readyz to say ok", lambda: api.get(folder, known.server, "/readyz") == b"ok")


def import_image(folder: Path, archive: Path) -> None:
    """Give a docker archive to the cluster's containerd."""
    run("ctr", "--address", folder / "containerd.sock", "--namespace", "k8s.io", "images", "import", archive)


def _lay_out(folder: Path, kube: Path) -> Layout:
    """Make what the components need before they start."""
    name = host.name_of(folder)
    subnet = host.add_bridge(name)
    host.add_control_group(name)
    ports = state.free_ports(("etcd", "etcd-peer", "apiserver", "kubelet"))
    plugins = packages.plugin_folder() or packages.PLUGIN_FOLDERS[0]
    layout = Layout(folder, kube, plugins, name, subnet, ports)
    components.write_files(layout)
    return layout


def _wait_for_containerd(folder: Path, known: State) -> None:
    ask = ("ctr", "--address", str(folder / "containerd.sock"), "version")
    _wait(folder, known, "containerd", "containerd to answer", lambda: succeeds(*ask))


def _import_pause(folder: Path, program: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as work:
        layer, archive = Path(work, "layer.tar"), Path(work, "image.tar")
        images.pack_program(program, layer)
        images.write(archive, PAUSE_IMAGE, [layer], {"Entrypoint": ["/pause"]})
        import_image(folder, archive)


def _wait(folder: Path, known: State, name: str, what: str, condition: Callable[[], bool], limit: float = 60) -> None:
    """Wait for a condition, and blame one component when it does not come or a component ends.

    :param limit: seconds to wait.
    """

    def met() -> bool:
        ended = [one for one, process in known.processes.items() if not process.alive()]
        if ended:
            raise ClusterError(f"{ended[0]} must keep running, but ended. {_log(folder, ended[0])}")
        return condition()

    try:
        processes.wait_until(met, what, limit)
    except TimeoutError as err:
        raise ClusterError(f"{err} {_log(folder, name)}") from err


def _log(folder: Path, name: str) -> str:
    path = folder / "logs" / f"{name}.log"
    tail = path.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace") if path.exists() else ""
    return f"Read {path}, which ends with:\n{tail}"
