from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from kubernetes.client import (
    ApiClient,
    V1Affinity,
    V1Container,
    V1EnvVar,
    V1NodeAffinity,
    V1ObjectMeta,
    V1Pod,
    V1ResourceRequirements,
    V1Toleration,
)

from airflow_hpo.core.attempt import Attempt, TaskRun
from airflow_hpo.core.metrics.source import File
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.exceptions import ClusterRefusedError, DeclarationError
from airflow_hpo.operators import pod as pod_module
from airflow_hpo.operators.job import TrialJobOperator
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.pods.build.labels import PodIdentity
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.task_groups.pods import PodTrial
from airflow_hpo.triggers.trial_spec import PodTrialSpec
from tests.unit.operators.claimed import claimed_run

REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params={"x": 0.5, "kind": "{{ 1 + 1 }}"}, seed=3)
IDENTITY = PodIdentity(REQUEST, 2, TaskRun("d", "run:1", "trial", 3, 1), "here")


class BuiltOperator(TrialPodOperator):
    """A trial's operator whose trial is claimed already, without a study database."""

    def manifest(self, request: TrialRequest = REQUEST) -> dict[str, Any]:
        """Render and build the pod, and return it as Kubernetes gets it."""
        self.run = claimed_run(request)
        self._identity = IDENTITY
        self.render_template_fields({"trial": TrialView(request)})  # type: ignore[typeddict-unknown-key]
        pod = self.build_pod_request_obj(dry_run=True)
        plain: dict[str, Any] = ApiClient().sanitize_for_serialization(pod)
        return plain


def built(request: TrialRequest = REQUEST, **arguments: Any) -> dict[str, Any]:
    given = {"image": "trial:1", "namespace": "n", **arguments}
    return BuiltOperator(task_id="trial", request=request.to_dict(), **given).manifest(request)


def container(**arguments: Any) -> dict[str, Any]:
    first: dict[str, Any] = built(**arguments)["spec"]["containers"][0]
    return first


def test_the_pod_says_whose_it_is() -> None:
    meta = built(labels={"team": "a"}, annotations={"note": "b"})["metadata"]
    assert meta["name"] == IDENTITY.name()
    assert meta["labels"].items() >= {"team": "a", **IDENTITY.labels()}.items()
    assert meta["annotations"] == {"note": "b", **IDENTITY.annotations()}


def test_the_authors_labels_are_made_valid_once_they_are_rendered() -> None:
    meta = built(labels={"run": "x={{ trial.params.x }}, a: b"})["metadata"]
    assert re.fullmatch(r"x-[0-9.-]+--a--b", meta["labels"]["run"])


def test_variables_may_be_objects_of_kubernetes_or_plain_ones() -> None:
    secret = {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    given = [V1EnvVar(name="A", value="1"), secret]
    names = [one["name"] for one in container(env_vars=PodTrial("i", env_vars=given).arguments["env_vars"])["env"]]
    assert names[-2:] == ["A", "B"]


def test_the_authors_name_comes_first_in_the_pods_name() -> None:
    assert built(name="sim-{{ trial.params.x }}")["metadata"]["name"].startswith("sim-0-5-t7-a2-")


def test_parameters_are_never_rendered_themselves() -> None:
    first = container(arguments=["{{ trial.params.kind }}"], env_vars={"KIND": "{{ trial.params.kind }}"})
    assert first["args"] == ["{{ 1 + 1 }}"]
    values = {one["name"]: one["value"] for one in first["env"]}
    assert (values["KIND"], values["HPO_PARAM_KIND"]) == ("{{ 1 + 1 }}", "{{ 1 + 1 }}")


def test_every_field_of_kubernetes_objects_is_rendered() -> None:
    term = {"matchExpressions": [{"key": "size", "operator": "In", "values": ["{{ trial.number }}"]}]}
    wanted = V1NodeAffinity(required_during_scheduling_ignored_during_execution={"nodeSelectorTerms": [term]})
    spec = built(
        affinity=V1Affinity(node_affinity=wanted),
        tolerations=[V1Toleration(key="{{ trial.study }}")],
        service_account_name="sa-{{ trial.number }}",
        container_resources=V1ResourceRequirements(requests={"cpu": "{{ trial.number }}"}),
        init_containers=[V1Container(name="prepare", image="i", args=["{{ trial.seed }}"])],
        priority_class_name="low-{{ trial.number }}",
    )["spec"]
    node = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert node["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] == ["7"]
    assert spec["tolerations"] == [{"key": "s@r"}]
    assert spec["serviceAccountName"] == "sa-7"
    assert spec["containers"][0]["resources"]["requests"] == {"cpu": "7"}
    assert spec["initContainers"][0]["args"] == ["3"]
    assert spec["priorityClassName"] == "low-7"


def test_rendering_leaves_the_authors_objects_alone() -> None:
    toleration = V1Toleration(key="{{ trial.number }}")
    built(tolerations=[toleration])
    assert toleration.key == "{{ trial.number }}"


TEMPLATE = {
    "spec": {
        "containers": [
            {
                "name": "main",
                "image": "t:1",
                "resources": {"limits": {"nvidia.com/gpu": "1"}},
                "env": [{"name": "HPO_SEED", "value": "1"}],
            }
        ],
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "nodeSelector": {"pool": "gpu"},
        "securityContext": {"runAsNonRoot": True},
    }
}


@pytest.fixture(params=["dict", "file"])
def template(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The template as an operator's argument."""
    if request.param == "dict":
        return {"pod_template_dict": TEMPLATE}
    import yaml

    file = tmp_path / "pod.yaml"
    file.write_text(yaml.safe_dump(TEMPLATE))
    return {"pod_template_file": str(file)}


def test_what_a_template_sets_is_not_lost(template: dict[str, Any]) -> None:
    spec = built(
        **template,
        image=None,
        container_resources={"requests": {"cpu": "2"}},
        tolerations=[V1Toleration(key="spot")],
        node_selector={"zone": "a"},
        security_context={"fsGroup": 5},
    )["spec"]
    assert spec["containers"][0]["image"] == "t:1"
    assert spec["containers"][0]["resources"] == {"limits": {"nvidia.com/gpu": "1"}, "requests": {"cpu": "2"}}
    assert [one["key"] for one in spec["tolerations"]] == ["gpu", "spot"]
    assert spec["nodeSelector"] == {"pool": "gpu", "zone": "a"}
    assert spec["securityContext"] == {"runAsNonRoot": True, "fsGroup": 5}


def test_a_templates_variable_wins_over_the_trials(template: dict[str, Any]) -> None:
    seeds = [one["value"] for one in container(**template)["env"] if one["name"] == "HPO_SEED"]
    assert seeds == ["1"]


def test_a_metrics_file_brings_a_sidecar_and_a_volume() -> None:
    spec = built(metrics=File("/metrics/m.log"))["spec"]
    [sidecar] = spec["initContainers"]
    assert (sidecar["restartPolicy"], sidecar["image"]) == ("Always", "trial:1")
    assert sidecar["volumeMounts"] == spec["containers"][0]["volumeMounts"]


@pytest.mark.parametrize(
    "argument", [{"do_xcom_push": True}, {"durable": True}, {"get_logs": False}, {"logging_interval": 5}]
)
def test_arguments_that_make_no_sense_for_a_trial_are_refused(argument: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match=next(iter(argument))):
        built(**argument)


def test_building_a_pod_twice_gives_the_same_pod() -> None:
    operator = BuiltOperator(task_id="trial", request=REQUEST.to_dict(), image="t", metrics=File("/metrics/m.log"))
    assert operator.manifest() == operator.manifest()


def test_only_what_is_run_outdates_a_result() -> None:
    def work(**arguments: Any) -> str:
        return TrialPodOperator(task_id="t", request=REQUEST.to_dict(), **{"image": "a", **arguments}).work()

    assert work() == work(container_resources={"limits": {"cpu": "1"}}, poll_interval=3)
    assert len({work(), work(image="b"), work(arguments=["x"]), work(env_vars={"A": "1"})}) == 4


def test_a_pod_trial_maps_over_requests() -> None:
    from airflow.sdk import task

    with DAG("d"):

        @task
        def suggest() -> list[dict[str, Any]]:
            return []

        mapped = PodTrial("trial:1", arguments=["{{ trial.params.x }}"], retries=5).expand(suggest(), retries=2)
    assert mapped.operator_class is TrialPodOperator
    assert mapped.partial_kwargs["retries"] == 5


@pytest.mark.parametrize("arguments", [{}, {"image": "i", "arguments": "--x 1"}, {"image": "i", "cmds": [1]}])
def test_a_pod_trial_that_cannot_run_is_refused_when_declared(arguments: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        PodTrial(**arguments)


def test_a_worker_and_the_triggerer_watch_for_the_same_silence() -> None:
    one = BuiltOperator(
        task_id="trial", request=REQUEST.to_dict(), image="i", namespace="n", no_news_after=timedelta(minutes=1)
    )
    attempt = Attempt("s@r", 7, 1, IDENTITY.task, "pod", datetime.now(UTC))
    stored = PodTrialSpec.from_dict(json.loads(json.dumps(one.spec().to_dict())))
    assert (one.watch_limits(attempt).no_news_after, stored.watch_limits(attempt).no_news_after) == (60, 60)


def test_a_pod_that_the_version_before_watched_may_be_silent_for_any_time() -> None:
    one = BuiltOperator(task_id="trial", request=REQUEST.to_dict(), image="i", namespace="n")
    before = asdict(one.watch_limits(Attempt("s@r", 7, 1, IDENTITY.task, "pod", datetime.now(UTC))))
    del before["no_news_after"]
    assert WatchLimits(**before).no_news_after is None


@pytest.mark.parametrize(("operator", "kept"), [(TrialPodOperator, False), (TrialJobOperator, True)])
def test_a_pod_that_was_refused_is_forgotten_and_a_job_whose_pods_cannot_be_listed_is_not(
    operator: type[TrialPodOperator], kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod = V1Pod(metadata=V1ObjectMeta(name="p", namespace="n"))
    more = {"pods": 2} if kept else {}
    trial: Any = operator(task_id="trial", request=REQUEST.to_dict(), image="trial:1", namespace="n", **more)
    monkeypatch.setattr(operator, "build_pod_request_obj", lambda *_: pod)
    monkeypatch.setattr(operator, "client", None)
    monkeypatch.setattr(pod_module, "identity_of", lambda _: IDENTITY)

    def refuse(*_: object) -> None:
        assert trial.pod is pod, "a task that is killed now has to delete what may have been made"
        raise ClusterRefusedError("Kubernetes refuses to create the pod 'p' (403).", status=403)

    monkeypatch.setattr(pod_module, "start_pod", refuse)
    with pytest.raises(ClusterRefusedError):
        trial.start_pod({}, SimpleNamespace(study=SimpleNamespace(objective=Objective("loss"))))
    assert (trial.pod is pod) == kept
