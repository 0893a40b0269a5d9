r"""The log of a Postgres server, as Heroku's lines have it since 2022.

``[DATABASE] [11-1]  sql_error_code = 00000 time_ms = "..." pid="..." ... LOG:  <text>`` (Heroku Dev
Center, "Understanding Heroku Postgres Log Statements and Common Errors"). The setting behind it is
`` sql_error_code = %e time_ms = "%m" pid="%p" proc_start_time="%s" session_id="%c" vtid="%v"
tid="%x" log_line="%l" %qdatabase="%d" connection_source="%r" user="%u" application_name="%a" ``:
what stands behind ``%q`` is left out for the server's own processes.

An entry is numbered, and split at its line breaks into numbered parts. DETAIL and STATEMENT are
parts of it with the whole prefix again; a part that goes on with a text has none.
"""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Final, NamedTuple

NO_ERROR: Final = "00000"


class Session(NamedTuple):
    """One process of the server.

    Attributes:
        pid: Its process id.
        started_at: When it was started, in seconds.
        client: What the prefix says of its client; empty for the server's own processes.
    """

    pid: int
    started_at: int
    client: str


class PostgresLog:
    """Writes the log of one server.

    Args:
        attachment: Name of its attachment without ``HEROKU_POSTGRESQL_``.
        applications: What its clients call themselves.
        rng: Source of chance.
        now: Since when it runs, in seconds.

    Attributes:
        procid: PROCID of its lines. The number is not the id of a process.
    """

    def __init__(
        self, attachment: str, applications: tuple[str, ...], rng: Random, now: float
    ) -> None:
        self.procid = f"postgres.{rng.randrange(100_000, 4_000_000)}"
        self._attachment = attachment
        self._applications = applications
        self._rng = rng
        self._database = f"d{rng.getrandbits(52):013x}"
        self._user = f"u{rng.getrandbits(52):013x}"
        self._entry = rng.randrange(2, 40)
        self._checkpointer = Session(rng.randrange(20, 90), int(now) - 900_000, "")

    def of_server(self, now: float, *records: str) -> list[str]:
        """Return the parts of an entry of the server's checkpointer.

        Args:
            now: Present time, in seconds.
            records: Level and text of the entry and of its follow-ups: ``LOG:  checkpoint ...``.
        """
        return self._parts(now, NO_ERROR, self._checkpointer, records)

    def of_client(self, now: float, sqlstate: str, *records: str) -> list[str]:
        """Return the parts of an entry about something that a client did; see `of_server`."""
        return self._parts(now, sqlstate, self._session(now), records)

    def _session(self, now: float) -> Session:
        rng = self._rng
        source = f"10.0.{rng.randrange(256)}.{rng.randrange(256)}({rng.randrange(20_000, 60_000)})"
        client = (
            f'database="{self._database}" connection_source="{source}" user="{self._user}"'
            f' application_name="{rng.choice(self._applications)}" '
        )
        return Session(rng.randrange(1000, 400_000), int(now) - rng.randrange(3, 3000), client)

    def _parts(
        self, now: float, sqlstate: str, session: Session, records: tuple[str, ...]
    ) -> list[str]:
        self._entry += 1
        prefix = self._prefix(now, sqlstate, session)
        texts: list[str] = []
        for record in records:
            first, *rest = record.split("\n")
            texts += [prefix + first, *rest]
        head = f"[{self._attachment}] [{self._entry}"
        return [f"{head}-{number}] {text}" for number, text in enumerate(texts, 1)]

    def _prefix(self, now: float, sqlstate: str, session: Session) -> str:
        rng = self._rng
        vtid = f"{rng.randrange(2, 40)}/{rng.randrange(100_000)}" if session.client else ""
        return (
            f' sql_error_code = {sqlstate} time_ms = "{_clock(now, "milliseconds")}"'
            f' pid="{session.pid}" proc_start_time="{_clock(session.started_at, "seconds")}"'
            f' session_id="{session.started_at:x}.{session.pid:x}" vtid="{vtid}" tid="0"'
            f' log_line="{rng.randrange(1, 90)}" {session.client}'
        )


def _clock(now: float, precision: str) -> str:
    """Render seconds since the epoch as Postgres does: ``2022-06-02 22:48:20.807 UTC``."""
    moment = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
    return moment.isoformat(" ", precision) + " UTC"
