"""Certificates, tokens and kubeconfigs of a cluster that lives in one folder."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

from cluster.commands import run

USERS = {
    "admin": ("admin", "system:masters"),
    "airflow": ("airflow", "airflow"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kubelet": ("system:node:localhost", "system:nodes"),
}
"""Kubeconfigs that are written: name of the user in Kubernetes, and the group."""

PEOPLE = ("admin", "airflow")
"""The users that a person or a test may be; `airflow` may do nothing until a binding says otherwise."""

EC_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "365")
NAMES = "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc,IP:10.96.0.1"


def create(folder: Path, server: str) -> None:
    """Write everything secret that a new cluster needs.

    :param folder: an existing folder that only its owner can read.
    :param server: the URL of the API server.
    """
    _certificates(folder)
    rows = []
    for name, (user, group) in USERS.items():
        token = secrets.token_urlsafe(32)
        rows.append(f'{token},{user},{user},"{group}"' if group else f"{token},{user},{user}")
        _write_private(kubeconfig(folder, name), kubeconfig_text(server, (folder / "ca.crt").read_bytes(), name, token))
    _write_private(folder / "tokens.csv", "\n".join(rows) + "\n")


def kubeconfig(folder: Path, user: str) -> Path:
    """Return the path of a user's kubeconfig."""
    return folder / f"{user}.kubeconfig"


def kubeconfig_text(server: str, authority: bytes, user: str, token: str) -> str:
    """Return a kubeconfig, in JSON, which is YAML too."""
    data = base64.b64encode(authority).decode()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "airflow-hpo", "cluster": {"server": server, "certificate-authority-data": data}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": user, "context": {"cluster": "airflow-hpo", "user": user}}],
        "current-context": user,
    }
    return json.dumps(content, indent=1) + "\n"


def token_of(path: Path) -> str:
    """Return the token in a kubeconfig that `create` wrote."""
    return str(json.loads(path.read_text())["users"][0]["user"]["token"])


def _certificates(folder: Path) -> None:
    """Write an authority, one certificate for every component, and the key that signs service account tokens."""
    authority = ("-keyout", folder / "ca.key", "-out", folder / "ca.crt", "-subj", "/CN=airflow-hpo-cluster")
    run("openssl", "req", "-x509", *EC_KEY, *authority)
    local = ("-keyout", folder / "local.key", "-out", folder / "local.crt", "-subj", "/CN=localhost")
    signed = ("-CA", folder / "ca.crt", "-CAkey", folder / "ca.key")
    extensions = (NAMES, "basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth,clientAuth")
    added = [word for extension in extensions for word in ("-addext", extension)]
    run("openssl", "req", "-x509", *EC_KEY, *local, *signed, *added)
    run("openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", folder / "accounts.key")
    run("openssl", "ec", "-in", folder / "accounts.key", "-pubout", "-out", folder / "accounts.pub")


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
