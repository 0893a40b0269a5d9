"""Credentials for the tests, and checks that record or wait."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import bcrypt

from heroku_syslogd.credentials import Accepted, Credential, Credentials, Denial

PEER = "192.0.2.1"
HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
DRAIN = Credential("drain", HASH.encode(), "shop")
PLAIN = Credential("plain", b"a plain secret", "blog")


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


RIGHT = basic("drain", "right")
WRONG = basic("drain", "wrong")


def never(password: bytes, hashed: bytes) -> bool:
    raise AssertionError("no check is needed")


class Recorder:
    """Checks with bcrypt, and keeps the hashes that it compared with."""

    def __init__(self) -> None:
        self.hashes: list[bytes] = []

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.hashes.append(hashed)
        return bcrypt.checkpw(password, hashed)


class Held:
    """Checks that wait to be released; the password ``right`` belongs to every hash."""

    def __init__(self) -> None:
        self.begun = 0
        self.most_at_once = 0
        self._now = 0
        self._changed = threading.Condition()
        self._released = threading.Event()

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        with self._changed:
            self.begun += 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self._changed.notify_all()
        self._released.wait()
        with self._changed:
            self._now -= 1
        return password == b"right"

    async def until_begun(self, checks: int) -> None:
        def wait() -> None:
            with self._changed:
                self._changed.wait_for(lambda: self.begun >= checks)

        await asyncio.to_thread(wait)

    def release(self) -> None:
        self._released.set()


@asynccontextmanager
async def holding(*entries: Credential) -> AsyncIterator[tuple[Credentials, Held]]:
    check = Held()
    credentials = Credentials(entries, check=check)
    try:
        yield credentials, check
    finally:
        check.release()
        credentials.close()


async def begin(
    credentials: Credentials, authorization: str, peer: str = PEER
) -> asyncio.Task[Accepted | Denial]:
    """Let a verification run as far as it comes without its check."""
    task = asyncio.create_task(credentials.verify(authorization, peer))
    await asyncio.sleep(0)
    return task
