"""An HTTP client that says exactly what it is told, and what Logplex tells."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import NamedTuple, Self

from heroku_syslogd.wire import encode_frame
from tests.listeners.client import Client

TOKEN = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
MESSAGE = b"<190>1 2025-12-26T12:07:27.672845+00:00 host app web.1 - hello\n"
FRAME = encode_frame(MESSAGE)

Headers = Mapping[str, str | None]


def request(
    body: bytes = FRAME,
    headers: Headers | None = None,
    *,
    method: str = "POST",
    target: str = "/logplex",
    version: str = "1.1",
) -> bytes:
    """Return a request; a header whose value is None is left out."""
    return head(len(body), headers, method=method, target=target, version=version) + body


def head(
    length: int | None,
    headers: Headers | None = None,
    *,
    method: str = "POST",
    target: str = "/logplex",
    version: str = "1.1",
) -> bytes:
    """Return the head of a request with a body of that length."""
    fields: dict[str, str | None] = {
        "Host": "drain.example",
        "Content-Type": "application/logplex-1",
        "Content-Length": None if length is None else str(length),
        **(headers or {}),
    }
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    text = "\r\n".join([f"{method} {target} HTTP/{version}", *lines, "", ""])
    return text.encode("utf-8", "surrogateescape")


def chunk(data: bytes) -> bytes:
    """Return one chunk of the chunked transfer coding; without data it is the last one."""
    return b"%x\r\n%b\r\n" % (len(data), data)


CHUNKED: Headers = {"Transfer-Encoding": "chunked"}


def batch_of(frame_id: str, *, token: str | None = TOKEN, count: int = 1) -> dict[str, str | None]:
    """Return the headers of Logplex."""
    return {
        "Logplex-Msg-Count": str(count),
        "Logplex-Frame-Id": frame_id,
        "Logplex-Drain-Token": token,
        "User-Agent": "Logplex/v72",
    }


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of basic authentication."""
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


class Reply(NamedTuple):
    """The head of an answer; the names of its headers in lower case."""

    status: int
    headers: dict[str, str]
    version: str = "HTTP/1.1"

    @property
    def closes(self) -> bool:
        """Whether the connection ends with it (RFC 9112, section 9.3)."""
        connection = self.headers.get("connection")
        return connection == "close" or (self.version == "HTTP/1.0" and connection is None)


class Poster(Client):
    """An HTTP client."""

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def ask(self, data: bytes) -> Reply:
        """Send something, and read the answer."""
        await self.send(data)
        return await self.reply()

    async def post(self, body: bytes = FRAME, headers: Headers | None = None) -> Reply:
        """Post a batch, and read the answer."""
        return await self.ask(request(body, headers))

    async def reply(self) -> Reply:
        """Read an answer, which is one that Logplex understands: no body, and no chunks."""
        async with asyncio.timeout(10):
            text = await self.reader.readuntil(b"\r\n\r\n")
        status_line, *lines = text.decode().split("\r\n")[:-2]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        assert headers["content-length"] == "0"
        assert "transfer-encoding" not in headers
        version, status, _ = status_line.split(" ", 2)
        return Reply(int(status), headers, version)
