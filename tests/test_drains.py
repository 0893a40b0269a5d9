"""Drain tokens to applications: redaction, policy, bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.drains import DrainTable, Refusal, redact_token

TOKEN = b"d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"


def table(*, reject: bool = False, max_apps: int = 10) -> DrainTable:
    return DrainTable({TOKEN.decode(): "shop"}, reject_unknown=reject, max_apps=max_apps)


def test_a_configured_drain_has_its_application() -> None:
    drains = table(reject=True)

    assert drains.app_of(TOKEN) == "shop"
    assert drains.unknown == 0


@pytest.mark.parametrize(
    ("hostname", "label"),
    [
        (b"d.fc6b856b-3332-4546-93de-7d0ee272c3bd", "d.fc6b856b"),
        (b"t.fc6b856b-3332-4546-93de-7d0ee272c3bd", "t.fc6b856b"),
        (b"d.x", "d.x"),
        (b"relay-1.example.com", "relay-1.example.com"),
        (b"host", "host"),
        (b"-", "unknown"),
    ],
)
def test_other_drains_are_labelled_without_their_secret(hostname: bytes, label: str) -> None:
    drains = table()

    assert drains.app_of(hostname) == label
    assert drains.app_of(hostname) == label
    assert drains.unknown == 1


@given(st.binary(max_size=100))
def test_a_token_is_never_shown_whole(rest: bytes) -> None:
    assert len(redact_token(b"d." + rest)) <= 10


def test_unknown_drains_can_be_rejected() -> None:
    drains = table(reject=True)

    assert drains.app_of(b"d.other") is Refusal.UNKNOWN_DRAIN
    assert drains.unknown == 1


def test_invented_tokens_are_bounded_and_configured_ones_always_pass() -> None:
    drains = table(max_apps=10)
    labels = {drains.app_of(b"d.%08d-0000" % number) for number in range(1000)}

    assert len(labels) == 10 + 1
    assert Refusal.APP_LIMIT in labels
    assert drains.app_of(TOKEN) == "shop"
    assert drains.app_of(b"d.00000003-0000") == "d.00000003"
    assert drains.unknown >= 1000


def test_a_sender_that_bears_the_name_of_a_configured_application_is_refused() -> None:
    drains = table()

    assert drains.app_of(b"shop") is Refusal.UNKNOWN_DRAIN
    assert drains.is_configured("shop")
    assert not drains.is_configured("d.9173ea1f")


def test_a_changed_mapping_takes_effect() -> None:
    drains = table()
    drains.configure({"d.other": "blog"}, reject_unknown=False, max_apps=10)

    assert drains.app_of(b"d.other") == "blog"
    assert drains.app_of(TOKEN) == "d.9173ea1f"


# Over HTTPS ---------------------------------------------------------------------------------------


def test_a_configured_token_counts_more_than_the_credential() -> None:
    drains = table(reject=True)

    assert drains.app_of(TOKEN, "blog") == "shop"
    assert drains.app_of(b"d.other", "blog") == "blog"
    assert drains.app_of(b"", "blog") == "blog"
    assert drains.unknown == 0


def test_without_the_application_of_a_credential_a_token_is_unknown_as_anywhere() -> None:
    assert table(reject=True).app_of(b"d.other", "") is Refusal.UNKNOWN_DRAIN
    assert table().app_of(b"d.other", "") == "d.other"


def test_the_applications_of_credentials_are_configured_ones() -> None:
    drains = DrainTable({}, reject_unknown=False, max_apps=10, more_apps=["blog"])

    assert drains.is_configured("blog")
    assert drains.app_of(b"blog") is Refusal.UNKNOWN_DRAIN  # nobody may call himself so
    assert drains.app_of(b"blog", "blog") == "blog"
    assert drains.strangers == frozenset()


def test_an_application_that_a_credential_names_later_is_promoted() -> None:
    drains = DrainTable({}, reject_unknown=False, max_apps=10)
    assert drains.app_of(b"relay-1") == "relay-1"

    promoted = drains.configure({}, reject_unknown=False, max_apps=10, more_apps=["relay-1"])

    assert promoted == {"relay-1"}
    assert drains.app_of(b"d.any", "relay-1") == "relay-1"
    assert drains.app_of(b"relay-1") is Refusal.UNKNOWN_DRAIN


@given(st.lists(st.binary(max_size=80), max_size=60), st.booleans())
def test_any_tokens_are_bounded(tokens: list[bytes], reject: bool) -> None:
    drains = table(reject=reject, max_apps=5)
    apps = {drains.app_of(token) for token in tokens}

    assert len(apps - set(Refusal)) <= 5 + 1
    assert len(drains._met) <= 2 * 5
    assert all(len(token) <= 64 for token in drains._met)
    assert {drains.app_of(token, "blog") for token in tokens} <= {"blog", "shop"}
