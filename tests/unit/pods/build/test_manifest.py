from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from kubernetes.client import V1Container, V1Pod, V1PodSpec

from airflow_hpo.core.metrics.source import File, Stdout
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.pods.build.manifest import environment, file_reader, merged, refuse_sidecars

REQUEST = TrialRequest(study="s@r", key="001/0", number=1, params={"x": 0.5, "cmd": "$(HOME)"}, seed=3)


def test_kubernetes_does_not_expand_what_a_parameter_holds() -> None:
    values = {one.name: one.value for one in environment(REQUEST)}
    assert values["HPO_PARAM_CMD"] == "$$(HOME)"
    assert values["HPO_PARAM_X"] == "0.5"


def test_the_authors_variables_win() -> None:
    assert "HPO_SEED" not in {one.name for one in environment(REQUEST, {"HPO_SEED"})}


@pytest.mark.parametrize(
    ("weak", "strong", "both"),
    [
        ({"limits": {"gpu": "1"}}, {"requests": {"cpu": "2"}}, {"limits": {"gpu": "1"}, "requests": {"cpu": "2"}}),
        ({"limits": {"cpu": "1"}}, {"limits": {"cpu": "2"}}, {"limits": {"cpu": "2"}}),
        ([{"key": "gpu"}], [{"key": "spot"}, {"key": "gpu"}], [{"key": "gpu"}, {"key": "spot"}]),
        ({"a": "b"}, {}, {"a": "b"}),
        ("weak", "strong", "strong"),
    ],
)
def test_arguments_add_to_a_template(weak: object, strong: object, both: object) -> None:
    assert merged(weak, strong) == both


def test_ordinary_containers_beside_the_trial_are_refused() -> None:
    pod = V1Pod(spec=V1PodSpec(containers=[V1Container(name="base"), V1Container(name="proxy")]))
    with pytest.raises(DeclarationError, match="restartPolicy: Always"):
        refuse_sidecars(pod, "base")


@pytest.mark.parametrize("path", ["metrics.log", "/metrics.log"])
def test_a_metrics_file_needs_a_folder_of_its_own(path: str) -> None:
    with pytest.raises(DeclarationError, match="a folder of its own"):
        file_reader(File(path), "image")


def test_only_a_file_needs_a_sidecar() -> None:
    assert file_reader(Stdout(), "image") is None


def test_the_sidecar_prints_a_file_that_grows_and_starts_anew(tmp_path: Path) -> None:
    file = tmp_path / "m.log"
    reader = file_reader(File("/metrics/m.log"), "image")
    assert reader is not None
    *command, _ = reader.command
    with subprocess.Popen([*command, str(file)], stdout=subprocess.PIPE, text=True) as sidecar:
        assert sidecar.stdout is not None
        file.write_text("one\ntwo\n")
        assert [sidecar.stdout.readline() for _ in range(2)] == ["one\n", "two\n"]
        file.write_text("new\n")
        assert sidecar.stdout.readline() == "new\n"
        with file.open("a") as more:
            more.write("last without end")
        sidecar.terminate()
        assert sidecar.stdout.read() == "last without end"
    assert sidecar.returncode == 0
