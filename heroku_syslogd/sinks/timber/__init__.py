"""Events as JSON documents in the nested shape that Timber published (schema 4.1).

``resource_sample``, ``http_response`` and ``sql_query`` are Timber's own; what it had no type for
stands in ``event.custom`` under a name of ours. Pure: an event and its line in, documents out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from heroku_syslogd.heroku.events import (
    AddonSample,
    ApiChange,
    AppMetrics,
    Build,
    DynoAction,
    DynoExit,
    DynoStateChange,
    Event,
    Kind,
    LogLoss,
    PlatformError,
    PostgresRecord,
    ProcessMemory,
    RouterRequest,
    RuntimeSample,
    Scale,
    SlowQuery,
)
from heroku_syslogd.sinks.timber import (
    platform,
    postgres,
    router,
    samples,
)
from heroku_syslogd.sinks.timber.draft import Document, Draft, Line, assemble

__all__ = ["DESCRIPTIONS", "Document", "Line", "documents"]

_MAPPERS: Final[Mapping[type[Any], Callable[[Any, Line], list[Draft]]]] = {
    RuntimeSample: samples.runtime_sample,
    ProcessMemory: samples.process_memory,
    AddonSample: samples.addon_sample,
    AppMetrics: samples.app_metrics,
    RouterRequest: router.router_request,
    PlatformError: platform.platform_error,
    LogLoss: platform.log_loss,
    DynoStateChange: platform.dyno_state,
    DynoExit: platform.dyno_exit,
    DynoAction: platform.dyno_action,
    ApiChange: platform.api_change,
    Build: platform.build,
    Scale: platform.scale,
    PostgresRecord: postgres.postgres_record,
    SlowQuery: postgres.slow_query,
}


def documents(event: Event, line: Line) -> list[Document]:
    """Return the documents of an event.

    Args:
        event: What the line means.
        line: The line itself.

    Returns:
        One document; two for a request with an error code; none where nothing may be shown (text
        that continues a Postgres record) or there is nothing to show (a sample without values).
    """
    return [assemble(draft, line) for draft in _MAPPERS[type(event)](event, line)]


DESCRIPTIONS: Final[Mapping[Kind, str]] = {
    Kind.RUNTIME_SAMPLE: (
        "Timber's `resource_sample` with `cpu` (load averages) or `memory` (MB of 2^20 bytes, and"
        " pages) of a dyno; `context.system.hostname` is the run of the dyno. `quota_mb` is our"
        " addition and stands only where the line has it. A line without `load_avg_1m` or"
        " `memory_total`, which the schema requires, gives `custom.runtime_sample` in base units."
    ),
    Kind.ROUTER_REQUEST: (
        "Timber's `http_response`, with the request in `context.http`: `remote_addr` is the last"
        " address of `fwd`, the only one that the client cannot forge. What the schema has no"
        " place for (dyno, connect time, protocol) stands in `context.custom.router`; a method"
        " that it does not know takes the request to `context.custom.http`. A request without a"
        " status gives `custom.router_request`; one with an error code gives a second document,"
        " `custom.platform_error`."
    ),
    Kind.PLATFORM_ERROR: (
        "`custom.platform_error` (ours) with code, name and detail of an R or L code; H codes come"
        " with their request. The address of a drain in an L14 is taken out."
    ),
    Kind.LOG_LOSS: (
        "`custom.log_loss` (ours): how many messages were lost before they reached this daemon,"
        " since when, and by which drain, whose token is shortened."
    ),
    Kind.DYNO_STATE: "`custom.dyno_state` (ours): the state that a dyno left and the one it took.",
    Kind.DYNO_EXIT: "`custom.dyno_exit` (ours): the exit status of a process.",
    Kind.DYNO_ACTION: (
        "`custom.dyno_action` (ours): what the dyno manager does to a dyno. The command of a start"
        " is taken out, for it can hold secrets from config vars."
    ),
    Kind.PROCESS_MEMORY: (
        "Timber's `resource_sample.memory` from the line before an R14 or R15: `total_mb`, and as"
        " our addition `quota_mb`, which is derived from the percentage."
    ),
    Kind.API: (
        "`custom.<action>` (ours): `deploy` with the commit, `release` with the version, and so on;"
        " `other` with the text. `context.user` says who did it, in most cases by e-mail address:"
        " personal data. The command of a one-off dyno is taken out."
    ),
    Kind.BUILD: (
        "`custom.build` (ours): `result` is `started`, `succeeded` or `failed`; `context.user` says"
        " who started it."
    ),
    Kind.SCALE: (
        "`custom.scale` (ours): the new quantity and size of each process type that the line names;"
        " `context.user` says who scaled."
    ),
    Kind.ADDON_SAMPLE: (
        "Timber's `resource_sample` with `database` (Postgres) or `cache` (Redis), `cpu`, `memory`"
        " and `disk`. `context.custom.addon` says which add-on, and has in base units what the"
        " schema has no place for. PgBouncer, for which it has none at all, gives"
        " `custom.pgbouncer_sample`."
    ),
    Kind.POSTGRES_LOG: (
        "`custom.postgres_log` (ours): level and SQLSTATE of a record. Its text is data of the"
        " application's users and is not shown, in `message` neither; a line that continues a"
        " record gives no document."
    ),
    Kind.SLOW_QUERY: (
        "Timber's `sql_query`: duration, and the statement without literals and comments;"
        " `message` is rebuilt from these. `context.custom.database` says which database."
    ),
    Kind.APP_METRICS: (
        "`custom.app_metrics` (ours): the l2met metrics of a line, by `<type>#<name>`. A value is a"
        " number, `{value, unit}` where it has a unit, or `{member}` for `unique#`; of several with"
        " the same name the last one stands."
    ),
}
"""What the documents of each kind of event hold, for the documentation."""
