"""Secrets that Airflow knows, however they are written in a text."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from airflow.models.connection import Connection as OwnConnection  # noqa: TID251
from airflow.sdk import Connection
from airflow.sdk._shared import secrets_masker
from airflow.sdk.log import mask_secret
from kubernetes.client import V1Container, V1EnvVar, V1Pod, V1PodSpec

from airflow_hpo.core.masking import cut, masked
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.secrets import hidden, hidden_in, secrets_in

SECRET = "p@ss w\"o'rd/é&<\\x"
KEY = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(base64.b64encode(bytes([i]) * 48).decode() for i in range(60))


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Leave Airflow's masker as it was."""
    masker = secrets_masker._secrets_masker()
    before = set(masker.patterns), masker.replacer
    yield
    masker.patterns, masker.replacer = before


def test_whoever_imports_the_hook_has_its_texts_masked() -> None:
    mask_secret("hunter2-hunter2")
    assert masked("it said hunter2-hunter2") == "it said ***"
    assert HpoHook is not None


@pytest.mark.parametrize(
    "write",
    [
        str,
        repr,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        quote,
        lambda text: quote(text, safe=""),
        quote_plus,
        html.escape,
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: f"postgresql://user:{quote_plus(text)}@host/db",
        lambda text: repr({"password": text}),
    ],
    ids=map(str, range(11)),
)
def test_a_secret_is_found_in_every_way_of_writing_it(write: object) -> None:
    mask_secret(SECRET)
    text = write(SECRET)  # type: ignore[operator]
    assert "***" in hidden(f"it said {text}!")
    assert text.strip("'\"") not in hidden(f"it said {text}!")


def test_of_two_secrets_the_longer_one_is_masked_whole() -> None:
    for secret in ("abcde", "abcdefghij", "abcdefg"):
        mask_secret(secret)
    assert hidden("abcdefghij abcdefg abcde") == "*** *** ***"


def test_a_key_of_many_lines_is_masked_line_by_line() -> None:
    mask_secret(KEY)
    assert {hidden(line) for line in KEY.splitlines()} == {"***"}
    assert hidden(" ".join(KEY.split())) == "***"


def test_the_last_lines_of_a_log_hold_no_part_of_a_key_that_began_before_them() -> None:
    mask_secret(KEY)
    assert set(Outcome.failed("x", tail=KEY.splitlines()[-50:]).tail) == {"***"}


def test_no_cut_leaves_a_part_of_a_secret() -> None:
    mask_secret(SECRET)
    line = "x" * 195 + SECRET
    assert cut(line, 200) == "x" * 195 + "***"


def test_a_password_of_a_connection_is_known_once_it_was_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SECRETIVE", json.dumps({"conn_type": "hpo", "password": "looked-up-once"}))
    Connection.get("secretive")
    assert hidden("looked-up-once") == "***"


def test_what_airflow_s_own_models_know_is_masked_too() -> None:
    OwnConnection(conn_id="own", conn_type="hpo", password="of-its-own-models")
    assert hidden("of-its-own-models") == "***"


def test_a_text_without_secrets_is_left_as_it_is() -> None:
    mask_secret("hunter2-hunter2")
    assert hidden("epoch=3 loss=0.25") == "epoch=3 loss=0.25"


def test_values_are_measured_before_anything_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_hpo.core.metrics.collector import Collector
    from airflow_hpo.core.metrics.source import Stdout
    from airflow_hpo.core.objective import Objective

    mask_secret("12345")
    collector = Collector(Stdout(), Objective(metric="loss"))
    collector.feed(b"loss=0.12345\n")
    assert collector.measure().value == 0.12345


def made(**container: object) -> V1Pod:
    first = V1Container(name="first", command=["sh", "-c", "true"])
    base = V1Container(name="base", **container)
    return V1Pod(spec=V1PodSpec(init_containers=[first], containers=[base]))


def test_another_process_finds_in_a_pod_the_secrets_that_its_maker_knows() -> None:
    mask_secret("hunter2-hunter2")
    env = [V1EnvVar(name="X", value="hunter2-hunter2"), V1EnvVar(name="REF"), V1EnvVar(name="RATE", value="0.125")]
    pod = made(env=env, command=["train"], args=["--url=db://u:hunter2-hunter2@h/d", "--epochs=12"])
    masked = hidden_in(pod)
    assert "hunter2" not in str(masked)
    assert json.loads(json.dumps(masked)) == masked
    secrets_masker.reset_secrets_masker()
    assert secrets_in(pod, masked) == ["hunter2-hunter2"]


def test_a_pod_without_secrets_tells_nothing() -> None:
    mask_secret("hunter2-hunter2")
    assert hidden_in(made(env=[V1EnvVar(name="RATE", value="0.125")])) == {}
    assert secrets_in(made(args=["a", ""]), {}) == []
