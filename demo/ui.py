"""``make ui``: the demo's Airflow with its UI, until Ctrl-C."""

from __future__ import annotations

import signal
import time

from rich.console import Console

from demo.places import DAG_ID, DAGS, HOME
from local_airflow.live import LiveAirflow


def main() -> None:
    """Start Airflow on the demo's home, or on an empty one, and say where it is."""
    console = Console(highlight=False, soft_wrap=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    airflow = LiveAirflow(HOME, DAGS, env={"AIRFLOW__HPO__PRELOAD": "True"})
    try:
        with console.status("Starting Airflow (about 20 s)"):
            airflow.start()
        console.print(f"{airflow.url}/dags/{DAG_ID}   user admin, password {airflow.password}   Ctrl-C ends it")
        while True:
            airflow.processes.check()
            time.sleep(1)
    except KeyboardInterrupt:
        pass
    finally:
        airflow.stop()


if __name__ == "__main__":
    main()
