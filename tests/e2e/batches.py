"""What HTTPS drains send: batches without STRUCTURED-DATA, and the requests that carry them."""

from __future__ import annotations

import base64
import http.client
import ssl
import uuid
from collections.abc import Mapping
from typing import Final, Self

from heroku_syslogd.wire import encode_frame
from tests.daemon_process import WAIT_SECONDS, Address

PATH: Final = "/logplex"


def batch_line(text: str, app_name: str = "app", procid: str = "web.1") -> bytes:
    """Return one message as Logplex posts it."""
    return f"<190>1 2026-03-05T09:51:04.778759+00:00 host {app_name} {procid} - {text}\n".encode()


def batch(count: int) -> bytes:
    """Return the body of a request with lines that an application printed."""
    return b"".join(encode_frame(batch_line(f"message {number}")) for number in range(count))


def batch_headers(drain: str, count: int, frame_id: str = "") -> dict[str, str]:
    """Return Logplex's headers, in its order.

    Args:
        drain: Drain token.
        count: Messages in the body.
        frame_id: ``Logplex-Frame-Id``; a new one unless given.
    """
    return {
        "Content-Type": "application/logplex-1",
        "Logplex-Msg-Count": str(count),
        "Logplex-Frame-Id": frame_id or uuid.uuid4().hex.upper(),
        "Logplex-Drain-Token": drain,
        "User-Agent": "Logplex/v72",
    }


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of basic authentication (RFC 7617)."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def request(
    headers: Mapping[str, str], body: bytes, *, path: str = PATH, host: str = "localhost"
) -> bytes:
    """Return a whole request as Logplex writes it."""
    fields = {"Host": host, **headers, "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


class Poster:
    """A connection that posts batches.

    Args:
        address: Where to.
        drain: Drain token.
        tls: Trusts the certificate; None for HTTP.
        source: Address to come from, such as 127.0.0.2.
        headers: Sent with every request.
    """

    def __init__(
        self,
        address: Address,
        drain: str,
        *,
        tls: ssl.SSLContext | None = None,
        source: str = "",
        headers: Mapping[str, str] = {},
    ) -> None:
        host, port = address
        origin = (source, 0) if source else None
        self._connection = (
            http.client.HTTPSConnection(
                host, port, timeout=WAIT_SECONDS, source_address=origin, context=tls
            )
            if tls
            else http.client.HTTPConnection(host, port, timeout=WAIT_SECONDS, source_address=origin)
        )
        self._drain = drain
        self._headers = dict(headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def post(self, count: int = 1, body: bytes | None = None, path: str = PATH) -> int:
        """Post a batch of that many messages and return the status of the answer."""
        content = batch(count) if body is None else body
        headers = {**batch_headers(self._drain, count), **self._headers}
        self._connection.request("POST", path, content, headers)
        with self._connection.getresponse() as answer:
            assert answer.read() == b""
            return answer.status
