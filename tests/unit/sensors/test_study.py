from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from airflow_hpo.sensors.study import StudySensor
from airflow_hpo.triggers.study import StudyEvent, StudyTrigger


def sensor(**options: object) -> StudySensor:
    return StudySensor(task_id="settle", edition="s@{{ run_id }}", **options)


def test_a_sensor_that_starts_in_the_triggerer_names_a_trigger_that_can_be_built() -> None:
    started = sensor(deferrable=True, start_in_triggerer=True, poke_interval=3)
    assert started.start_from_trigger
    arguments = started.start_trigger_args.trigger_kwargs
    path, rebuilt = StudyTrigger(**arguments).serialize()
    assert path == started.start_trigger_args.trigger_cls
    assert rebuilt == arguments
    assert (arguments["end_task"], arguments["poll_interval"], arguments["run_id"]) == (True, 3.0, "{{ run_id }}")


def test_the_trigger_s_arguments_that_are_templates_are_templates_of_the_sensor() -> None:
    started = sensor(deferrable=True, start_in_triggerer=True)
    templated = {name for name, value in started.start_trigger_args.trigger_kwargs.items() if "{{" in str(value)}
    assert templated <= set(StudySensor.template_fields)


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_sensor_that_starts_on_a_worker_does_not_start_in_the_triggerer(deferrable: bool) -> None:
    assert not getattr(sensor(deferrable=deferrable), "start_from_trigger", False)


def test_the_end_of_the_study_skips_what_would_have_tuned_on() -> None:
    with pytest.raises(AirflowSkipException, match=r"Enough\."):
        sensor().execute_complete({}, StudyEvent(over=True, reason="Enough."))


@pytest.mark.parametrize(("until", "over"), [("over", True), ("ready", False)])
def test_what_was_waited_for_is_a_success(until: str, over: bool) -> None:
    assert sensor(until=until).execute_complete({}, StudyEvent(over=over, reason="")) is None
