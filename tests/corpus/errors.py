"""R codes of dynos and L codes of the log system (Dev Center, "Heroku Error Codes")."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import (
    DynoAction,
    DynoActionName,
    DynoExit,
    DynoStateChange,
    LogLoss,
    PlatformError,
    ProcessMemory,
)
from tests.corpus.example import (
    APP,
    LOGPLEX_1,
    NO_DRAIN,
    RFC5424,
    Example,
    frame,
    rendered,
    texts,
)
from tests.corpus.series import action, error, exited, loss, state_change

MB: Final = 2.0**20

_R10: Final = PlatformError(
    "R10", "Boot timeout", "Web process failed to bind to $PORT within 60 seconds of launch"
)
_R12: Final = PlatformError(
    "R12", "Exit timeout", "At least one process failed to exit within 30 seconds of SIGTERM"
)
_R13: Final = PlatformError("R13", "Attach error", "Failed to attach to process")
_R14: Final = PlatformError("R14", "Memory quota exceeded")
_R15: Final = PlatformError("R15", "Memory quota vastly exceeded")

# Dynos -------------------------------------------------------------------------------------------

_DYNOS: Final = [
    # log-reporter, src/log_parser.rs
    Example(
        "13.20 R10",
        LOGPLEX_1,
        b"152 <134>1 2023-04-29T23:11:12.604871+00:00 host heroku web.1 - Error R10 (Boot "
        b"timeout) -> Web process failed to bind to $PORT within 60 seconds of launch\n",
        framed=True,
        events=(_R10,),
        series=error("host", "web", "R10"),
    ),
    *texts(
        "4.2",
        b"heroku",
        b"web.1",
        [
            (
                b"Error R12 (Exit timeout) -> Process failed to exit within 30 seconds of SIGTERM",
                PlatformError(
                    "R12", "Exit timeout", "Process failed to exit within 30 seconds of SIGTERM"
                ),
                error(APP, "web", "R12"),
            ),
            (b"Error R14 (Memory quota exceeded)", _R14, error(APP, "web", "R14")),
            (b"Error R15 (Memory quota vastly exceeded)", _R15, error(APP, "web", "R15")),
            (b"Process running mem=528MB(103.3%)", ProcessMemory(528 * MB, 1.033), {}),
            (b"Process running mem=2565MB(501.0%)", ProcessMemory(2565 * MB, 5.01), {}),
            (b"Process running mem=870M(170.1%)", ProcessMemory(870 * MB, 1.701), {}),
        ],
    ),
    *texts(
        "4.2",
        b"heroku",
        b"run.3",
        [
            (
                b"Error R13 (Attach error) -> Failed to attach to process",
                _R13,
                error(APP, "run", "R13"),
            ),
            (
                b"Error R16 (Detached) -> An attached process is not responding to SIGHUP after"
                b" its external connection was closed.",
                PlatformError(
                    "R16",
                    "Detached",
                    "An attached process is not responding to SIGHUP after its external"
                    " connection was closed.",
                ),
                error(APP, "run", "R16"),
            ),
            (
                b"Error R17 (Checksum error) -> Checksum does match expected value. Expected:"
                b" SHA256:ed5718e83475c780145609cbb2e4f77ec8076f6f59ebc8a916fb790fbdb1ae64 Actual:"
                b" SHA256:9ca15af16e06625dfd123ebc3472afb0c5091645512b31ac3dd355f0d8cc42c1",
                PlatformError(
                    "R17",
                    "Checksum error",
                    "Checksum does match expected value. Expected:"
                    " SHA256:ed5718e83475c780145609cbb2e4f77ec8076f6f59ebc8a916fb790fbdb1ae64"
                    " Actual:"
                    " SHA256:9ca15af16e06625dfd123ebc3472afb0c5091645512b31ac3dd355f0d8cc42c1",
                ),
                error(APP, "run", "R17"),
            ),
        ],
    ),
    # As Dev Center shows R13. An application can print it.
    *texts(
        "4.2",
        b"app",
        b"run.3",
        [(b"Error R13 (Attach error) -> Failed to attach to process", None, {})],
    ),
    Example(
        "4.2 R14 and the line before it",
        RFC5424,
        rendered(
            b"2011-05-03T17:40:10+00:00 heroku[worker.1]: Process running mem=1028MB(103.3%)",
            b"2011-05-03T17:40:11+00:00 heroku[worker.1]: Error R14 (Memory quota exceeded)",
        ),
        framed=True,
        events=(ProcessMemory(1028 * MB, 1.033), _R14),
        series=error(NO_DRAIN, "worker", "R14"),
    ),
    Example(
        "4.2 R15 of a release dyno",
        RFC5424,
        b"".join(
            frame(b"heroku", b"release.1234", msg)
            for msg in (
                b"Process running mem=1038M(202.8%)",
                b"Error R15 (Memory quota vastly exceeded)",
                b"Stopping process with SIGKILL",
                b"Process exited with status 137",
                b"State changed from up to complete",
            )
        ),
        framed=True,
        events=(
            ProcessMemory(1038 * MB, 2.028),
            _R15,
            DynoAction(DynoActionName.KILL),
            DynoExit(137),
            DynoStateChange("up", "complete"),
        ),
        series=error(APP, "release", "R15")
        | action(APP, "release", "kill")
        | exited(APP, "release", "137")
        | state_change(APP, "release", "up", "complete"),
        note="the dyno's number was published as xxxx",
    ),
    Example(
        "4.2 R12 and what follows",
        RFC5424,
        b"".join(
            frame(b"heroku", b"web.1", msg)
            for msg in (
                b"Error R12 (Exit timeout) -> At least one process failed to exit within 30"
                b" seconds of SIGTERM",
                b"Stopping remaining processes with SIGKILL",
                b"Process exited with status 137",
            )
        ),
        framed=True,
        events=(_R12, DynoAction(DynoActionName.KILL), DynoExit(137)),
        series=error(APP, "web", "R12") | action(APP, "web", "kill") | exited(APP, "web", "137"),
    ),
]

# The log system ----------------------------------------------------------------------------------

_THIS_DRAIN: Final = b"d.68bc07b8-b306-4fa6-985f-48f8a45912c3"
_L10_NAMING_A_DRAIN: Final = (
    b"Error L10 (output buffer overflow): drain 'd.68bc07b8-b306-4fa6-985f-48f8a45912c3' dropped 1"
    b" messages since 2022-04-13T19:41:45.256379+00:00."
)
_L10: Final = LogLoss(
    "L10", 1, drain=_THIS_DRAIN.decode(), since="2022-04-13T19:41:45.256379+00:00"
)

_LOG_SYSTEM: Final = [
    # breatheco-de, issue 2521
    Example(
        "13.4 L10 of today",
        RFC5424,
        rendered(
            b"2022-04-13T19:42:45.121237+00:00 heroku[logplex]: Error L10 (output buffer "
            b"overflow): drain 'd.68bc07b8-b306-4fa6-985f-48f8a45912c3' dropped 1 messages "
            b"since 2022-04-13T19:41:45.256379+00:00.",
        ),
        framed=True,
        events=(_L10,),
        series={},
        note="not counted: a line without HOSTNAME cannot tell that it is this drain",
    ),
    Example(
        "1.9 L10 of today about another drain",
        RFC5424,
        frame(b"heroku", b"logplex", _L10_NAMING_A_DRAIN),
        framed=False,
        events=(_L10,),
        series={},
    ),
    Example(
        "1.9 L10 of today about this drain",
        RFC5424,
        b"<172>1 2022-04-13T19:42:45.121237+00:00 %s heroku logplex - - %s\n"
        % (_THIS_DRAIN, _L10_NAMING_A_DRAIN),
        framed=False,
        events=(_L10,),
        series=loss("d.68bc07b8", "L10", 1),
    ),
    Example(
        "1.9 L12 and L13 of log-shuttle",
        RFC5424,
        rendered(
            b"2013-11-04T21:31:32.125756+00:00 app[log-shuttle]: Error L12: 222 messages "
            b"dropped since 2013-11-04T21:31:32.125756+00:00.",
            b"2013-11-04T21:31:32.125756+00:00 app[log-shuttle]: Error L13: 111 messages lost "
            b"since 2013-11-04T21:31:32.125756+00:00.",
        ),
        framed=True,
        events=(
            LogLoss("L12", 222, since="2013-11-04T21:31:32.125756+00:00"),
            LogLoss("L13", 111, since="2013-11-04T21:31:32.125756+00:00"),
        ),
        series=loss(NO_DRAIN, "L12", 222)
        | loss(NO_DRAIN, "L13", 111)
        | {'heroku_logplex_dropped_messages_total{app="unknown"}': 333.0},
    ),
    *texts(
        "4.3",
        b"heroku",
        b"logplex",
        [
            (
                b"L11 (Tail buffer overflow) -> This tail session dropped 1101 messages since"
                b" 2011-05-03T17:35:00+00:00",
                PlatformError(
                    "L11",
                    "Tail buffer overflow",
                    "This tail session dropped 1101 messages since 2011-05-03T17:35:00+00:00",
                ),
                error(APP, "logplex", "L11"),
            ),
            (
                b'Error L14 (certificate validation): error="bad certificate"'
                b' uri="syslog+tls://logs.example.com:6514/"',
                # The URI can hold credentials.
                PlatformError("L14", "certificate validation"),
                error(APP, "logplex", "L14"),
            ),
            (
                b"Error L20 (Tail sessions forbidden) Tail sessions for this app are forbidden due"
                b" to log volume.",
                PlatformError(
                    "L20",
                    "Tail sessions forbidden",
                    "Tail sessions for this app are forbidden due to log volume.",
                ),
                error(APP, "logplex", "L20"),
            ),
        ],
    ),
]

ERRORS: Final = [*_DYNOS, *_LOG_SYSTEM]
