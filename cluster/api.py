"""Asking the API server, with the standard library only."""

from __future__ import annotations

import json
import re
import ssl
import urllib.error
import urllib.request
from pathlib import Path

from cluster import credentials


def get(folder: Path, server: str, path: str) -> bytes | None:
    """Return what the API server of a cluster answers to its admin, or nothing when it gives no good answer.

    :param folder: the cluster's folder.
    :param server: the URL of its API server.
    :param path: what to ask for, such as `/readyz`.
    """
    try:
        trust = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        token = credentials.token_of(credentials.kubeconfig(folder, "admin"))
        request = urllib.request.Request(server + path, headers={"Authorization": f"Bearer {token}"})
        with _opener(trust).open(request, timeout=5) as answer:
            return bytes(answer.read())
    except (OSError, ValueError):
        return None


def node_is_ready(folder: Path, server: str) -> bool:
    """Return whether the API server says that the one node is ready."""
    node = get(folder, server, "/api/v1/nodes/localhost")
    conditions = json.loads(node)["status"].get("conditions", []) if node else []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def first_reachable(kubeconfig: Path) -> str | None:
    """Return the first server named in a kubeconfig that answers at all, or nothing when none does.

    Who asks is not told, so a refusal is an answer too.
    """
    try:
        servers = re.findall(r"""["']?server["']?:\s*["']?(https?://[^\s"',}]+)""", kubeconfig.read_text())
    except OSError:
        return None
    return next((server for server in servers if _answers(server)), None)


def _answers(server: str) -> bool:
    trust = ssl.create_default_context()
    trust.check_hostname = False
    trust.verify_mode = ssl.CERT_NONE
    try:
        with _opener(trust).open(f"{server.rstrip('/')}/readyz", timeout=5):
            return True
    except urllib.error.HTTPError as answer:
        return answer.code < 500
    except (OSError, ValueError):
        return False


def _opener(trust: ssl.SSLContext) -> urllib.request.OpenerDirector:
    """Return what opens URLs directly: a proxy for the outside must not be asked for this machine."""
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=trust), urllib.request.ProxyHandler({}))
