"""A stage for single stories: time passes without waiting."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from heroku_syslogd.simulate.fleet import Fleet
from heroku_syslogd.simulate.stories.telling import Entry, Scene, Story

START = 1_700_000_000.0


class Told(NamedTuple):
    """One line of a story, and the seconds since its beginning."""

    at: float
    procid: str
    text: str


def scene(*, apps: int = 1, dynos: int = 4, app: int = 0, seed: int = 1) -> Scene:
    fleet = Fleet(apps, dynos, seed, START)
    return Scene(fleet.apps[app], fleet, START)


def tell(
    plot: Callable[[Scene], Story], stage: Scene, look: Callable[[Told], None] = lambda _: None
) -> list[Told]:
    """Tell a story to its end.

    Args:
        plot: The story.
        stage: Where it happens.
        look: Called at each line, while the fleet is as it was then.
    """
    began = stage.now
    lines = []
    for told in plot(stage):
        if isinstance(told, Entry):
            lines.append(Told(stage.now - began, told.procid, told.text))
            look(lines[-1])
        stage.now += told.pause
    return lines


def texts(lines: list[Told], procid: str) -> list[str]:
    return [line.text for line in lines if line.procid == procid]
