"""The command line: `python3 -m cluster build|up|down|status|image|kubeconfig|stop|start`."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from pathlib import Path

from cluster import borrowed, cache, credentials, images
from cluster.borrowed import GivenCluster, KindCluster
from cluster.components import COMPONENTS
from cluster.errors import ClusterError
from cluster.own import OwnCluster

NOT_RUNNING = 3
"""The exit code of `status` when the cluster cannot be used, as service scripts have it."""

INTERRUPTED = 130


def main() -> int:
    """Carry out one command and return the exit code."""
    options = _parser().parse_args()
    own = OwnCluster(options.dir)
    try:
        if options.command in ("stop", "start"):
            return _component(own, options)
        if options.command == "image" and options.output:
            images.save(options.name, options.source, options.output)
            return 0
        return _cluster(_choose(own), options)
    except (ClusterError, TimeoutError) as err:
        print(f"cluster: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _choose(own: OwnCluster) -> GivenCluster | KindCluster | OwnCluster:
    """Return the cluster to use: KUBECONFIG's, else one that we started, else kind's, else one to start."""
    return borrowed.given(own.folder) or (
        KindCluster(own.folder) if not own.exists() and borrowed.kind_can_run() else own
    )


def _cluster(cluster: GivenCluster | KindCluster | OwnCluster, options: argparse.Namespace) -> int:
    match options.command:
        case "build":
            cluster.build()
        case "up":
            print(f"export KUBECONFIG={shlex.quote(str(cluster.up()))}")
        case "down":
            cluster.down()
        case "image":
            cluster.load_image(options.name, options.source)
            print(options.name)
        case "kubeconfig":
            return _print_kubeconfig(cluster.kubeconfig(options.user))
        case "status":
            trouble = cluster.trouble()
            print("\n".join([trouble or "ready", *cluster.report()]))
            return NOT_RUNNING if trouble else 0
    return 0


def _print_kubeconfig(path: Path) -> int:
    if not path.exists():
        raise ClusterError(f"The cluster must be running to have a kubeconfig, but there is no {path}. Run `up` first.")
    print(path)
    return 0


def _component(own: OwnCluster, options: argparse.Namespace) -> int:
    if options.command == "stop":
        own.stop(options.component, signal.Signals[f"SIG{options.signal}"])
    else:
        own.start(options.component)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m cluster", description="A real Kubernetes on one machine.")
    parser.add_argument("--dir", type=Path, default=cache.folder() / "run", help="the cluster's folder (%(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="only install and build what `up` and `image` would, to save time later")
    commands.add_parser("up", help="start, and print the export line of KUBECONFIG")
    commands.add_parser("down", help="stop, and remove everything")
    commands.add_parser("status", help=f"say what runs; exit code {NOT_RUNNING} when the cluster is not ready")
    image = commands.add_parser("image", help="make an image and give it to the cluster")
    image.add_argument("name", help="the name that pods use, with imagePullPolicy Never or IfNotPresent")
    image.add_argument(
        "source",
        nargs="?",
        type=Path,
        help="docker archive, folder with a Dockerfile (its build argument BASE is the small Debian), or folder over Python (default: only Python)",
    )
    image.add_argument("--output", type=Path, help="write a docker archive to this file; needs no cluster")
    kubeconfig = commands.add_parser("kubeconfig", help="print the path of a user's kubeconfig")
    kubeconfig.add_argument("--user", choices=credentials.PEOPLE, default="admin")
    stop = commands.add_parser("stop", help="end one component, for tests of failures")
    stop.add_argument("component", choices=COMPONENTS)
    stop.add_argument("--signal", choices=("TERM", "KILL"), default="TERM")
    start = commands.add_parser("start", help="start one stopped component again")
    start.add_argument("component", choices=COMPONENTS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
