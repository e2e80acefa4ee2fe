"""What templates render to for the fingerprint: the same in every try of a trial, another text where an input has changed."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.definitions._internal.templater import SandboxedEnvironment
from airflow.sdk.execution_time.context import MacrosAccessor
from jinja2 import StrictUndefined, UndefinedError

from airflow_hpo.core.metrics.source import File, Stdout
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.core.window import Period
from airflow_hpo.core.work import Work
from airflow_hpo.hooks.work import rendered_work

REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params={"x": 0.5}, seed=3)
MARCH = Period(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 4, 1, tzinfo=UTC))
JUNE = Period(start=datetime(2026, 6, 1, tzinfo=UTC), end=datetime(2026, 7, 1, tzinfo=UTC))


def context(try_number: int = 1, **inputs: Any) -> dict[str, Any]:
    """Context of one try: everything that differs from try to try is another one each time."""
    started = datetime.now(UTC) + timedelta(hours=try_number)
    ti = SimpleNamespace(
        dag_id="d",
        task_id="t",
        run_id="r",
        map_index=3,
        id=uuid.uuid4(),
        try_number=try_number,
        max_tries=try_number + 2,
        start_date=started,
        hostname=f"host-{try_number}",
        log_url=f"http://airflow/{try_number}",
        pid=try_number,
        xcom_pull=lambda task_ids: inputs.get("xcom", "old"),
    )
    run = SimpleNamespace(run_id="r", start_date=started, clear_number=try_number, conf=inputs.get("conf", {}))
    return {
        "ti": ti,
        "task_instance": ti,
        "dag_run": run,
        "run_id": "r",
        "ds": inputs.get("ds", "2026-03-01"),
        "try_number": try_number,
        "params": {"p": inputs.get("param", 1)},
        "var": SimpleNamespace(value=SimpleNamespace(v=inputs.get("variable", "old"))),
        "conn": SimpleNamespace(c=SimpleNamespace(host=inputs.get("host", "old"))),
        "macros": MacrosAccessor(),
    }


def work(template: str, known: dict[str, Any], request: TrialRequest = REQUEST, **options: Any) -> Work:
    environment = SandboxedEnvironment(undefined=StrictUndefined, cache_size=0)
    return rendered_work("0f" * 8, {"command": ["run", template]}, Stdout(), "", request, known, environment, **options)


VARYING = (
    "{{ ti.try_number }}",
    "{{ try_number + 1 }}",
    "{% if ti.try_number > 1 %}--resume{% endif %}",
    "{{ task_instance.start_date | string }}",
    "{{ (ti.start_date.timestamp() * 1000) | int }}",
    "{{ ti.hostname }} {{ ti.pid }} {{ ti.id }} {{ ti.log_url.split('/')[-1] }} {{ ti.max_tries }}",
    "{{ ti }} {{ dag_run }}",
    "{{ dag_run.start_date.strftime('%H:%M:%S.%f') }} {{ dag_run.clear_number }}",
    "{{ macros.datetime.now() }} {{ macros.datetime.utcnow().isoformat() }} {{ macros.random() }}",
    "{{ macros.time.time() }} {{ macros.time.time_ns() }} {{ macros.time.strftime('%H%M%S') }}",
    "{{ macros.uuid.uuid4() }} {{ macros.uuid.uuid1().hex }}",
    "{{ macros }}",
)


@pytest.mark.parametrize("template", VARYING)
def test_what_differs_from_try_to_try_does_not_count(template: str) -> None:
    assert work(template, context(1)) == work(template, context(2))


@pytest.mark.parametrize("template", [one for one in VARYING if "macros }}" not in one])
def test_what_differs_from_try_to_try_is_rendered_and_not_compared_as_it_is_written(template: str) -> None:
    work(template, context(1), strict=True)


@pytest.mark.parametrize(
    ("template", "changed"),
    [
        ("{{ ds }}", {"ds": "2026-06-01"}),
        ("{{ macros.ds_add(ds, 1) }}", {"ds": "2026-06-01"}),
        ("{{ var.value.v }}", {"variable": "new"}),
        ("{{ conn.c.host }}", {"host": "new"}),
        ("{{ params.p }}", {"param": 2}),
        ("{{ dag_run.conf['a'] }}", {"conf": {"a": 2}}),
        ("{{ ti.xcom_pull(task_ids='first') }}", {"xcom": "new"}),
        ("{{ ti.try_number }} {{ ds }}", {"ds": "2026-06-01"}),
        ("{% if trial.params.x > 0.1 %}{{ params.p }}{% endif %}", {"param": 2}),
        ("{{ trial.number }} {{ '%.1f' | format(trial.params.x) }} {{ ds }}", {"ds": "2026-06-01"}),
    ],
)
def test_what_a_template_names_counts(template: str, changed: dict[str, Any]) -> None:
    before = context(conf={"a": 1})
    changes = work(template, context(2, **changed)).change_since(str(work(template, before)))
    assert changes == "what it runs has changed: an argument, or what a template renders to"


def test_a_value_that_a_template_names_is_kept_as_a_hash_alone() -> None:
    assert "hunter2" not in repr(work("{{ var.value.v }}", context(variable="hunter2")))


def test_another_period_is_another_work_although_no_template_names_it() -> None:
    march, june = (REQUEST.model_copy(update={"period": one}) for one in (MARCH, JUNE))
    changed = work("x", context(), june).change_since(str(work("x", context(), march)))
    assert changed == "its period or scenario is another one"


def test_a_template_that_cannot_be_rendered_counts_as_it_is_written() -> None:
    assert work("{{ nothing }}", context(1)) == work("{{ nothing }}", context(2)) != work("{{ other }}", context(2))


def test_a_template_that_a_triggerer_does_not_know_is_left_to_a_worker() -> None:
    with pytest.raises(UndefinedError):
        work("{{ nothing }}", context(), strict=True)


def test_an_answer_that_does_not_come_is_no_text() -> None:
    class Away:
        @property
        def value(self) -> Any:
            raise ConnectionError("The API server is away.")

    with pytest.raises(ConnectionError):
        work("{{ var.value.v }}", {**context(), "var": Away()})


def test_how_metrics_are_read_counts() -> None:
    def by(metrics: Any) -> Work:
        return rendered_work("", {}, metrics, "", REQUEST, context(), SandboxedEnvironment(cache_size=0))

    sources = [Stdout(), Stdout(format="json"), Stdout(filter={"a": r"(?P<value>\S+)"}), Stdout(step=None), File("a")]
    assert len({str(by(one)) for one in sources}) == len(sources)
    assert by(File("{{ ti.try_number }}/a")) == by(File("1/a"))


def test_a_trial_of_before_is_compared_by_the_first_rule() -> None:
    assert work("x", context()).change_since("0f" * 8) is None
    assert work("x", context()).change_since("1e" * 8) == "what it runs has changed"
    assert work("x", context()).change_since(None) is None
