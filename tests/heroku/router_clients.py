"""What a client chooses in a line of the router, and what it may not change."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from heroku_syslogd.heroku.events import RouterRequest


def trusted(
    request: RouterRequest,
) -> tuple[str, str, float | None, float | None, int | None, int | None]:
    """Return what is counted, and what no client may be able to choose."""
    code, dyno, size = request.code, request.dyno, request.bytes
    return code, dyno, request.connect, request.service, request.status, size


FORGED_TAIL: Final = b" dyno=web.9 connect=9ms service=9ms status=299 bytes=9"
# What Router 2.0 can decode from a path, and what may stand in a header.
fragments: Final = st.lists(
    st.sampled_from(
        [
            b"/",
            b'"',
            b" ",
            b"\n",
            b"\xff\x00",
            b"at=error",
            b" code=H99",
            b' desc="',
            b" method=PUT",
            b' path="',
            b' host=evil request_id=1 fwd="1.1.1.1"',
            b' agent="',
            FORGED_TAIL,
            FORGED_TAIL + b" protocol=x",
            b" dyno=",
            b" status=",
            b" connect=7ms",
            b" protocol=https tls=false sock=client",
            b" dyno= connect= service= status=421 bytes= protocol=http",
        ]
    ),
    max_size=8,
).map(b"".join)
client_texts: Final = fragments | st.binary(max_size=30)
methods: Final = st.sampled_from([b"GET", b"POST", b"OPTIONS"]) | client_texts.map(
    lambda text: text.replace(b" ", b"")[:127]
)
requests: Final = st.builds(
    b'method=%b path="%b" host=%b request_id=%b fwd="%b"'.__mod__,
    st.tuples(methods, client_texts, client_texts, client_texts, client_texts),
)
after_bytes: Final = st.sampled_from(
    [
        b"",
        b" protocol=http",
        b" protocol=https",
        b" protocol=http1.1 tls=false",
        b" protocol=http2.0 tls=true tls_version=tls1.3",
        b" protocol=http3 tls=true tls_version=tls1.4 new=1",
    ]
)
