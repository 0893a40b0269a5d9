"""Events that Timber had no type for, and what of their lines is not shown."""

from dataclasses import replace
from typing import Any

import pytest

from heroku_syslogd.heroku.events import (
    ApiAction,
    ApiChange,
    Build,
    BuildResult,
    DynoAction,
    DynoActionName,
    DynoExit,
    DynoStateChange,
    Event,
    FormationItem,
    LogLoss,
    PlatformError,
    Scale,
)
from heroku_syslogd.sinks.timber import Document, Line, documents

USER = "developer@example.com"


def document(event: Event, msg: bytes = b"-", procid: str = "web.1") -> Document:
    (only,) = documents(event, Line("my-app", "heroku", procid, 0.0, msg))
    return only


@pytest.mark.parametrize(
    ("event", "level", "custom"),
    [
        (
            DynoStateChange("starting", "up"),
            "info",
            {"dyno_state": {"from": "starting", "to": "up"}},
        ),
        (
            DynoStateChange("up", "crashed"),
            "error",
            {"dyno_state": {"from": "up", "to": "crashed"}},
        ),
        (DynoExit(0), "info", {"dyno_exit": {"status": 0}}),
        (DynoExit(143), "info", {"dyno_exit": {"status": 143}}),
        (DynoExit(137), "warn", {"dyno_exit": {"status": 137}}),
        (DynoExit(1), "warn", {"dyno_exit": {"status": 1}}),
        (DynoExit(None), "info", {"dyno_exit": {"occurred": True}}),
        (DynoAction(DynoActionName.CYCLE), "info", {"dyno_action": {"action": "cycle"}}),
        (DynoAction(DynoActionName.KILL), "warn", {"dyno_action": {"action": "kill"}}),
        (Build(BuildResult.STARTED, USER), "info", {"build": {"result": "started"}}),
        (Build(BuildResult.FAILED), "error", {"build": {"result": "failed"}}),
        (
            ApiChange(ApiAction.DEPLOY, "059375fe", user=USER),
            "info",
            {"deploy": {"commit": "059375fe"}},
        ),
        (ApiChange(ApiAction.RELEASE, version=48, user=USER), "info", {"release": {"version": 48}}),
        (ApiChange(ApiAction.ROLLBACK, version=11), "info", {"rollback": {"version": 11}}),
        (
            ApiChange(ApiAction.CONFIG_SET, "FOO, BAR"),
            "info",
            {"config_set": {"variables": "FOO, BAR"}},
        ),
        (ApiChange(ApiAction.CREATE), "info", {"create": {"occurred": True}}),
        (
            Scale((FormationItem("web", 4, "Standard-1X"), FormationItem("mailer", 0, ""))),
            "info",
            {
                "scale": {
                    "formation": {
                        "web": {"quantity": 4, "size": "Standard-1X"},
                        "mailer": {"quantity": 0},
                    }
                }
            },
        ),
    ],
    ids=lambda value: repr(value) if isinstance(value, Event) else None,
)
def test_an_event_of_ours(event: Event, level: str, custom: dict[str, Any]) -> None:
    found = document(event)

    assert found["event"] == {"custom": custom}
    assert found["level"] == level


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("R10", "error"),
        ("R12", "warn"),
        ("R14", "warn"),
        ("R15", "error"),
        ("R16", "warn"),
        ("R99", "error"),
        ("L11", "warn"),
        ("L14", "error"),
        ("H10", "error"),
        ("H80", "info"),
    ],
)
def test_the_level_of_a_code(code: str, level: str) -> None:
    assert document(PlatformError(code))["level"] == level


def test_an_error_of_a_dyno() -> None:
    msg = b"Error R12 (Exit timeout) -> Process failed to exit within 30 seconds of SIGTERM"
    event = PlatformError(
        "R12", "Exit timeout", "Process failed to exit within 30 seconds of SIGTERM"
    )

    found = document(event, msg)

    assert found["message"] == msg.decode()
    assert found["event"]["custom"]["platform_error"] == {
        "code": "R12",
        "name": "Exit timeout",
        "detail": "Process failed to exit within 30 seconds of SIGTERM",
    }


@pytest.mark.parametrize(
    "uri",
    [
        'uri="syslog+tls://user:hunter2@logs.example.com:6514/"',
        'uri="syslog+tls://user:x hunter2@logs.example.com:6514/"',
        "uri=user:hunter2@logs.example.com",
        "drain https://user:hunter2@logs.example.com/ failed",
    ],
)
def test_the_address_of_a_drain_is_not_shown(uri: str) -> None:
    detail = f'error="bad certificate" {uri}'
    event = PlatformError("L14", "certificate validation", detail)

    found = document(event, f"Error L14 (certificate validation): {detail}".encode())

    assert "hunter2" not in str(found)
    assert found["message"].startswith(
        'Error L14 (certificate validation): error="bad certificate"'
    )
    assert "bad certificate" in found["event"]["custom"]["platform_error"]["detail"]


def test_an_error_of_the_log_system_does_not_show_the_token_of_a_drain() -> None:
    detail = "drain 'd.68bc07b8-b306-4fa6-985f-48f8a45912c3' is gone"

    found = document(PlatformError("L99", "", detail), f"Error L99: {detail}".encode())

    assert "b306" not in str(found)
    assert found["message"] == "Error L99: drain 'd.68bc07b8' is gone"


def test_lost_messages_are_counted_without_the_token_of_the_drain() -> None:
    token = "d.68bc07b8-b306-4fa6-985f-48f8a45912c3"
    event = LogLoss("L10", 7, token, "2022-04-13T19:41:45.256379+00:00")

    found = document(
        event,
        f"Error L10 (output buffer overflow): drain '{token}' dropped 7 messages".encode(),
        "logplex",
    )

    assert found["level"] == "warn"
    assert found["event"]["custom"]["log_loss"] == {
        "code": "L10",
        "count": 7,
        "drain": "d.68bc07b8",
        "since": "2022-04-13T19:41:45.256379+00:00",
    }
    assert found["message"] == (
        "Error L10 (output buffer overflow): drain 'd.68bc07b8' dropped 7 messages"
    )


def test_lost_messages_of_an_unnamed_drain() -> None:
    msg = b"Error L12: 222 messages dropped since 2013-11-04T21:31:32.125756+00:00."
    found = document(LogLoss("L12", 222), msg, "log-shuttle")

    assert found["event"]["custom"]["log_loss"] == {"code": "L12", "count": 222}
    assert found["message"] == msg.decode()


@pytest.mark.parametrize(
    ("event", "behind", "message"),
    [
        (DynoAction(DynoActionName.START), b"", "Starting process with command `…`"),
        (
            ApiChange(ApiAction.RUN, user=USER),
            b" by user developer@example.com",
            f"Starting process with command `…` by user {USER}",
        ),
        (ApiChange(ApiAction.RUN), b"", "Starting process with command `…`"),
    ],
    ids=["dyno", "api", "api-cut-off"],
)
@pytest.mark.parametrize(
    "command",
    [b"`rake KEY=hunter2`", b"`echo `cat x` hunter2`", b"`sh -c 'a\nhunter2", b"`"],
)
def test_the_command_of_a_start_is_not_shown(
    event: Event, behind: bytes, message: str, command: bytes
) -> None:
    found = document(event, b"Starting process with command " + command + behind)

    assert found["message"] == message
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("msg", "message"),
    [
        (b"Add-on plan changed by user U", "Add-on plan changed by user U"),
        (b"Config add KEY=hunter2 by user U", "Config add KEY=… by user U"),
    ],
)
def test_a_value_in_an_unknown_text_of_the_api_is_not_shown(msg: bytes, message: str) -> None:
    event = ApiChange(ApiAction.OTHER, message.partition("=")[0], user="U")

    assert document(event, msg, "api")["message"] == message


@pytest.mark.parametrize(
    ("user", "context"),
    [
        (USER, {"email": USER}),
        ("heroku-scheduler", {"name": "heroku-scheduler"}),
        ("x" * 300 + "@", {"email": "x" * 256}),
        ("", None),
    ],
)
@pytest.mark.parametrize(
    "event",
    [ApiChange(ApiAction.DEPLOY), Build(BuildResult.STARTED), Scale(())],
    ids=lambda event: event.kind.value,
)
def test_who_did_it(
    event: ApiChange | Build | Scale, user: str, context: dict[str, str] | None
) -> None:
    found = document(replace(event, user=user))

    assert found["context"].get("user") == context


@pytest.mark.parametrize(
    ("event", "release"),
    [
        (ApiChange(ApiAction.DEPLOY, "059375fe"), {"commit_hash": "059375fe"}),
        (ApiChange(ApiAction.DEPLOY, "0.0.1-SNAPSHOT"), {"version": "0.0.1-SNAPSHOT"}),
        (ApiChange(ApiAction.RELEASE, version=16), {"version": "v16"}),
        (ApiChange(ApiAction.RELEASE_COMMAND, version=4), {"version": "v4"}),
        (ApiChange(ApiAction.ROLLBACK, version=11), None),
        (ApiChange(ApiAction.DEPLOY), None),
        (ApiChange(ApiAction.RELEASE), None),
        (ApiChange(ApiAction.CREATE), None),
    ],
)
def test_the_release_that_an_app_has_from_now_on(
    event: ApiChange, release: dict[str, str] | None
) -> None:
    assert document(event)["context"].get("release") == release


@pytest.mark.parametrize("action", ApiAction)
def test_every_action_has_its_own_name(action: ApiAction) -> None:
    assert list(document(ApiChange(action))["event"]["custom"]) == [action.value]
