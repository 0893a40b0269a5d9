from __future__ import annotations

from random import Random

from heroku_syslogd.simulate.fleet import Fleet
from heroku_syslogd.simulate.line import PLATFORM
from heroku_syslogd.simulate.stories import ADDON_PLOTS, PLATFORM_PLOTS, narrators
from heroku_syslogd.simulate.stories.telling import (
    Entry,
    Narrator,
    Plot,
    Programme,
    Scene,
    Story,
    Tempo,
    Wait,
    changes,
    together,
)

from .stage import START, scene, tell

QUICK = Tempo(begin=1.0, first_rest=1.0, rest=1.0)


def said(text: str, pause: float = 0.0) -> Entry:
    return Entry(PLATFORM, "heroku", "web.1", text, pause)


def test_entries_become_lines_with_or_without_fractions_of_a_second() -> None:
    app = scene().app
    entry = said("Cycling")

    assert entry.line(app, 1643228708.5).timestamp == "2022-01-26T20:25:08.5+00:00"
    assert (
        entry._replace(whole_second=True).line(app, 1643228708.9).timestamp
        == "2022-01-26T20:25:08+00:00"
    )


def test_a_state_change_names_the_state_before_it() -> None:
    dyno = scene().app.formation[0]

    assert changes(dyno, "crashed").text == "State changed from up to crashed"
    assert changes(dyno, "starting").text == "State changed from crashed to starting"


def test_several_stories_are_told_in_the_order_of_their_times() -> None:
    ended = []

    def one() -> Story:
        yield said("one 0", 3.0)
        yield said("one 3", 4.0)
        ended.append("one")

    def two() -> Story:
        yield Wait(1.0)
        yield said("two 1")
        yield said("two 1 again", 4.0)
        yield said("two 5")

    def both(_: Scene) -> Story:
        yield from together(one(), two())

    lines = tell(both, stage := scene())

    assert [(line.at, line.text) for line in lines] == [
        (0.0, "one 0"),
        (1.0, "two 1"),
        (1.0, "two 1 again"),
        (3.0, "one 3"),
        (5.0, "two 5"),
    ]
    assert stage.now == START + 7.0
    assert ended == ["one"]


def test_no_story_takes_no_time() -> None:
    assert list(together()) == []


def test_a_narrator_tells_waits_and_rests() -> None:
    def story(_: Scene) -> Story:
        yield said("first", 2.0)
        yield Wait(3.0)
        yield said("last")

    fleet = Fleet(1, 1, 1, START)
    narrator = Narrator(fleet.apps[0], fleet, Programme([Plot(story)], QUICK, fleet.rng), START)
    began = narrator.due

    assert START < began <= START + 1.0
    told = []
    while narrator.due < START + 12.0:
        now = narrator.due
        line = narrator.step(now)
        if line is not None:
            told.append((now - began, line.msg))
        assert narrator.resting_since in (None, now)
    assert told[:2] == [(0.0, b"first"), (5.0, b"last")]
    assert told[2][1] == b"first"
    assert told[2][0] > 5.2


def test_a_narrator_with_nothing_to_tell_asks_again() -> None:
    fleet = Fleet(1, 1, 1, START)
    programme = Programme([Plot(lambda _: iter(()), 1.0, lambda _: False)], QUICK, fleet.rng)
    narrator = Narrator(fleet.apps[0], fleet, programme, START)

    assert narrator.step(START + 1) is None
    assert narrator.due == START + 6


def test_each_story_is_told_once_before_any_is_told_again() -> None:
    told = []

    def plot(name: str, *, fits: bool = True) -> Plot:
        def story(_: Scene) -> Story:
            told.append(name)
            yield said(name)

        return Plot(story, 1.0, lambda _: fits)

    plots = [plot("one"), plot("never", fits=False), plot("two"), plot("three")]
    programme = Programme(plots, Tempo(begin=1.0, first_rest=1.0, rest=1e6), Random(1))
    stage = scene()
    for number in range(20):
        story = programme.choose(stage)
        assert story is not None
        list(story)
        assert (programme.rest() < 100) == (number < 3)

    assert told[:3] == ["one", "two", "three"]
    assert set(told[3:]) == {"one", "two", "three"}


def test_every_app_has_a_narrator_for_the_platform_and_one_for_its_add_ons() -> None:
    fleet = Fleet(3, 2, 1, START)
    of_apps = narrators(fleet, START)

    assert [one.app.index for one in of_apps] == [0, 0, 1, 1, 2, 2]
    plots = [plot.tell.__name__ for plot in PLATFORM_PLOTS + ADDON_PLOTS]
    assert len(set(plots)) == len(plots)
