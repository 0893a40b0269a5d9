from __future__ import annotations

import re
from random import Random
from uuid import UUID

from heroku_syslogd.simulate.names import addon_name, uuid4


def test_uuids_are_version_4() -> None:
    for seed in range(50):
        text = uuid4(Random(seed))
        assert str(UUID(text)) == text
        assert UUID(text).version == 4


def test_add_ons_have_a_word_and_five_digits() -> None:
    names = {addon_name("redis", Random(seed)) for seed in range(50)}

    assert all(re.fullmatch(r"redis-[a-z]+-[0-9]{5}", name) for name in names)
    assert len(names) > 45
