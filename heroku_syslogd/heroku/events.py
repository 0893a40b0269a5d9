"""The events that Heroku's lines mean, one type each.

Values are in base units (seconds, bytes, ratios, plain numbers). A text that a line does not give
is empty, a number that it does not give is None: "not measured" is not zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import ClassVar, NamedTuple


class Kind(StrEnum):
    """What kind of event a line means. A closed vocabulary: it labels a metric."""

    RUNTIME_SAMPLE = "runtime_sample"
    ROUTER_REQUEST = "router_request"
    PLATFORM_ERROR = "platform_error"
    LOG_LOSS = "log_loss"
    DYNO_STATE = "dyno_state"
    DYNO_EXIT = "dyno_exit"
    DYNO_ACTION = "dyno_action"
    PROCESS_MEMORY = "process_memory"
    API = "api"
    BUILD = "build"
    SCALE = "scale"
    ADDON_SAMPLE = "addon_sample"
    POSTGRES_LOG = "postgres_log"
    SLOW_QUERY = "slow_query"
    APP_METRICS = "app_metrics"


# The dyno manager --------------------------------------------------------------------------------


class SampleLine(Enum):
    """The two lines of one runtime sample."""

    LOAD = "load"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class RuntimeSample:
    """One line of log-runtime-metrics (Dev Center, "Heroku Labs: log-runtime-metrics").

    Attributes:
        line: Which of the two lines.
        dyno_id: UUID of the dyno's run; empty where the line does not name it.
        values: By `RuntimeField.name`, in base units: bytes, pages, or a plain number.
    """

    kind: ClassVar = Kind.RUNTIME_SAMPLE
    line: SampleLine
    dyno_id: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class DynoStateChange:
    """``State changed from <a> to <b>`` of the dyno manager."""

    kind: ClassVar = Kind.DYNO_STATE
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class DynoExit:
    """``Process exited with status <n>``; None in the form of 2011, which has no status."""

    kind: ClassVar = Kind.DYNO_EXIT
    status: int | None


class DynoActionName(StrEnum):
    """What the dyno manager says that it does to a dyno."""

    START = "start"
    RESTART = "restart"
    CYCLE = "cycle"
    RELOCATE = "relocate"
    IDLE = "idle"
    UNIDLE = "unidle"
    TERMINATE = "terminate"
    """SIGTERM, with 30 seconds of grace."""
    KILL = "kill"
    """SIGKILL, after R12, R15 or R10."""
    AWAIT_CLIENT = "await_client"
    HANG_UP = "hang_up"
    """SIGHUP to a one-off dyno whose client has gone."""
    LISTEN = "listen"


@dataclass(frozen=True, slots=True)
class DynoAction:
    """A line such as ``Cycling``. The command of a start is not kept: it can hold secrets."""

    kind: ClassVar = Kind.DYNO_ACTION
    action: DynoActionName


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """``Process running mem=870M(170.1%)``, the line before an R14 or R15.

    Attributes:
        bytes: Memory in use.
        ratio: That as a part of the quota (1.701).
    """

    kind: ClassVar = Kind.PROCESS_MEMORY
    bytes: float
    ratio: float


# The router --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RouterRequest:
    """One request (Dev Center, "HTTP Routing"); field names are the line's keys.

    Attributes:
        at: ``info``, ``warning`` or ``error``.
        code: Error code such as ``H12``; empty for a normal request and for a malformed code.
        connect: Seconds to open the connection to the dyno.
        service: Seconds spent proxying between dyno and client.
        status: Status sent to the client.
        bytes: Bytes sent to the client.
        fwd: ``X-Forwarded-For`` as passed on: addresses separated by commas.
        dyno: The dyno that served it, such as ``web.1``.
    """

    kind: ClassVar = Kind.ROUTER_REQUEST
    at: str = ""
    code: str = ""
    desc: str = ""
    cause: str = ""
    sock: str = ""
    method: str = ""
    path: str = ""
    host: str = ""
    request_id: str = ""
    fwd: str = ""
    dyno: str = ""
    connect: float | None = None
    service: float | None = None
    status: int | None = None
    bytes: int | None = None
    protocol: str = ""
    tls: bool | None = None
    tls_version: str = ""
    agent: str = ""


# Errors of the platform --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlatformError:
    """An R code of a dyno or an L code of the log system (Dev Center, "Heroku Error Codes").

    H codes come with a `RouterRequest`.

    Attributes:
        code: ``R14``; unknown codes of the same form are passed on.
        name: ``Memory quota exceeded``.
        detail: What stands behind the arrow.
    """

    kind: ClassVar = Kind.PLATFORM_ERROR
    code: str
    name: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LogLoss:
    """Messages that were lost before they reached us: L10 of Logplex, L12 and L13 of log-shuttle.

    Attributes:
        code: ``L10``, ``L12`` or ``L13``.
        count: Messages lost.
        drain: Token of the drain that lost them, where the line names one. It may be another
            drain of the same app.
        since: Since when, as the line says it.
    """

    kind: ClassVar = Kind.LOG_LOSS
    code: str
    count: int
    drain: str = ""
    since: str = ""


# The API -----------------------------------------------------------------------------------------


class ApiAction(StrEnum):
    """What somebody did to an app. A closed vocabulary: it labels a metric."""

    RELEASE = "release"
    """``Release vN created``: for every release, those of deploys and config changes included."""
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    RELEASE_COMMAND = "release_command"
    CONFIG_SET = "config_set"
    CONFIG_REMOVE = "config_remove"
    ADDON_ATTACH = "addon_attach"
    ADDON_DETACH = "addon_detach"
    ADDON_UPDATE = "addon_update"
    ADDON_READY = "addon_ready"
    FEATURE = "feature"
    STACK = "stack"
    CREATE = "create"
    RUN = "run"
    """A one-off or scheduled dyno was started."""
    OTHER = "other"
    """Any other ``... by user U``."""


@dataclass(frozen=True, slots=True)
class ApiChange:
    """A line of the API about a change of the app, builds and scaling excepted.

    Attributes:
        action: What was done.
        subject: To what: the commit of a deploy, config vars, an add-on; for `ApiAction.OTHER` the
            text. The command of `ApiAction.RUN` is not kept: it can hold secrets.
        version: Number of the release, for those actions that name one.
        user: Who did it. Personal data: never a label.
    """

    kind: ClassVar = Kind.API
    action: ApiAction
    subject: str = ""
    version: int | None = None
    user: str = ""


class BuildResult(StrEnum):
    """How far a build got. A closed vocabulary: it labels a metric."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Build:
    """``Build started``, ``Build succeeded``, ``Build failed``."""

    kind: ClassVar = Kind.BUILD
    result: BuildResult
    user: str = ""


class FormationItem(NamedTuple):
    """One ``<process type>@<quantity>:<size>``; the form of 2015 has no size."""

    process_type: str
    quantity: int
    size: str


@dataclass(frozen=True, slots=True)
class Scale:
    """``Scaled to web@4:Standard-1X ...``: the new target; not every process type need be named."""

    kind: ClassVar = Kind.SCALE
    items: tuple[FormationItem, ...]
    user: str = ""


# Add-ons -----------------------------------------------------------------------------------------


class Addon(StrEnum):
    """Add-ons of Heroku that log samples. A closed vocabulary: it labels a metric."""

    POSTGRES = "postgres"
    PGBOUNCER = "pgbouncer"
    REDIS = "redis"


@dataclass(frozen=True, slots=True)
class AddonSample:
    """One line of samples of an add-on.

    Attributes:
        addon: Which add-on.
        source: Attachment name, such as ``DATABASE``; ``pgbouncer`` for the pooler.
        name: Name of the add-on, such as ``postgresql-curly-12345``; missing before 2017.
        values: By `AddonField.name`, in base units.
        unknown: ``sample#`` keys that we do not know, or whose unit we do not: not guessed.
    """

    kind: ClassVar = Kind.ADDON_SAMPLE
    addon: Addon
    source: str
    name: str
    values: dict[str, float]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PostgresRecord:
    """A line of the Postgres server log that is no slow query.

    Attributes:
        source: Attachment name, as in the samples: ``HEROKU_POSTGRESQL_GREEN``, ``DATABASE``.
        level: ``LOG``, ``ERROR``, ...; empty for a line that continues the one before.
        sqlstate: SQLSTATE, such as ``23505``; empty in lines before 2019.
    """

    kind: ClassVar = Kind.POSTGRES_LOG
    source: str
    level: str = ""
    sqlstate: str = ""


@dataclass(frozen=True, slots=True)
class SlowQuery:
    """``duration: N ms  statement: ...`` of the Postgres server log.

    Attributes:
        source: As in `PostgresRecord`.
        seconds: Its duration.
        prepared: Name of the prepared statement (``<unnamed>``); empty for a simple statement.
        form: The statement with its literals and comments taken out, for those are user data. Only
            its first part, where Postgres split it over several lines.
    """

    kind: ClassVar = Kind.SLOW_QUERY
    source: str
    seconds: float
    prepared: str
    form: str


# Applications ------------------------------------------------------------------------------------


class AppMetricType(StrEnum):
    """The prefixes of l2met."""

    COUNT = "count"
    MEASURE = "measure"
    SAMPLE = "sample"
    UNIQUE = "unique"


class AppMetric(NamedTuple):
    """One ``<type>#<name>=<value><unit>``.

    Attributes:
        type: The prefix.
        name: The name, of letters, digits and ``_.:/-``.
        value: The number, in the base unit; 0 for ``unique#``.
        unit: ``seconds``, ``bytes``, any other unit as it stands, or empty.
        member: The value of ``unique#``, of which distinct ones are counted; empty otherwise.
    """

    type: AppMetricType
    name: str
    value: float
    unit: str
    member: bytes = b""


@dataclass(frozen=True, slots=True)
class AppMetrics:
    """The l2met metrics of one line that an application printed."""

    kind: ClassVar = Kind.APP_METRICS
    metrics: tuple[AppMetric, ...]


Event = (
    RuntimeSample
    | DynoStateChange
    | DynoExit
    | DynoAction
    | ProcessMemory
    | RouterRequest
    | PlatformError
    | LogLoss
    | ApiChange
    | Build
    | Scale
    | AddonSample
    | PostgresRecord
    | SlowQuery
    | AppMetrics
)
