from __future__ import annotations

import re
from random import Random

from heroku_syslogd.simulate.addons.redis import Redis

START = 1_700_000_000.0


def test_keys_order_and_units_are_those_of_the_captures() -> None:
    redis = Redis("redis-rugged-24473", Random(1), START)
    whole, ratio = r"\d+", r"0\.\d{5}"
    load = r"\d+(?:\.\d{1,3})?"
    for minute in range(100):
        assert re.fullmatch(
            rf"source=REDIS addon=redis-rugged-24473 sample#active-connections={whole}"
            rf" sample#max-connections={whole} sample#connection-percentage-used={ratio}"
            rf" sample#load-avg-1m={load} sample#load-avg-5m={load} sample#load-avg-15m={load}"
            rf" sample#read-iops=0 sample#write-iops=\d+(?:\.\d+)? sample#max-iops=3000"
            rf" sample#iops-percentage-used={ratio} sample#memory-total={whole}kB"
            rf" sample#memory-free={whole}kB sample#memory-percentage-used={ratio}"
            rf" sample#memory-cached={whole}kB sample#memory-redis={whole}bytes"
            rf" sample#hit-rate={ratio} sample#evicted-keys=0",
            redis.message(START + 60 * minute),
        )
