"""The ``[hpo]`` options, one accessor each; their defaults and units are declared in ``provider_info``."""

from __future__ import annotations


def poll_interval() -> float:
    """``[hpo] poll_interval``: seconds between two looks at a study that somebody waits for."""
    return _seconds("poll_interval", fallback=2.0)


def lock_timeout() -> float:
    """``[hpo] lock_timeout``: seconds to wait for another process that suggests trials of the same study."""
    return _seconds("lock_timeout", fallback=120.0)


def database_patience() -> float:
    """``[hpo] database_patience``: seconds for which a task goes on trying while the study database is away."""
    return _seconds("database_patience", fallback=180.0)


def report_interval() -> float:
    """``[hpo] report_interval``: seconds between two deliveries of a running trial's metrics to the study."""
    return _seconds("report_interval", fallback=1.0)


def termination_grace_period() -> float:
    """``[hpo] termination_grace_period``: seconds between SIGTERM and SIGKILL for a trial's processes."""
    return _seconds("termination_grace_period", fallback=10.0)


def resume_delay() -> float:
    """``[hpo] resume_delay``: seconds for which a trial's task stays deferred at least."""
    return _seconds("resume_delay", fallback=2.0)


def triggerer_pods() -> int:
    """``[hpo] triggerer_pods``: how many trials one triggerer runs at once for ``run_in="triggerer"``."""
    from airflow.sdk.configuration import conf

    return max(1, int(conf.getint("hpo", "triggerer_pods", fallback=200)))


def preload() -> bool:
    """``[hpo] preload``: whether scheduler and triggerer import what trials need before they fork."""
    from airflow.sdk.configuration import conf

    return bool(conf.getboolean("hpo", "preload", fallback=False))


def sqlite_fallback() -> bool:
    """``[hpo] sqlite_fallback``: whether studies go to an SQLite file when the connection ``hpo_default`` is not defined."""
    from airflow.sdk.configuration import conf

    return bool(conf.getboolean("hpo", "sqlite_fallback", fallback=True))


def _seconds(option: str, fallback: float) -> float:
    from airflow.sdk.configuration import conf

    return float(conf.getfloat("hpo", option, fallback=fallback))
