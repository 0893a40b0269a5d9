"""Requests and their errors in Timber's shape."""

from dataclasses import replace

import pytest

from heroku_syslogd.heroku.events import RouterRequest
from heroku_syslogd.sinks.timber import Document, Line, documents

REQUEST = RouterRequest(
    at="info",
    method="GET",
    path="/cart?id=1",
    host="shop.example.com",
    request_id="05726858-c44e-4f94-9a20-37df73be9006",
    fwd="1.2.3.4, 73.75.38.87",
    dyno="web.1",
    connect=0.001,
    service=0.022,
    status=304,
    bytes=656,
    protocol="http1.1",
    tls=True,
    tls_version="tls1.3",
)
H12 = replace(
    REQUEST,
    at="error",
    code="H12",
    desc="Request timeout",
    connect=0.006,
    service=30.001,
    status=503,
    bytes=0,
)
NO_METHOD_OF_HTTP = replace(REQUEST, method="PROPFIND")


def router_documents(event: RouterRequest) -> list[Document]:
    return documents(event, Line("my-app", "heroku", "router", 0.0, b"at=info ..."))


def test_a_request_is_a_response_of_the_proxy() -> None:
    (found,) = router_documents(REQUEST)

    assert found == {
        "dt": "1970-01-01T00:00:00.000000Z",
        "level": "info",
        "message": "at=info ...",
        "time_ms": 22.0,
        "context": {
            "platform": {"heroku": {"dyno_type": "router", "source": "heroku"}},
            "http": {
                "method": "GET",
                "host": "shop.example.com",
                "path": "/cart?id=1",
                "remote_addr": "73.75.38.87",
                "request_id": "05726858-c44e-4f94-9a20-37df73be9006",
            },
            "custom": {
                "drain": {"app": "my-app"},
                "router": {
                    "dyno": "web.1",
                    "connect_ms": 1.0,
                    "protocol": "http1.1",
                    "tls": True,
                    "tls_version": "tls1.3",
                },
            },
        },
        "event": {
            "http_response": {
                "status": 304,
                "content_length": 656,
                "time_ms": 22.0,
                "request": {"method": "GET", "path": "/cart?id=1", "host": "shop.example.com"},
            }
        },
    }


def test_a_request_with_an_error_code_gives_the_response_and_the_error() -> None:
    response, error = router_documents(H12)

    assert response["level"] == "info"
    assert response["event"]["http_response"]["status"] == 503
    assert error["level"] == "error"
    assert error["context"] == response["context"]
    assert error["event"] == {
        "custom": {
            "platform_error": {
                "code": "H12",
                "name": "Request timeout",
                "dyno": "web.1",
                "status": 503,
                "connect_ms": 6.0,
                "service_ms": 30001.0,
            }
        }
    }


def test_an_error_names_the_broken_socket_and_the_cause() -> None:
    event = RouterRequest(code="H26", cause="bad chunk", sock="client", status=400)

    _, error = router_documents(event)

    assert error["event"]["custom"]["platform_error"] == {
        "code": "H26",
        "cause": "bad chunk",
        "sock": "client",
        "status": 400,
    }


@pytest.mark.parametrize(
    ("at", "code", "level"),
    [
        ("error", "H12", "error"),
        ("warning", "H27", "warn"),
        ("info", "H81", "info"),
        ("", "H31", "error"),  # its line begins with the bare word "error"
        ("", "H80", "info"),
        ("", "H28", "warn"),
        ("notice", "H75", "error"),
    ],
)
def test_the_level_of_an_error(at: str, code: str, level: str) -> None:
    _, error = router_documents(replace(H12, at=at, code=code))

    assert error["level"] == level


def test_a_request_without_a_code_has_the_level_of_its_line() -> None:
    (found,) = router_documents(replace(REQUEST, at="error"))

    assert found["level"] == "error"


def test_a_request_without_a_status_is_an_event_of_ours() -> None:
    response, error = router_documents(replace(H12, code="H24", status=None))

    assert "http_response" not in response["event"]
    assert response["event"]["custom"]["router_request"]["time_ms"] == 30001.0
    assert "status" not in error["event"]["custom"]["platform_error"]


def test_a_method_that_the_schema_does_not_know_moves_the_request_to_custom() -> None:
    (found,) = router_documents(NO_METHOD_OF_HTTP)

    assert "http" not in found["context"]
    assert found["context"]["custom"]["http"]["method"] == "PROPFIND"
    assert found["context"]["custom"]["http"]["remote_addr"] == "73.75.38.87"
    assert "method" not in found["event"]["http_response"]["request"]


def test_a_request_of_which_nothing_is_known() -> None:
    (found,) = router_documents(RouterRequest())

    assert found["context"].keys() == {"platform", "custom"}
    assert found["context"]["custom"].keys() == {"drain"}
    assert found["event"] == {"custom": {"router_request": {"occurred": True}}}
    assert "time_ms" not in found


@pytest.mark.parametrize(
    ("fwd", "remote_addr"),
    [
        ("73.75.38.87", "73.75.38.87"),
        ("240e:d9:c200:104:85c5::ec0,172.69.34.65", "172.69.34.65"),
        ("1.1.1.1, 2.2.2.2, 3.3.3.3 ", "3.3.3.3"),
        ("1.1.1.1,", None),
        ("", None),
    ],
)
def test_the_remote_address_is_the_one_that_the_router_saw(
    fwd: str, remote_addr: str | None
) -> None:
    (found,) = router_documents(replace(REQUEST, fwd=fwd))

    assert found["context"]["http"].get("remote_addr") == remote_addr


def test_texts_are_cut_to_the_lengths_of_the_schema() -> None:
    long = "x" * 9000
    (found,) = router_documents(
        replace(REQUEST, path=long, host=long, request_id=long, fwd="x" * 500)
    )

    lengths = {key: len(text) for key, text in found["context"]["http"].items()}
    assert lengths == {
        "method": 3,
        "path": 2048,
        "host": 256,
        "request_id": 256,
        "remote_addr": 256,
    }
    request = found["event"]["http_response"]["request"]
    assert (len(request["path"]), len(request["host"])) == (2048, 256)


@pytest.mark.parametrize("seconds", [0.029, 1.001, 38.264, 0.0])
def test_milliseconds_are_those_of_the_line(seconds: float) -> None:
    (found,) = router_documents(replace(REQUEST, service=seconds, connect=seconds))

    assert found["time_ms"] == found["event"]["http_response"]["time_ms"]
    assert found["time_ms"] == found["context"]["custom"]["router"]["connect_ms"]
    assert str(found["time_ms"]) == f"{seconds * 1000:.1f}"
