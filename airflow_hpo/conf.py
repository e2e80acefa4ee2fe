"""The ``[hpo]`` options, one function each. Airflow takes a default that is not set from ``provider_info``."""


def poll_interval() -> float:
    """``[hpo] poll_interval``: seconds between two looks at a study that a sensor, a trigger or a running trial waits for."""
    return _seconds("poll_interval")


def lock_timeout() -> float:
    """``[hpo] lock_timeout``: seconds to wait for another process that suggests trials of the same study."""
    return _seconds("lock_timeout")


def database_patience() -> float:
    """``[hpo] database_patience``: seconds for which a task goes on trying while the study database is away."""
    return _seconds("database_patience")


def report_interval() -> float:
    """``[hpo] report_interval``: seconds between two deliveries of a running trial's metrics to the study."""
    return _seconds("report_interval")


def termination_grace_period() -> float:
    """``[hpo] termination_grace_period``: seconds between SIGTERM and SIGKILL for a trial's processes."""
    return _seconds("termination_grace_period")


def resume_delay() -> float:
    """``[hpo] resume_delay``: seconds for which a trial's task stays deferred at least."""
    return _seconds("resume_delay")


def triggerer_pods() -> int:
    """``[hpo] triggerer_pods``: number of trials that one triggerer runs at once for ``run_in="triggerer"``, at least 1."""
    from airflow.sdk.configuration import conf

    return max(1, int(conf.getint("hpo", "triggerer_pods")))


def bookkeeping_pool() -> str:
    """``[hpo] bookkeeping_pool``: pool of the tasks that task groups add by themselves."""
    from airflow.sdk.configuration import conf

    return str(conf.get("hpo", "bookkeeping_pool"))


def reports() -> str:
    """``[hpo] reports``: folder or address for the reports of studies that end; empty for none."""
    from airflow.sdk.configuration import conf

    return str(conf.get("hpo", "reports") or "")


def preload() -> bool:
    """``[hpo] preload``: whether scheduler and triggerer import what trials need before they fork."""
    return _switch("preload")


def sqlite_fallback() -> bool:
    """``[hpo] sqlite_fallback``: whether studies go to an SQLite file when the connection ``hpo_default`` is not defined."""
    return _switch("sqlite_fallback")


def _seconds(option: str) -> float:
    from airflow.sdk.configuration import conf

    return float(conf.getfloat("hpo", option))


def _switch(option: str) -> bool:
    from airflow.sdk.configuration import conf

    return bool(conf.getboolean("hpo", option))
