from __future__ import annotations

import pytest

from heroku_syslogd.simulate.line import timestamp, whole_seconds


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (1643228708.61556, "2022-01-26T20:25:08.61556+00:00"),
        (1643228708.5, "2022-01-26T20:25:08.5+00:00"),
        (1643228708.000001, "2022-01-26T20:25:08.000001+00:00"),
        (1643228708.0, "2022-01-26T20:25:08+00:00"),
        (0.0, "1970-01-01T00:00:00+00:00"),
    ],
)
def test_timestamp(now: float, expected: str) -> None:
    assert timestamp(now) == expected


def test_whole_seconds_cut_the_fraction() -> None:
    assert whole_seconds(1643228708.99) == "2022-01-26T20:25:08+00:00"
