"""What people want to know of lines and events: who writes which lines, and in which units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from heroku_syslogd.catalogue import dynos
from heroku_syslogd.heroku import (
    ADDON_FIELDS,
    OTHER,
    OUTPUT,
    POSTGRES_SERVER,
    AddonSample,
    AppMetrics,
    Event,
    Kind,
    LineRule,
    RuntimeSample,
    Scale,
    line_rule,
)
from heroku_syslogd.wire import Message

_API_LINES: Final = (
    (Kind.API, "Deploy 059375fe by user a@example.com"),
    (Kind.API, "Release v16 created by user a@example.com"),
    (Kind.BUILD, "Build succeeded"),
    (Kind.SCALE, "Scaled to web@2:Standard-1X by user a@example.com"),
)
_METRIC_LINES: Final = ((Kind.APP_METRICS, "measure#db.latency=4ms count#db.queries=2"),)
_POSTGRES_RECORD: Final = "[DATABASE] [12-1]  sql_error_code = 23505 ERROR:  duplicate key value"
_SLOW_QUERY: Final = (
    "[DATABASE] [7-1]  sql_error_code = 00000 LOG:  duration: 2405.887 ms  statement: SELECT 1"
)

_Lines = tuple[tuple[Kind, str], ...]

_PLATFORM: Final[tuple[tuple[bytes, bytes, _Lines], ...]] = (
    (
        b"heroku",
        b"web.1",
        (
            (Kind.RUNTIME_SAMPLE, "source=web.1 dyno=heroku.1.uuid sample#load_avg_1m=0.25"),
            (Kind.RUNTIME_SAMPLE, "source=web.1 dyno=heroku.1.uuid sample#memory_rss=190.07MB"),
            (Kind.DYNO_STATE, "State changed from starting to up"),
            (Kind.DYNO_EXIT, "Process exited with status 143"),
            (Kind.DYNO_ACTION, "Cycling"),
            (Kind.PROCESS_MEMORY, "Process running mem=870M(170.1%)"),
            (Kind.PLATFORM_ERROR, "Error R14 (Memory quota exceeded)"),
        ),
    ),
    (
        b"heroku",
        b"router",
        (
            (
                Kind.ROUTER_REQUEST,
                'at=info method=GET path="/" host=a.example request_id=1 fwd="192.0.2.1"'
                " dyno=web.1 connect=1ms service=22ms status=200 bytes=512 protocol=https",
            ),
            (Kind.PLATFORM_ERROR, "Error H10 (App crashed) -> GET a.example/"),
        ),
    ),
    (
        b"heroku",
        b"logplex",
        (
            (
                Kind.LOG_LOSS,
                "Error L10 (output buffer overflow): 2 messages dropped since"
                " 2017-08-31T14:44:12+00:00.",
            ),
            (Kind.PLATFORM_ERROR, "Error L15 (Tail buffer temporarily unavailable)"),
        ),
    ),
    (b"app", b"api", _API_LINES),
    *(
        (
            b"app",
            b"heroku-%s" % addon.encode(),
            (
                (
                    Kind.ADDON_SAMPLE,
                    f"source=DATABASE addon=name sample#{known[0].key.decode()}=1"
                    + next(iter(known[0].units)).decode(),
                ),
            ),
        )
        for addon, known in ADDON_FIELDS.items()
    ),
    (
        b"app",
        b"postgres.1234",
        ((Kind.POSTGRES_LOG, _POSTGRES_RECORD), (Kind.SLOW_QUERY, _SLOW_QUERY)),
    ),
)

KNOWN_LINES: Final[dict[LineRule, _Lines]] = {
    **{line_rule(app_name, procid): lines for app_name, procid, lines in _PLATFORM},
    OUTPUT: _METRIC_LINES,
    OTHER: _METRIC_LINES,
}
"""Examples of the lines that each writer has, by kind."""

PLATFORM_RULES: Final = tuple(line_rule(app_name, procid) for app_name, procid, _ in _PLATFORM)
"""The rules for what the platform writes, in the order in which a text is most likely one."""

_UNITS: Final = {
    (Kind.PROCESS_MEMORY, "bytes"): "bytes",
    (Kind.PROCESS_MEMORY, "ratio"): "of the quota",
    (Kind.ROUTER_REQUEST, "connect"): "seconds",
    (Kind.ROUTER_REQUEST, "service"): "seconds",
    (Kind.ROUTER_REQUEST, "bytes"): "bytes",
    (Kind.LOG_LOSS, "count"): "messages",
    (Kind.SLOW_QUERY, "seconds"): "seconds",
}


def trust(message: Message, rule: LineRule) -> str:
    """Say whether what a line says is believed of the platform, and why."""
    app_name = message.app_name.decode("ascii", "backslashreplace")
    if message.app_name == b"heroku":
        return "yes: APP-NAME `heroku` is the platform's alone"
    if rule is POSTGRES_SERVER:
        return (
            "yes: PROCID `postgres.<number>` is a Postgres server's, unless the application has a"
            " process type of that name"
        )
    if rule.is_platform:
        return "yes: PROCID is one of Heroku's; a dyno's has a dot and a number"
    if rule is OUTPUT:
        return f"no: under APP-NAME `{app_name}` and a dyno's PROCID an application prints any text"
    return f"no: the platform does not write under APP-NAME `{app_name}` with this PROCID"


def event_fields(event: Event) -> Iterator[tuple[str, str]]:
    """Return what an event holds, with units; what its line does not give is left out."""
    for field in fields(event):
        value = getattr(event, field.name)
        if value is None or value in ("", (), {}):
            continue
        if field.name == "values" or isinstance(event, AppMetrics | Scale):
            continue
        unit = _UNITS.get((event.kind, field.name), "")
        yield field.name, f"{_text(value)} {unit}".rstrip()
    if isinstance(event, RuntimeSample | AddonSample):
        units = _value_units(event)
        for name, number in event.values.items():
            yield name, f"{number:.12g} {units[name]}".rstrip()
    elif isinstance(event, AppMetrics):
        for metric in event.metrics:
            value = metric.member.decode("utf-8", "backslashreplace") or f"{metric.value:.12g}"
            yield f"{metric.type}#{metric.name}", f"{value} {metric.unit}".rstrip()
    elif isinstance(event, Scale):
        for process_type, quantity, size in event.items:
            yield process_type, f"{quantity} dynos {size}".rstrip()
        if event.user:
            yield "user", event.user


def _value_units(event: RuntimeSample | AddonSample) -> dict[str, str]:
    if isinstance(event, RuntimeSample):
        return {name: metric.unit for name, metric in dynos.RUNTIME.items()}
    return {field.name: field.unit for field in ADDON_FIELDS[event.addon]}


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(getattr(value, "value", value))
