from __future__ import annotations

import re

from heroku_syslogd.simulate.stories import addons
from heroku_syslogd.simulate.stories.telling import Entry, Scene

from .stage import START, scene, tell

PREFIX = r"\[\w+\] \[\d+-\d+\]  sql_error_code = (\w{5}) time_ms = .* "


def test_every_service_of_an_app_tells_its_samples() -> None:
    entries = list(addons.addon_samples(scene().app, START + 60))

    assert [entry.procid for entry in entries] == [
        *("heroku-postgres", "heroku-postgres", "heroku-pgbouncer", "heroku-redis"),
    ]
    assert all(entry.whole_second for entry in entries)


def test_every_app_has_add_ons_of_its_own() -> None:
    names = []
    for index in range(3):
        for entry in addons.addon_samples(scene(apps=3, app=index).app, START):
            names += re.findall(r"addon=(\S+)", entry.text)

    # A pooler has the name of its database; the eco app has no follower.
    assert len(names) == 11
    assert len(set(names)) == 8


def entries_of(seed: int) -> list[Entry]:
    stage = scene(seed=seed)
    return [told for told in addons.slow_query(stage) if isinstance(told, Entry)]


def test_slow_queries_take_more_than_two_seconds_and_may_have_parts() -> None:
    forms = set()
    for seed in range(40):
        first, *rest = (entry.text for entry in entries_of(seed))
        match = re.fullmatch(
            PREFIX + r"LOG:  duration: (\d+\.\d{3}) ms  (statement|execute \S+): .*", first
        )
        assert match is not None
        assert match[1] == "00000"
        assert float(match[2]) > 2000
        forms.add((match[3], bool(rest)))
        for number, text in enumerate(rest, 2):
            assert re.fullmatch(rf"\[DATABASE\] \[\d+-{number}\] [\t\w)].*", text)

    assert forms == {
        *(("statement", False), ("statement", True)),
        *(("execute <unnamed>", False), ("execute a17", False)),
    }


def test_an_error_has_its_detail_and_its_statement() -> None:
    entries = [told for told in addons.unique_violation(scene()) if isinstance(told, Entry)]
    levels = [re.match(PREFIX + r"([A-Z]+):  ", entry.text) for entry in entries]

    assert [match and match.groups() for match in levels] == [
        *(("23505", "ERROR"), ("23505", "DETAIL"), ("23505", "STATEMENT")),
    ]
    assert {entry.pri for entry in entries} == {132}


def test_a_checkpoint_takes_as_long_as_it_says() -> None:
    starting, complete = tell(addons.checkpoint, scene())
    match = re.search(r"write=(\d+\.\d{3}) s, sync=0\.016 s, total=(\d+\.\d{3}) s;", complete.text)

    assert starting.text.endswith(" LOG:  checkpoint starting: time")
    assert match is not None
    assert abs(float(match[2]) - (complete.at - starting.at)) < 0.001
    # The server's own processes have no client.
    assert " user=" not in starting.text + complete.text


def test_a_follower_has_restartpoints() -> None:
    stage = scene()
    assert addons.has_follower(stage)
    lines = tell(addons.restartpoint, stage)

    assert len(lines) == 4
    assert re.search(r"last completed transaction was at log time \S+ \S+\+00$", lines[3].text)
    assert not any(line.text.startswith("[DATABASE]") for line in lines)
    assert not addons.has_follower(scene(apps=3, app=2))


def test_log_shuttle_tells_what_it_lost() -> None:
    since = r" since \d{4}-\d\d-\d\dT\S+\+00:00"
    one, two = tell(addons.lost_by_log_shuttle, scene())

    assert re.fullmatch(r"Error L13: \d+ messages lost" + since, one.text)
    assert re.fullmatch(r"Error L12: \d+ messages dropped" + since, two.text)
    assert {one.procid, two.procid} == {"log-shuttle"}


def test_the_database_announces_its_update() -> None:
    stage: Scene = scene()
    (line,) = tell(addons.attachment_update, stage)

    assert (line.procid, line.text) == (
        "heroku-postgres",
        "Update DATABASE by developer@example.com",
    )
