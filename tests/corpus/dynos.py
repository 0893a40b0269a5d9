"""Lines of the dyno manager about a dyno's life (Dev Center, "Dynos")."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import (
    ApiAction,
    ApiChange,
    DynoAction,
    DynoActionName,
    DynoExit,
    DynoStateChange,
)
from tests.corpus.example import (
    APP,
    LOGPLEX_1,
    NO_DRAIN,
    RFC5424,
    Example,
    Text,
    rendered,
    texts,
)
from tests.corpus.series import action, change, exited, state_change, unrecognised

START: Final = DynoAction(DynoActionName.START)
_RESTART: Final = DynoAction(DynoActionName.RESTART)
_CYCLE: Final = DynoAction(DynoActionName.CYCLE)
_RELOCATE: Final = DynoAction(DynoActionName.RELOCATE)
_IDLE: Final = DynoAction(DynoActionName.IDLE)
_UNIDLE: Final = DynoAction(DynoActionName.UNIDLE)
_TERMINATE: Final = DynoAction(DynoActionName.TERMINATE)
_AWAIT: Final = DynoAction(DynoActionName.AWAIT_CLIENT)

# Every text --------------------------------------------------------------------------------------

_ACTIONS: Final = [
    (b"Starting process with command `bundle exec rackup config.ru -p 24405`", "start"),
    (b"Starting process with command: `bundle exec rackup config.ru -p 24405`", "start"),
    (b"Running process with command: `bundle exec rackup config.ru -p 24405`", "start"),
    (b"Restarting", "restart"),
    (b"Cycling", "cycle"),
    (b"Relocating dyno to a new server", "relocate"),
    (b"Idling", "idle"),
    (b"Unidling", "unidle"),
    (b"Stopping all processes with SIGTERM", "terminate"),
    (b"Stopping process with SIGTERM", "terminate"),
    (b"Stopping process with SIGKILL", "kill"),
    (b"Stopping remaining processes with SIGKILL", "kill"),
    (b"Stopping all processes with SIGKILL", "kill"),
    (b"Awaiting client", "await_client"),
    (b"Client connection closed. Sending SIGHUP to all processes", "hang_up"),
    (b"Listening on 24405", "listen"),
]

_STATE_CHANGES: Final = [
    ("created", "starting"),
    ("provisioning", "starting"),
    ("down", "starting"),
    ("starting", "up"),
    ("up", "starting"),
    ("up", "down"),
    ("starting", "crashed"),
    ("up", "crashed"),
    ("crashed", "starting"),
    ("up", "complete"),
]

_EXITS: Final = [0, 1, 22, 137, 143]


def _rows() -> list[Text]:
    """Return every text with what it means under ``heroku[web.1]``."""
    rows: list[Text] = [
        (msg, DynoAction(DynoActionName(name)), action(APP, "web", name)) for msg, name in _ACTIONS
    ]
    rows += [
        (
            f"State changed from {old} to {new}".encode(),
            DynoStateChange(old, new),
            state_change(APP, "web", old, new),
        )
        for old, new in _STATE_CHANGES
    ]
    rows += [
        (
            b"Process exited with status %d" % status,
            DynoExit(status),
            exited(APP, "web", f"{status}"),
        )
        for status in _EXITS
    ]
    return [*rows, (b"Process exited", DynoExit(None), exited(APP, "web", "none"))]


# Frames ------------------------------------------------------------------------------------------

_FRAMES: Final = [
    # Dev Center, "Log Drains"
    Example(
        "13.17 documented body, APP-NAME app",
        LOGPLEX_1,
        b"83 <40>1 2012-11-30T06:45:29+00:00 host app web.3 - State changed from starting "
        b"to up\n"
        b"119 <40>1 2012-11-30T06:45:26+00:00 host app web.3 - Starting process with "
        b"command `bundle exec rackup config.ru -p 24405`\n",
        framed=True,
        events=(None, None),
        series={},
        note="real lines have APP-NAME heroku; an application can print these",
    ),
    # heroku-influxdb-drain, test/test_syslog_drain.js
    Example(
        "13.19 states of a scheduler dyno",
        LOGPLEX_1,
        b"102 <45>1 2017-08-30T07:11:32.216326+00:00 host heroku scheduler.9200 - State "
        b"changed from starting to up\n"
        b"102 <45>1 2017-08-30T07:08:55.471533+00:00 host heroku scheduler.6388 - State "
        b"changed from up to complete\n",
        framed=True,
        events=(DynoStateChange("starting", "up"), DynoStateChange("up", "complete")),
        series=state_change("host", "scheduler", "starting", "up")
        | state_change("host", "scheduler", "up", "complete"),
    ),
    Example(
        "5.5 dyno name of the Fir generation",
        RFC5424,
        rendered(b" heroku[web-abc-123]: State changed from starting to up"),
        framed=True,
        events=(None,),
        series=unrecognised(NO_DRAIN, "heroku", "web-abc-123"),
        note="Fir has no Logplex drains, so this is no dyno's name",
    ),
]

# Sequences as logged; lines that were published without their time get one -----------------------

_SEQUENCES: Final = [
    Example(
        "5.3 daily cycling",
        RFC5424,
        rendered(
            b"2023-07-17T01:07:08.240966+00:00 heroku[web.1]: Cycling",
            b"2023-07-17T01:07:08.243343+00:00 heroku[web.1]: State changed from up to starting",
            b"2023-07-17T01:07:08.929743+00:00 heroku[web.1]: Stopping all processes with SIGTERM",
        ),
        framed=True,
        events=(_CYCLE, DynoStateChange("up", "starting"), _TERMINATE),
        series=action(NO_DRAIN, "web", "cycle")
        | state_change(NO_DRAIN, "web", "up", "starting")
        | action(NO_DRAIN, "web", "terminate"),
    ),
    Example(
        "5.3 relocation",
        RFC5424,
        rendered(
            b"2020-12-03T05:47:22.707396+00:00 heroku[web.1]: Relocating dyno to a new server",
            b" heroku[web.1]: State changed from up to down",
            b" heroku[web.1]: Stopping all processes with SIGTERM",
            b" heroku[web.1]: Process exited with status 143",
        ),
        framed=True,
        events=(_RELOCATE, DynoStateChange("up", "down"), _TERMINATE, DynoExit(143)),
        series=action(NO_DRAIN, "web", "relocate")
        | state_change(NO_DRAIN, "web", "up", "down")
        | action(NO_DRAIN, "web", "terminate")
        | exited(NO_DRAIN, "web", "143"),
    ),
    Example(
        "5.3 idling and waking",
        RFC5424,
        rendered(
            b"2020-02-18T11:12:33.199148+00:00 heroku[web.1]: Idling",
            b" heroku[web.1]: State changed from up to down",
            b" heroku[web.1]: Stopping all processes with SIGTERM",
            b" heroku[web.1]: Process exited with status 143",
            b"2020-02-18T12:22:29.625160+00:00 heroku[web.1]: Unidling",
            b" heroku[web.1]: State changed from down to starting",
        ),
        framed=True,
        events=(
            _IDLE,
            DynoStateChange("up", "down"),
            _TERMINATE,
            DynoExit(143),
            _UNIDLE,
            DynoStateChange("down", "starting"),
        ),
        series=action(NO_DRAIN, "web", "idle")
        | state_change(NO_DRAIN, "web", "up", "down")
        | action(NO_DRAIN, "web", "terminate")
        | exited(NO_DRAIN, "web", "143")
        | action(NO_DRAIN, "web", "unidle")
        | state_change(NO_DRAIN, "web", "down", "starting"),
    ),
    Example(
        "5.3 restart by a release",
        RFC5424,
        rendered(
            b"2023-03-12T06:38:56.574523+00:00 heroku[web.1]: Restarting",
            b" heroku[web.1]: State changed from up to starting",
        ),
        framed=True,
        events=(_RESTART, DynoStateChange("up", "starting")),
        series=action(NO_DRAIN, "web", "restart") | state_change(NO_DRAIN, "web", "up", "starting"),
    ),
    Example(
        "5.3 crash at boot, out of order",
        RFC5424,
        rendered(
            b"2018-11-12T21:57:24.153447+00:00 heroku[web.1]:"
            b" State changed from starting to crashed",
            b"2018-11-12T21:57:24.155637+00:00 heroku[web.1]:"
            b" State changed from crashed to starting",
            b"2018-11-12T21:57:24.130819+00:00 heroku[web.1]: Process exited with status 1",
        ),
        framed=True,
        events=(
            DynoStateChange("starting", "crashed"),
            DynoStateChange("crashed", "starting"),
            DynoExit(1),
        ),
        series=state_change(NO_DRAIN, "web", "starting", "crashed")
        | state_change(NO_DRAIN, "web", "crashed", "starting")
        | exited(NO_DRAIN, "web", "1"),
        note="published without the dyno's name",
    ),
    Example(
        "9 scheduler job",
        RFC5424,
        rendered(
            b"2020-11-07T16:04:49.309888+00:00 app[api]: Starting process with command `php "
            b"src/test.php` by user scheduler@addons.heroku.com",
            b" heroku[scheduler.8715]: Starting process with command `php src/test.php`",
            b" heroku[scheduler.8715]: State changed from starting to up",
            b" app[scheduler.8715]: It Works !",
            b" heroku[scheduler.8715]: Process exited with status 0",
            b" heroku[scheduler.8715]: State changed from up to complete",
        ),
        framed=True,
        events=(
            ApiChange(ApiAction.RUN, user="scheduler@addons.heroku.com"),
            START,
            DynoStateChange("starting", "up"),
            None,
            DynoExit(0),
            DynoStateChange("up", "complete"),
        ),
        series=change(NO_DRAIN, "run")
        | action(NO_DRAIN, "scheduler", "start")
        | state_change(NO_DRAIN, "scheduler", "starting", "up")
        | exited(NO_DRAIN, "scheduler", "0")
        | state_change(NO_DRAIN, "scheduler", "up", "complete"),
        note="the command of the second line was left out when it was published",
    ),
    Example(
        "9 one-off dyno",
        RFC5424,
        rendered(
            b"2018-02-10T21:28:35.467840+00:00 app[api]: Starting process with command `bash` "
            b"by user user@example.com",
            b" heroku[run.8505]: Awaiting client",
            b" heroku[run.8505]: Starting process with command `bash`",
            b" heroku[run.8505]: State changed from starting to up",
            b" heroku[run.8505]: Process exited with status 0",
        ),
        framed=True,
        events=(
            ApiChange(ApiAction.RUN, user="user@example.com"),
            _AWAIT,
            START,
            DynoStateChange("starting", "up"),
            DynoExit(0),
        ),
        series=change(NO_DRAIN, "run")
        | action(NO_DRAIN, "run", "await_client")
        | action(NO_DRAIN, "run", "start")
        | state_change(NO_DRAIN, "run", "starting", "up")
        | exited(NO_DRAIN, "run", "0"),
    ),
]

DYNOS: Final = [*_FRAMES, *texts("5.1", b"heroku", b"web.1", _rows()), *_SEQUENCES]
