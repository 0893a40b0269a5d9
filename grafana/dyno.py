"""Dynos one by one: what they use, what state they are in, and what happened to them."""

from __future__ import annotations

from typing import Final

from grafana import promql
from grafana.board import APP, DYNO, PROCESS_TYPE, Row, Uid, board
from grafana.fields import BLUE, GREEN, GREY, ORANGE, RED, YELLOW, Column, Query
from grafana.panels import graph, number, ranking, rows, states
from grafana.promql import Expr
from heroku_syslogd.catalogue import Metric, dynos

TOTAL, QUOTA, SWAP, RSS, CACHE = (
    dynos.RUNTIME[f"memory_{part}"] for part in ("total", "quota", "swap", "rss", "cache")
)
PAGES_IN, PAGES_OUT = dynos.RUNTIME["memory_pgpgin"], dynos.RUNTIME["memory_pgpgout"]
LOADS: Final = {
    "1 minute": dynos.RUNTIME["load_avg_1m"],
    "5 minutes": dynos.RUNTIME["load_avg_5m"],
    "15 minutes": dynos.RUNTIME["load_avg_15m"],
}
MEMORY_STEPS: Final = {0.9: YELLOW, 1.0: RED}
"""Parts of the quota: at all of it Heroku raises R14."""

_SWAP_STEPS: Final = {1.0: YELLOW, 50.0 * 2**20: RED}
_LATE_STEPS: Final = {60.0: YELLOW, 120.0: RED}
"""Seconds since the last sample, which comes every twenty."""

_STATES: Final = {"starting": (1, YELLOW), "up": (2, GREEN)}
"""States of dynos that are there, by Heroku's word; any other word is 0."""

STATE_WORDS: Final = {
    "0": ("other", GREY),
    **{str(code): (word, color) for word, (code, color) in _STATES.items()},
}
UP: Final = "Dynos whose state is up."
_TYPE_WHERE: Final = 'process_type=~"$process_type"'
WHERE: Final = f'{_TYPE_WHERE}, dyno=~"$dyno"'
_ONE: Final = "app, process_type, dyno"
_LEGEND: Final = "{{app}} {{dyno}}"


def memory_share(by: str = "", where: str = "") -> Expr:
    """Return the memory of the fullest dyno as a part of its quota."""
    share = promql.ratio(promql.gauge(TOTAL, where), promql.gauge(QUOTA, where))
    return promql.of_newest_sample(share, by, where)


def running(by: str = "", where: str = "") -> Expr:
    """Return how many dynos are up."""
    up = promql.gauge(dynos.DYNO_STATE, ", ".join(filter(None, ('state="up"', where))))
    return promql.of_newest_sample(up, by, where, reduce="sum")


def _state() -> Expr:
    """Return the state of every dyno, as a number of `STATE_WORDS`."""
    known = [(code, f'state="{word}"') for word, (code, _) in _STATES.items()]
    words = "|".join(_STATES)
    other = (0, f'state!~"{words}"')
    coded = [
        f"{code} * {promql.series(dynos.DYNO_STATE, f'{which}, {WHERE}')}"
        for code, which in (*known, other)
    ]
    text = f"({' or '.join(coded)})"
    return promql.of_newest_sample(Expr(text, (dynos.DYNO_STATE,), "short"), _ONE, WHERE)


def _of_dyno(metric: Metric, by: str = _ONE) -> Expr:
    return promql.of_newest_sample(promql.gauge(metric, WHERE), by, WHERE)


def _memory(title: str, metric: Metric) -> Query:
    return Query(_of_dyno(metric), title)


def _changes(where: str) -> Expr:
    matchers = ", ".join(filter(None, (where, _TYPE_WHERE)))
    return promql.events_in_range(dynos.DYNO_STATE_CHANGES, where=matchers)


NOW: Final = Row(
    "Now",
    (
        number("Running dynos", running(where=WHERE), about=UP),
        number(
            "Fullest dyno", memory_share("", WHERE), steps=MEMORY_STEPS, base=GREEN, empty="none"
        ),
        number("Most swap", _of_dyno(SWAP, ""), steps=_SWAP_STEPS, base=GREEN, empty="none"),
        number("Highest load, 1 minute", _of_dyno(LOADS["1 minute"], ""), empty="none"),
        number(
            "Crashed",
            _changes('to="crashed"'),
            about="Within the time shown.",
            steps={1.0: ORANGE, 10.0: RED},
            base=GREEN,
        ),
        number(
            "Restarts",
            promql.events_in_range(
                dynos.DYNO_ACTIONS, where=f'action=~"restart|cycle|relocate", {_TYPE_WHERE}'
            ),
            about="Restarts, daily cycling and moves to another server within the time shown.",
        ),
    ),
)

DYNOS: Final = Row(
    "Dynos",
    (
        rows(
            "Dynos",
            {
                "app": "Application",
                "process_type": "Process type",
                "dyno": "Dyno",
                "dyno_id": "Run",
            },
            Column("State", _state(), words=STATE_WORDS),
            Column("Memory", _of_dyno(TOTAL)),
            Column("Quota", _of_dyno(QUOTA)),
            Column("Of quota", memory_share(_ONE, WHERE), steps=MEMORY_STEPS),
            Column("Swap", _of_dyno(SWAP), steps=_SWAP_STEPS),
            *(Column(f"Load, {name}", _of_dyno(metric)) for name, metric in LOADS.items()),
            Column(
                "Last sample",
                promql.age(dynos.DYNO_LAST_SAMPLE, _ONE, WHERE),
                steps=_LATE_STEPS,
            ),
            Column("Run", _of_dyno(dynos.DYNO_INFO, f"{_ONE}, dyno_id"), hidden=True),
            about="Dynos that are there: those that ended have no line.",
            height=10,
            empty="No dynos",
        ),
        states(
            "State",
            Query(_state(), _LEGEND),
            STATE_WORDS,
            about="A gap is a time in which the dyno was down, crashed or complete.",
            height=9,
        ),
    ),
)

MEMORY: Final = Row(
    "Memory",
    (
        graph(
            "Memory and quota",
            Query(_of_dyno(TOTAL), _LEGEND),
            Query(_of_dyno(QUOTA, "app, process_type"), "quota of {{process_type}}"),
            limits="^quota of ",
        ),
        graph(
            "Memory as a part of the quota",
            Query(memory_share(_ONE, WHERE), _LEGEND),
            about="Heroku raises R14 at 100 %.",
            steps={1.0: RED},
        ),
        graph("Resident memory", _memory(_LEGEND, RSS)),
        graph("Disk cache", _memory(_LEGEND, CACHE)),
        graph("Swap", _memory(_LEGEND, SWAP), steps={50.0 * 2**20: RED}),
        graph("Quota", _memory(_LEGEND, QUOTA)),
        graph(
            "Pages read",
            Query(promql.rate_of_largest(PAGES_IN, _ONE, WHERE), _LEGEND),
        ),
        graph(
            "Pages written",
            Query(promql.rate_of_largest(PAGES_OUT, _ONE, WHERE), _LEGEND),
        ),
    ),
)

LOAD: Final = Row(
    "Load",
    tuple(
        graph(f"Load average, {name}", Query(_of_dyno(metric), _LEGEND), width=8)
        for name, metric in LOADS.items()
    ),
)

LIFE: Final = Row(
    "What happened",
    (
        number("Launched", _changes('from="starting", to="up"'), about="Within the time shown."),
        number("Completed", _changes('to="complete"'), about="Within the time shown."),
        number("Stopped", _changes('to="down"'), about="Within the time shown."),
        number(
            "Failed to start",
            _changes('from="starting", to="crashed"'),
            about="Within the time shown.",
            steps={1.0: RED},
            base=GREEN,
        ),
        number(
            "Formation changes",
            promql.changes_in_range(dynos.FORMATION_DYNOS, "", _TYPE_WHERE),
            about="How often a process type was scaled within the time shown.",
        ),
        number(
            "Killed",
            promql.events_in_range(dynos.DYNO_EXITS, where=f'status="137", {_TYPE_WHERE}'),
            about="Processes that ended by SIGKILL within the time shown.",
            steps={1.0: RED},
            base=GREEN,
        ),
        graph(
            "State changes",
            Query(
                promql.increase(dynos.DYNO_STATE_CHANGES, "to", _TYPE_WHERE),
                "{{to}}",
            ),
            bars=True,
            colors={
                **{word: color for word, (_, color) in _STATES.items()},
                "crashed": RED,
                "complete": BLUE,
                "down": GREY,
            },
            empty="No state changed",
        ),
        graph(
            "What Heroku did",
            Query(promql.increase(dynos.DYNO_ACTIONS, "action", _TYPE_WHERE), "{{action}}"),
            bars=True,
            empty="Heroku did nothing",
        ),
        graph(
            "Running dynos and formation",
            Query(running("app, process_type", _TYPE_WHERE), "{{app}} {{process_type}}"),
            Query(
                promql.sum_of_largest(dynos.FORMATION_DYNOS, "app, process_type", _TYPE_WHERE),
                "{{app}} {{process_type}}, asked for",
            ),
            about=(
                "Dynos whose state is up. Heroku logs the formation only when it changes; with"
                " several processes it may be too high after a scale-down."
            ),
            limits=", asked for$",
        ),
        ranking(
            "Exits by status",
            Query(
                promql.events_in_range(dynos.DYNO_EXITS, "process_type, status", _TYPE_WHERE),
                "{{process_type}}: {{status}}",
            ),
            about="Within the time shown.",
            empty="No process exited",
        ),
    ),
)

DASHBOARD: Final = board(
    Uid.DYNO,
    "Dyno",
    "What dynos use, what state they are in, and what happened to them.",
    [APP, PROCESS_TYPE, DYNO],
    (NOW, DYNOS, MEMORY, LOAD, LIFE),
)
