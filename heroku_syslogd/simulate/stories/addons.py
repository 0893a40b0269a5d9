"""What the servers behind an app log of themselves, and what the app's log gets lost on the way.

Heroku Dev Center, "Understanding Heroku Postgres Log Statements and Common Errors"; for the lines
of log-shuttle heroku/log-shuttle, ``logplex_formatter.go``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from heroku_syslogd.simulate.addons import NO_ERROR, PostgresLog
from heroku_syslogd.simulate.fleet import App
from heroku_syslogd.simulate.line import API, LOGPLEX_LOSS, PLATFORM, POSTGRES_ERROR, timestamp
from heroku_syslogd.simulate.stories.telling import USER, Entry, Scene, Story, Wait

_QUERIES: Final = (
    'statement: SELECT "orders".* FROM "orders" WHERE "orders"."email" = \'zoe@example.com\''
    ' ORDER BY "orders"."created_at" DESC LIMIT 50',
    'execute <unnamed>: SELECT COUNT(*) FROM "line_items" INNER JOIN "orders" ON "orders"."id" ='
    ' "line_items"."order_id" WHERE "orders"."state" = $1 AND "orders"."created_at" > $2',
    'execute a17: UPDATE "products" SET "stock" = $1, "updated_at" = $2 WHERE "products"."id" = $3',
    "statement: WITH monthly AS (\n"
    "\tSELECT date_trunc('month', created_at) AS month, sum(total) AS revenue\n"
    "\tFROM orders\n"
    "\tWHERE created_at > now() - interval '2 years'\n"
    "\tGROUP BY 1\n"
    ")\n"
    "SELECT month, revenue FROM monthly ORDER BY month",
)
_INSERT: Final = (
    'INSERT INTO "alerts" ("user_id", "alert_id") VALUES ({user}, {alert}) RETURNING "id"'
)
_LOCK: Final = (
    'SELECT "notifications".* FROM "notifications" WHERE "notifications"."id" = {id} LIMIT 1'
    " FOR UPDATE NOWAIT /*app:worker.2,job:NotificationJob*/"
)


def addon_samples(app: App, now: float) -> Iterator[Entry]:
    """Tell the samples of the app's add-ons, which come about once a minute."""
    for service in app.addons.services:
        yield Entry(PLATFORM, "app", service.procid, service.message(now), whole_second=True)


def slow_query(scene: Scene) -> Story:
    """Tell of a statement that took longer than two seconds; a long one comes in parts."""
    rng = scene.rng
    duration = 2000 + rng.lognormvariate(7.0, 1.2)
    record = f"LOG:  duration: {duration:.3f} ms  {rng.choice(_QUERIES)}"
    log = scene.app.addons.database_log
    yield from _logged(log, log.of_client(scene.now, NO_ERROR, record))


def unique_violation(scene: Scene) -> Story:
    """Tell of a row that is there already."""
    user, alert = scene.rng.randrange(1000, 400_000), scene.rng.randrange(10_000_000)
    log = scene.app.addons.database_log
    parts = log.of_client(
        scene.now,
        "23505",
        'ERROR:  duplicate key value violates unique constraint "index_alerts_on_user_id"',
        f"DETAIL:  Key (user_id, alert_id)=({user}, {alert}) already exists.",
        f"STATEMENT:  {_INSERT.format(user=user, alert=alert)}",
    )
    yield from _logged(log, parts, POSTGRES_ERROR)


def lock_not_available(scene: Scene) -> Story:
    """Tell of a row that somebody else holds."""
    log = scene.app.addons.database_log
    parts = log.of_client(
        scene.now,
        "55P03",
        'ERROR:  could not obtain lock on row in relation "notifications"',
        f"STATEMENT:  {_LOCK.format(id=scene.rng.randrange(1000, 900_000))}",
    )
    yield from _logged(log, parts, POSTGRES_ERROR)


def checkpoint(scene: Scene) -> Story:
    """Tell how the server writes what it holds in memory to disk."""
    log = scene.app.addons.database_log
    yield from _logged(log, log.of_server(scene.now, "LOG:  checkpoint starting: time"))
    seconds = scene.rng.uniform(4.0, 12.0)
    yield Wait(seconds)
    complete = f"LOG:  checkpoint complete: {_written(scene, seconds)}"
    yield from _logged(log, log.of_server(scene.now, complete))


def restartpoint(scene: Scene) -> Story:
    """Tell of the checkpoint of a follower."""
    log = scene.app.addons.follower_log
    assert log is not None
    yield from _logged(log, log.of_server(scene.now, "LOG:  restartpoint starting: time"))
    seconds = scene.rng.uniform(4.0, 12.0)
    yield Wait(seconds)
    parts = log.of_server(scene.now, f"LOG:  restartpoint complete: {_written(scene, seconds)}")
    yield from _logged(log, parts)
    last = timestamp(scene.now - 0.1).replace("T", " ").removesuffix(":00")
    parts = log.of_server(
        scene.now,
        "LOG:  recovery restart point at 4F/A8C1B2D0",
        f"DETAIL:  last completed transaction was at log time {last}",
    )
    yield from _logged(log, parts)


def has_follower(scene: Scene) -> bool:
    """Tell whether the database has a follower."""
    return scene.app.addons.follower_log is not None


def attachment_update(scene: Scene) -> Story:
    """Tell of a change of the database, which the add-on itself announces."""
    text = f"Update DATABASE by {USER}"
    yield Entry(API, "app", "heroku-postgres", text, whole_second=True)


def lost_by_log_shuttle(scene: Scene) -> Story:
    """Tell of messages that did not get from a dyno to Logplex: undelivered, then no room."""
    since = timestamp(scene.now - scene.rng.uniform(1.0, 30.0))
    for code, fate in (("L13", "lost"), ("L12", "dropped")):
        text = f"Error {code}: {scene.rng.randrange(1, 300)} messages {fate} since {since}"
        yield Entry(LOGPLEX_LOSS, "app", "log-shuttle", text, 1.0)


def _logged(log: PostgresLog, parts: list[str], pri: int = PLATFORM) -> Story:
    for part in parts:
        yield Entry(pri, "app", log.procid, part, whole_second=True)


def _written(scene: Scene, seconds: float) -> str:
    rng = scene.rng
    buffers = rng.randrange(2_000, 120_000)
    distance = buffers * 8
    return (
        f"wrote {buffers} buffers ({buffers / 3800:.1f}%); 0 WAL file(s) added,"
        f" {rng.randrange(20)} removed, {rng.randrange(60)} recycled;"
        f" write={seconds - 0.03:.3f} s, sync=0.016 s, total={seconds:.3f} s;"
        f" sync files={rng.randrange(20, 400)}, longest=0.003 s, average=0.001 s;"
        f" distance={distance} kB, estimate={distance * 1.1:.0f} kB"
    )
