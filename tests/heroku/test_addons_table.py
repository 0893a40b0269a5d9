"""The table of what add-ons measure: names, units, and keys that stand alone."""

from __future__ import annotations

import re

import pytest

from heroku_syslogd.heroku.addons import ADDON_FIELDS, AddonField, addon_sample_parser
from heroku_syslogd.heroku.events import Addon, AddonSample

EVERY_FIELD = [
    pytest.param(addon, field, id=f"{addon}-{field.key.decode()}")
    for addon, fields in ADDON_FIELDS.items()
    for field in fields
]


def test_every_addon_has_a_table() -> None:
    assert set(ADDON_FIELDS) == set(Addon)


@pytest.mark.parametrize("addon", Addon)
def test_keys_and_names_are_unique(addon: Addon) -> None:
    fields = ADDON_FIELDS[addon]

    assert len({field.key for field in fields}) == len(fields)
    assert len({field.name for field in fields}) == len(fields)


@pytest.mark.parametrize(("addon", "field"), EVERY_FIELD)
def test_names_follow_the_conventions_of_prometheus(addon: Addon, field: AddonField) -> None:
    assert re.fullmatch("[a-z]+(_[a-z0-9]+)*", field.name)
    assert field.counter == field.name.endswith("_total")
    for unit in ("bytes", "seconds", "ratio", "connections", "bytes per second"):
        assert (field.unit == unit) == field.name.endswith(unit.replace(" ", "_"))
    assert field.unit
    assert field.help.endswith(".")
    assert "{" not in field.help


@pytest.mark.parametrize(("addon", "field"), EVERY_FIELD)
def test_every_key_is_optional_and_takes_all_its_units(addon: Addon, field: AddonField) -> None:
    parse = addon_sample_parser(addon)

    for unit, factor in field.units.items():
        sample = parse(b"source=S sample#%s=1.5%s" % (field.key, unit))

        assert sample == AddonSample(addon, "S", "", {field.name: 1.5 * factor})


@pytest.mark.parametrize(("addon", "field"), EVERY_FIELD)
def test_other_units_are_refused(addon: Addon, field: AddonField) -> None:
    parse = addon_sample_parser(addon)

    for unit in {b"", b"bytes", b"kB", b"B", b"KB", b"TB", b"%", b"ms", b"s"} - set(field.units):
        sample = parse(b"source=S sample#%s=1.5%s" % (field.key, unit))

        assert sample == AddonSample(addon, "S", "", {}, (field.key.decode(),))


def test_what_is_measured_for_both_has_the_same_name_and_unit() -> None:
    postgres, redis = (
        {field.name: field for field in ADDON_FIELDS[addon]}
        for addon in (Addon.POSTGRES, Addon.REDIS)
    )

    assert set(redis) - set(postgres) == {"memory_redis_bytes", "hit_ratio", "evicted_keys"}
    for name in set(redis) & set(postgres):
        assert redis[name].units == postgres[name].units
