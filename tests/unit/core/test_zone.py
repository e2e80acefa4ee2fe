from __future__ import annotations

from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pendulum
import pytest

from airflow_hpo.core.zone import zone, zone_name
from airflow_hpo.exceptions import DeclarationError


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (UTC, "UTC"),
        (pendulum.timezone("UTC"), "UTC"),
        (ZoneInfo("Asia/Tokyo"), "Asia/Tokyo"),
        (pendulum.timezone("Europe/Berlin"), "Europe/Berlin"),
        (pendulum.FixedTimezone(9 * 3600), "+09:00"),
        (timezone(timedelta(hours=-3, minutes=-30)), "-03:30"),
        ("Asia/Seoul", "Asia/Seoul"),
    ],
)
def test_a_zone_is_found_again_by_its_name(given: tzinfo | str, name: str) -> None:
    assert zone_name(given) == name
    assert zone_name(zone(name)) == name


@pytest.mark.parametrize("name", ["Mars/Base", "", "/etc/localtime"])
def test_a_zone_that_this_machine_lacks_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match="one that this machine knows"):
        zone(name)
