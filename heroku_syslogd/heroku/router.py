"""Router lines, one per request.

Dev Center, "HTTP Routing" and "Heroku Error Codes"::

    [sock=...] at=error [code=H12 desc="..." [cause="..."]] method=GET path="/" host=... \
    request_id=... fwd="..." dyno=web.1 connect=1ms service=22ms status=304 bytes=656 \
    protocol=http1.1 tls=true tls_version=tls1.3

The client chooses method, path, host, request_id, most of fwd, and agent. Nothing is escaped, and
Router 2.0 logs the path percent-decoded, so that it can hold quotes, line feeds and a whole
``" dyno=web.9 status=200``. Hence a line is read from both of its ends:

* the head, in front of the first key whose value the client chooses, and
* the tail, behind the last quote: fwd is the last quoted value, and the tail has none.

Both were written by the router alone. Within them keys may stand in any order, as they have moved
over the years. The client's own texts are between them, and nothing but text is read from there.
"""

from __future__ import annotations

import re
from typing import Final

from heroku_syslogd.heroku.events import RouterRequest
from heroku_syslogd.heroku.naming import free_text

_LONGEST_METHOD: Final = 127
_LONGEST_PATH: Final = 2048
_LONGEST_NAME: Final = 256  # host, request_id
_LONGEST_TEXT: Final = 512

# A line that starts with method= has another order than any that is known: its head goes on to the
# next key. The method itself cannot hold a space, so nothing can be forged with it.
_HEAD_END: Final = re.compile(rb"(?: method|(?:^| )(?:path|host|request_id|fwd|agent))=")
_HEAD_KEY: Final = re.compile(
    rb'(?:^| )(sock|at|code|desc|cause)=("[^"]*+"|[^ "]*+)(?![^ ])',
)
_METHOD: Final = re.compile(rb"(?:^| )method=([^ ]*+)")

_PATH: Final = re.compile(
    rb' path=(?:"(.*)"(?= host=)|"([^"]*)"|(.*?)(?= host=)|([^ ]*))', re.DOTALL
)
_HOST: Final = re.compile(rb' host=([^ "]*+)')  # one documented line has a quote behind it
_REQUEST_ID: Final = re.compile(rb" request_id=([^ ]*+)")
_FWD: Final = re.compile(rb' fwd=(?:"(.*)"|([^ ]*))', re.DOTALL)

_TAIL_KEY: Final = re.compile(
    rb"(?:^| )(dyno|connect|service|status|bytes|protocol|tls|tls_version|sock)=([^ \n]*+)"
)
_QUOTED: Final = re.compile(rb'"[^"]*+"')

# H31 alone has an agent, behind the tail. No dyno is asked then, so its tail is known, and a client
# that puts a tail of its own into path, fwd or agent can only repeat this one.
_MISDIRECTED: Final = b"H31"
_MISDIRECTED_TAIL: Final = re.compile(
    rb" dyno= connect= service= status=421 bytes="
    rb'(?: (?:protocol|tls|tls_version)=[^ "\n]{0,32}){0,3}(?= agent=")'
)
_AGENT: Final = b' agent="'

_WORD: Final = re.compile(rb"[A-Za-z0-9./_-]{1,32}")
_CODE: Final = re.compile(rb"[HRL][0-9]{2}")
_DYNO: Final = re.compile(rb"[A-Za-z][A-Za-z0-9_-]{0,62}\.[0-9]{1,10}")
_MILLISECONDS: Final = re.compile(rb"([0-9]{1,15})(?:ms)?")  # H25 and H26 leave the unit out
_STATUS: Final = re.compile(rb"([0-9]{3})")
_SIZE: Final = re.compile(rb"([0-9]{1,15})")
_TLS: Final = {b"true": True, b"false": False}


def parse_router_line(msg: bytes) -> RouterRequest | None:
    """Read a router line in full; None where it is none: no method, or neither status nor code.

    A value that is missing or malformed is empty or None, and the request still counts.
    """
    method = _METHOD.search(msg)
    if method is None or len(method[1]) > _LONGEST_METHOD:
        return None
    head = _read_head(msg)
    line, agent = _split_agent(msg) if head.get(b"code") == _MISDIRECTED else (msg, b"")
    tail = _read_tail(line)
    if b"status" not in tail and b"code" not in head:
        return None
    path, host, request_id, fwd = _read_client_texts(line)
    connect = _integer(_MILLISECONDS, tail.get(b"connect"))
    service = _integer(_MILLISECONDS, tail.get(b"service"))
    return RouterRequest(
        at=_matched(_WORD, head.get(b"at")),
        code=_matched(_CODE, head.get(b"code")),
        desc=free_text(head.get(b"desc", b""), _LONGEST_TEXT),
        cause=free_text(head.get(b"cause", b""), _LONGEST_TEXT),
        sock=_matched(_WORD, head.get(b"sock", tail.get(b"sock"))),
        method=free_text(method[1]),
        path=free_text(path, _LONGEST_PATH),
        host=free_text(host, _LONGEST_NAME),
        request_id=free_text(request_id, _LONGEST_NAME),
        fwd=free_text(fwd[-_LONGEST_TEXT:]),  # its end is what the client did not write
        dyno=_matched(_DYNO, tail.get(b"dyno")),
        connect=None if connect is None else connect / 1000,
        service=None if service is None else service / 1000,
        status=_integer(_STATUS, tail.get(b"status")),
        bytes=_integer(_SIZE, tail.get(b"bytes")),
        protocol=_matched(_WORD, tail.get(b"protocol")),
        tls=_TLS.get(tail.get(b"tls", b"")),
        tls_version=_matched(_WORD, tail.get(b"tls_version")),
        agent=free_text(agent, _LONGEST_TEXT),
    )


def _read_head(msg: bytes) -> dict[bytes, bytes]:
    """Read the keys in front of the client's; of a key that comes twice the first."""
    end = _HEAD_END.search(msg)
    head = msg[: end.start()] if end else msg
    found: list[tuple[bytes, bytes]] = _HEAD_KEY.findall(head)
    found.reverse()
    values = {key: value.strip(b'"') for key, value in found}
    if b"at" not in values and head.startswith(b"error "):
        values[b"at"] = b"error"  # H31 is documented with the bare word
    return values


def _read_tail(line: bytes) -> dict[bytes, bytes]:
    """Read the keys behind the last quote; of a key that comes twice the last.

    A status that is not there means an order that is not known, with a quoted value at the end.
    Then the quoted values are taken out of the line and the rest is read.
    """
    tail = dict(_TAIL_KEY.findall(line, line.rfind(b'"') + 1))
    if b"status" not in tail:
        tail = dict(_TAIL_KEY.findall(_QUOTED.sub(b"", line)))
    return tail


def _split_agent(msg: bytes) -> tuple[bytes, bytes]:
    """Split the line of H31 into what stands in front of its agent, and the agent."""
    tail = _MISDIRECTED_TAIL.search(msg)
    end = tail.end() if tail else msg.find(_AGENT)
    if end < 0:
        return msg, b""
    return msg[:end], msg[end + len(_AGENT) :].removesuffix(b'"')


def _read_client_texts(line: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Read path, host, request_id and fwd, none of which is to be believed.

    A quoted path goes on up to the last ``" host=``, for it may hold that text itself; an unquoted
    one, of 2013, up to the first `` host=``.
    """
    path = _PATH.search(line)
    rest = line[path.end() :] if path else line
    matches = (path, _HOST.search(rest), _REQUEST_ID.search(rest), _FWD.search(rest))
    path_, host, request_id, fwd = (
        match[match.lastindex or 0] if match else b"" for match in matches
    )
    return path_, host, request_id, fwd


def _matched(pattern: re.Pattern[bytes], token: bytes | None) -> str:
    """Return a token that a pattern matches as a whole, an empty text for any other."""
    return token.decode("ascii") if token and pattern.fullmatch(token) else ""


def _integer(pattern: re.Pattern[bytes], token: bytes | None) -> int | None:
    """Return the number in a token that a pattern matches as a whole, None for any other."""
    match = pattern.fullmatch(token) if token else None
    return int(match[1]) if match else None


# The fast search ---------------------------------------------------------------------------------

_AFTER_BYTES: Final = frozenset(
    protocol + tls + line_end
    for protocol in (b"protocol=" + name for name in (b"http", b"https", b"http1.1", b"http2.0"))
    for tls in (
        b"",
        b" tls=false",
        b" tls=true",
        b" tls=true tls_version=unknown",
        b" tls=true tls_version=tls1.2",
        b" tls=true tls_version=tls1.3",
    )
    for line_end in (b"", b"\n")
)
"""What stands behind ``bytes=`` in nearly all lines of today."""

_AFTER_BYTES_UNSEEN: Final = re.compile(
    rb'(?:protocol|tls)=[^ "\n]*+(?: (?!connect=|service=|status=|bytes=)[a-z_]++=[^ "\n]*+)*+\n?'
)
"""What else may stand there without making the tail ambiguous."""


_HEAD_BYTES: Final = 25
_METHOD_BY_HEAD: Final = {
    (start + method + b' path="')[:_HEAD_BYTES]: method
    for start in (b"- at=info method=", b"at=info method=")
    for method in (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")
}
"""How normal requests begin, behind STRUCTURED-DATA or without it. What is cut off decides nothing:
a method ends with a space, and each is whole."""

RequestTokens = list[bytes]
"""Six: the dyno, ``connect=``, ``service=``, ``status=`` and ``bytes=`` with their values, and the
method. A list, because that is what `bytes.split` makes: a tuple would be another object."""


def request_tokens(rest: bytes) -> RequestTokens | None:
    """Find the tokens of a normal request, as most lines of most drains are.

    The trick: such a line starts with one of a few texts and its numbers stand behind the last
    `` dyno=``, so that neither the path nor the other texts of the client are looked at. What they
    contain changes nothing, because nothing that a client writes comes behind the real
    `` dyno=`` (only H31 has an agent there, and is no normal request). This takes half a
    microsecond where `parse_router_line` takes ten.

    The tokens are not validated; the caller remembers those that it has validated. If they are
    well-formed (``<dyno>``, ``connect=<1-15 digits>ms``, the same for service,
    ``status=<3 digits>``, ``bytes=<1-15 digits>``), `parse_router_line` finds the same values.
    For that, what follows ``bytes=`` is checked: with a quote or another ``status=`` in it, the
    last `` dyno=`` could be the client's in a line that has none of its own.

    Args:
        rest: What follows the nil MSGID and the space behind that, in either dialect, LF included.

    Returns:
        The tokens, with one of the methods that are common; None where `parse_router_line` has to
        look.
    """
    method = _METHOD_BY_HEAD.get(rest[:_HEAD_BYTES])
    if method is None:
        return None
    tokens = rest.rpartition(b" dyno=")[2].split(b" ", 5)
    if len(tokens) < 6:  # before 2016 there was no protocol=
        return None
    after = tokens[5]
    if after not in _AFTER_BYTES and not _AFTER_BYTES_UNSEEN.fullmatch(after):
        return None
    tokens[5] = method
    return tokens


# A desc with " method=" in it has two methods, so one with any "=" is left to the parser.
_ERROR_HEAD: Final = re.compile(
    rb'(?:- )?(?:sock=[a-z]{1,16} )?at=[a-z]{1,16} code=([HRL][0-9]{2}) desc="[^"=]{0,512}"'
    rb' method=(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) path="'
)
_ERROR_TAIL: Final = re.compile(
    rb" dyno=([A-Za-z][A-Za-z0-9_-]{0,62}\.[0-9]{1,10})? connect=(?:([0-9]{1,15})(?:ms)?)?"
    rb" service=(?:([0-9]{1,15})(?:ms)?)? status=([0-9]{3})? bytes=([0-9]{1,15})? "
)


def scan_error(rest: bytes) -> RouterRequest | None:
    """Read what is counted of a request with an error code, and none of the client's texts.

    While an application is down every request of it is such a line, so they must not cost many
    times what a normal one does: this takes a quarter of the time of `parse_router_line`.

    Args:
        rest: What follows the nil MSGID and its space, in either dialect, LF included.

    Returns:
        The request; None where `parse_router_line` has to look.
    """
    head = _ERROR_HEAD.match(rest)
    if head is None or head[1] == _MISDIRECTED:
        return None
    start = rest.rfind(b" dyno=")
    tail = _ERROR_TAIL.match(rest, start) if start >= 0 else None
    if tail is None:
        return None
    after = rest[tail.end() :]
    if after not in _AFTER_BYTES and not _AFTER_BYTES_UNSEEN.fullmatch(after):
        return None
    dyno, connect, service, status, size = tail.groups()
    return RouterRequest(
        code=head[1].decode("ascii"),
        method=head[2].decode("ascii"),
        dyno=dyno.decode("ascii") if dyno else "",
        connect=int(connect) / 1000 if connect else None,
        service=int(service) / 1000 if service else None,
        status=int(status) if status else None,
        bytes=int(size) if size else None,
    )
