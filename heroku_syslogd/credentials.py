"""Basic authentication (RFC 7617) for those who post batches or read the metrics.

bcrypt is slow on purpose, 50 to 300 ms a check. So checks run in threads, bcrypt giving up the
interpreter's lock meanwhile, and what they find is remembered under an HMAC whose key dies with the
process. A drain costs one check, and after that none.

Nobody learns which users exist from the time that a refusal takes: if any secret is a bcrypt hash,
every check that fails does the work of the dearest one.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from pathlib import Path
from typing import Final, NamedTuple

import bcrypt

MAX_HEADER_CHARACTERS: Final = 1024
"""An Authorization header above this is refused unread."""

MAX_SECRET_BYTES: Final = 512
"""Of a plain password: it and its user have to fit into the header, as base64."""

MAX_COST: Final = 15
"""Of a bcrypt hash. Logplex waits 5 s for an answer; a check of this cost takes about 2 s."""

CHECKS_PER_PEER: Final = 4
"""Checks that one peer may have under way or waiting: a guesser must not keep others out."""

CHECKS: Final = 32
"""Checks that may be under way or waiting in all."""

REFUSALS_KEPT: Final = 1000

_THREADS: Final = 2
_BCRYPT_BYTES: Final = 72  # of a password; bcrypt ignores what follows, and its library refuses it

# RFC 7617, section 2: neither part may hold any of CTL (RFC 5234, appendix B.1).
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

_HASH_PREFIX: Final = re.compile(r"\$2[a-z]?\$")
_HASH_COST: Final = re.compile(r"\$2[aby]\$([0-9]{2})\$")
# 16 bytes of salt in 22 characters leave 4 bits unused, 23 bytes of digest in 31 leave 2: they are
# zero, and bcrypt takes no other salt and makes no other digest.
_HASH: Final = re.compile(
    r"\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]"
)

Check = Callable[[bytes, bytes], bool]
"""Tells whether a password belongs to a bcrypt hash, as `bcrypt.checkpw` does."""


class Credential(NamedTuple):
    """A user who may come in.

    Attributes:
        user: Name, unique among all.
        secret: A bcrypt hash (``$2a$``, ``$2b$``, ``$2y$``) or a plain password.
        app: Application whose drain this is; empty if none.
    """

    user: str
    secret: bytes
    app: str = ""

    def __repr__(self) -> str:
        return f"Credential(user={self.user!r}, secret=..., app={self.app!r})"


class Accepted(NamedTuple):
    """Who came in; the attributes are those of the `Credential`."""

    user: str
    app: str


class Denial(Enum):
    """Why nobody came in."""

    REFUSED = auto()
    """Wrong or no credentials; HTTP status 401."""
    BUSY = auto()
    """Too many checks under way; HTTP status 503."""


class _Presented(NamedTuple):
    """What an Authorization header says; ``pair`` is user and password as they came."""

    user: str
    password: bytes
    pair: bytes

    def __repr__(self) -> str:
        return "_Presented(...)"


class _Entry(NamedTuple):
    """What is kept of a credential.

    Attributes:
        app: Its application.
        hash: Its bcrypt hash; empty for a plain password, which is not kept.
        key: HMAC of its secret: the key under which presented pairs are remembered, so that what
            was found with one secret says nothing of another.
    """

    app: str
    hash: bytes
    key: bytes

    @property
    def cost(self) -> int:
        """Cost of the hash: a check takes 2^cost rounds; -1 if there is no hash."""
        return int(self.hash[4:6]) if self.hash else -1


class Credentials:
    """Those who may come in.

    All methods are for the event loop's thread. No password, and no plain secret, is kept longer
    than the call that brings it.

    Args:
        entries: As for `configure`.
        check: Compares a password with a bcrypt hash; called in threads.
    """

    def __init__(
        self, entries: Iterable[Credential] = (), *, check: Check = bcrypt.checkpw
    ) -> None:
        self._check = check
        self._pool = ThreadPoolExecutor(_THREADS, "credentials")
        self._closed = False
        self._key = secrets.token_bytes(32)
        self._nobody = _Entry("", b"", self._key)
        self._entries: dict[str, _Entry] = {}
        self._dearest = -1
        self._accepted: dict[str, bytes] = {}  # by user, the pair that is right
        self._refused: OrderedDict[bytes, None] = OrderedDict()  # longest unused first
        self._checks: dict[bytes, asyncio.Future[bool]] = {}
        self._checks_of: Counter[str] = Counter()
        self.configure(entries)

    def configure(self, entries: Iterable[Credential]) -> None:
        """Take over other credentials. What was found with secrets that stay is still known.

        Raises:
            ValueError: A secret is empty or malformed; neither it nor its user is quoted, because a
                drain may have its token for a user. The credentials are as before.
        """
        kept: dict[str, _Entry] = {}
        accepted: dict[str, bytes] = {}
        for number, (user, secret, app) in enumerate(entries):
            if problem := _secret_problem(secret):
                raise ValueError(f"secret of credential {number}: {problem}")
            key = hmac.digest(self._key, secret, "sha256")
            if _HASH_PREFIX.match(secret.decode()):
                kept[user] = _Entry(app, secret, key)
                if self._entries.get(user, self._nobody).key == key and user in self._accepted:
                    accepted[user] = self._accepted[user]
            else:
                kept[user] = _Entry(app, b"", key)
                accepted[user] = hmac.digest(key, user.encode() + b":" + secret, "sha256")
        self._entries, self._accepted = kept, accepted
        self._dearest = max((entry.cost for entry in kept.values()), default=-1)

    @property
    def required(self) -> bool:
        """Whether anybody is configured; if not, nobody is to be asked."""
        return bool(self._entries)

    def known(self, authorization: str | None) -> Accepted | None:
        """Tell who comes in, if that takes no check: from the second time on, or a plain secret.

        Args:
            authorization: Value of the Authorization header, None if there is none.
        """
        presented = _parse(authorization)
        return self._known(presented.user, self._digest(presented)) if presented else None

    async def verify(self, authorization: str | None, peer: str) -> Accepted | Denial:
        """Tell who comes in, by a check if it is not known. Refuses all if nobody is configured.

        Whoever presents a pair that is being checked waits for that check. A check goes on when all
        who wait for it are cancelled: its finding is of use the next time.

        Args:
            authorization: Value of the Authorization header, None if there is none.
            peer: Address whose share of the checks is used.
        """
        presented = _parse(authorization)
        if presented is None:
            return Denial.REFUSED
        # What a check finds is looked up like what was known before, because the credentials may
        # have changed meanwhile.
        while True:
            digest = self._digest(presented)
            if accepted := self._known(presented.user, digest):
                return accepted
            if self._dearest < 0 or len(presented.password) > _BCRYPT_BYTES:
                return Denial.REFUSED
            if digest in self._refused:
                self._refused.move_to_end(digest)
                return Denial.REFUSED
            check = self._checks.get(digest) or self._start(presented, digest, peer)
            if check is None:
                return Denial.BUSY
            await asyncio.wait([check])  # which leaves it alone when this is cancelled
            if check.cancelled():
                return Denial.BUSY
            check.result()

    def close(self) -> None:
        """Give up what is under way, and begin no other check: who needs one finds it busy."""
        self._closed = True
        # Not left to the pool alone: a check that ends after the event loop must not call it.
        for check in self._checks.values():
            check.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _digest(self, presented: _Presented) -> bytes:
        entry = self._entries.get(presented.user, self._nobody)
        return hmac.digest(entry.key, presented.pair, "sha256")

    def _known(self, user: str, digest: bytes) -> Accepted | None:
        if hmac.compare_digest(self._accepted.get(user, b""), digest):
            return Accepted(user, self._entries[user].app)
        return None

    def _start(
        self, presented: _Presented, digest: bytes, peer: str
    ) -> asyncio.Future[bool] | None:
        """Begin a check; None if the peer, or all together, have too many already."""
        busy = len(self._checks) >= CHECKS or self._checks_of[peer] >= CHECKS_PER_PEER
        if busy or self._closed:
            return None
        entry = self._entries.get(presented.user, self._nobody)
        check = asyncio.get_running_loop().run_in_executor(
            self._pool, self._compare, presented.password, entry, self._dearest
        )
        self._checks[digest] = check
        self._checks_of[peer] += 1
        user = presented.user
        check.add_done_callback(lambda done: self._finish(done, user, entry, digest, peer))
        return check

    def _finish(
        self, check: asyncio.Future[bool], user: str, entry: _Entry, digest: bytes, peer: str
    ) -> None:
        """Remember what a check found. Added first, this runs before those who wait go on."""
        del self._checks[digest]
        self._checks_of[peer] -= 1
        if not self._checks_of[peer]:
            del self._checks_of[peer]
        if check.cancelled() or check.exception():
            return
        if not check.result():
            self._refused[digest] = None
            if len(self._refused) > REFUSALS_KEPT:
                self._refused.popitem(last=False)
        elif self._entries.get(user, self._nobody).key == entry.key:
            self._accepted[user] = digest

    def _compare(self, password: bytes, entry: _Entry, dearest: int) -> bool:
        """Check a password, in a thread. A failure takes 2^dearest rounds, whatever the entry."""
        if not entry.hash:
            self._check(password, _dummy(dearest))
            return False
        if self._check(password, entry.hash):
            return True
        # 2^c rounds are done: 2^c + (2^c + 2^(c+1) + ... + 2^(d-1)) = 2^d.
        for cost in range(entry.cost, dearest):
            self._check(password, _dummy(cost))
        return False


def bcrypt_problem(text: str) -> str | None:
    """Return what is wrong with a bcrypt hash, without quoting it; None if nothing is."""
    if not _HASH_PREFIX.match(text):
        return "expected a bcrypt hash, which begins with $2b$ ($2a$, $2y$)"
    cost = _HASH_COST.match(text)
    if cost is None or int(cost[1]) < 4 or not _HASH.fullmatch(text):
        return "the bcrypt hash is malformed: expected $2b$, a cost from 04 on, $, 53 characters"
    if int(cost[1]) > MAX_COST:
        return f"the cost of the bcrypt hash is above {MAX_COST}: a check would take too long"
    return None


def read_secret(path: Path) -> bytes:
    """Read a bcrypt hash or a plain password: the first line of a file, without its line ending.

    Raises:
        OSError: The file cannot be read.
        ValueError: The line is no secret; names the file and quotes nothing of it.
    """
    with path.open("rb") as file:
        line = file.readline(MAX_SECRET_BYTES + len(b"x\r\n"))
    secret = line.removesuffix(b"\n").removesuffix(b"\r")
    if problem := _secret_problem(secret):
        raise ValueError(f"{path}: {problem}")
    return secret


def _secret_problem(secret: bytes) -> str | None:
    """Return why no presented password could belong to a secret, without quoting it."""
    if not secret:
        return "it is empty"
    if len(secret) > MAX_SECRET_BYTES:
        return f"it is longer than {MAX_SECRET_BYTES} bytes"
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return "it is not UTF-8"
    if _HASH_PREFIX.match(text):
        return bcrypt_problem(text)
    return "it contains a control character" if _CONTROL.search(text) else None


def _parse(authorization: str | None) -> _Presented | None:
    """Read an Authorization header. Total: any text gives user and password, or None.

    Logplex sends ``user:`` for a URL that has a user alone (heroku/logplex,
    ``src/cowboy_client.erl``). A password may contain colons, a user may not (RFC 7617, section 2).
    """
    if authorization is None or len(authorization) > MAX_HEADER_CHARACTERS:
        return None
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(encoded.strip(" "), validate=True)
        user, colon, password = pair.decode().partition(":")
    except ValueError:
        return None
    if not colon or _CONTROL.search(user) or _CONTROL.search(password):
        return None
    return _Presented(user, password.encode(), pair)


def _dummy(cost: int) -> bytes:
    """Return a bcrypt hash that no known password has."""
    return b"$2b$%02d$" % cost + b"." * 53
