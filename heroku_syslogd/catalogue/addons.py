"""Metrics of add-ons, made from the table of the keys that their lines have."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.catalogue.metric import Metric, MetricType
from heroku_syslogd.heroku import ADDON_FIELDS, Addon, AddonField

LABELS: Final = ("app", "addon", "source")


def _metric(addon: Addon, field: AddonField) -> Metric:
    name = f"heroku_{addon}_{field.name}"
    query = f"sum by (app, addon) (rate({name}[5m]))" if field.counter else name
    return Metric(
        name,
        MetricType.COUNTER if field.counter else MetricType.GAUGE,
        LABELS,
        field.help,
        unit=field.unit,
        line=f"`sample#{field.key.decode()}=` under `app[heroku-{addon}]`",
        query=query,
    )


def _last_sample(addon: Addon) -> Metric:
    name = f"heroku_{addon}_last_sample_timestamp_seconds"
    return Metric(
        name,
        MetricType.GAUGE,
        LABELS,
        "Heroku's time of the newest line; it comes about once a minute.",
        unit="seconds since the epoch",
        line=f"TIME of any sample under `app[heroku-{addon}]`",
        query=f"time() - {name} > 300",
    )


ADDON_VALUES: Final = {
    addon: {field.name: _metric(addon, field) for field in fields}
    for addon, fields in ADDON_FIELDS.items()
}
"""Values of each add-on, by the name of their `heroku.addons.AddonField`."""

ADDON_LAST_SAMPLE: Final = {addon: _last_sample(addon) for addon in Addon}

METRICS: Final = {
    addon: (*ADDON_VALUES[addon].values(), ADDON_LAST_SAMPLE[addon]) for addon in Addon
}
