"""Whose a batch of an HTTPS drain is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline_bench import LOAD, TIME, TOKEN, Bench, line, posted

OTHER = b"d.fc6b856b-3332-4546-93de-7d0ee272c3bd"


@pytest.mark.parametrize(
    ("token", "account", "app"),
    [
        pytest.param(TOKEN, "", "shop", id="a configured token"),
        pytest.param(TOKEN, "blog", "shop", id="a configured token, whoever sends it"),
        pytest.param(OTHER, "blog", "blog", id="the credential's application"),
        pytest.param(b"", "blog", "blog", id="the credential's application, no token"),
        pytest.param(OTHER, "", "d.fc6b856b", id="the label of the token"),
        pytest.param(b"", "", "host", id="nothing but HOSTNAME"),
    ],
)
def test_the_application_of_a_batch(bench: Bench, token: bytes, account: str, app: str) -> None:
    hello = posted(b"app", b"web.1", b"hello")
    for _ in range(2):  # the second time its stream is known
        bench.post(hello, hello, token=token, app=account)

    assert bench.messages == {(app, "app", "web"): 4}
    bench.check_books()


def test_a_hostname_in_a_batch_names_nobody(bench: Bench) -> None:
    forged = b"<134>1 %s %s app web.1 - x" % (TIME, TOKEN)
    bench.post(forged, forged, token=OTHER)

    assert bench.messages == {("d.fc6b856b", "app", "web"): 2}


def test_unknown_drains_are_refused_on_every_transport() -> None:
    bench = Bench(reject=True)
    hello = posted(b"app", b"web.1", b"hello")
    bench.apply(line(b"app", b"web.1", b"x", OTHER))
    bench.post(hello, hello, token=OTHER)
    bench.post(hello)
    assert bench.lost == {"unknown_drain": 4}

    bench.post(hello, token=TOKEN)
    bench.post(hello, token=OTHER, app="blog")

    assert bench.lost == {"unknown_drain": 4}
    assert bench.messages == {("shop", "app", "web"): 1, ("blog", "app", "web"): 1}
    bench.check_books()


def test_a_token_that_is_the_name_of_a_configured_application_is_refused(bench: Bench) -> None:
    bench.post(posted(b"heroku", b"web.1", LOAD % b"9.99"), token=b"shop")

    assert bench.loads == {}
    assert bench.lost == {"unknown_drain": 1}


def test_streams_of_the_same_name_do_not_mix_though_every_hostname_is_the_same(
    bench: Bench,
) -> None:
    sample = posted(b"heroku", b"web.1", LOAD % b"0.50")
    accounts = [(TOKEN, ""), (OTHER, ""), (OTHER, "blog"), (b"", "blog"), (b"d.x", "")]
    for _ in range(3):
        for token, app in accounts:
            bench.post(sample, sample, token=token, app=app)

    assert bench.messages == {
        ("shop", "heroku", "web"): 6,
        ("d.fc6b856b", "heroku", "web"): 6,
        ("blog", "heroku", "web"): 12,
        ("d.x", "heroku", "web"): 6,
    }
    loads = {dyno.identity.app: dyno.values["load_avg_1m"] for dyno in bench.dynos.shown()}
    assert loads == dict.fromkeys(("shop", "d.fc6b856b", "blog", "d.x"), 0.5)


def test_streams_of_syslog_and_of_batches_do_not_mix(bench: Bench) -> None:
    # Logplex puts no token into the HOSTNAME of a batch, but a relay may.
    frame = b"<134>1 %s %s app web.1 - - x" % (TIME, TOKEN)
    for _ in range(2):
        bench.apply(frame)
        bench.post(frame, token=OTHER)

    assert bench.messages == {("shop", "app", "web"): 2, ("d.fc6b856b", "app", "web"): 2}


@pytest.mark.parametrize(
    ("named", "dropped"),
    [pytest.param(TOKEN, 7, id="about this drain"), pytest.param(OTHER, None, id="another one")],
)
def test_a_loss_counts_for_the_drain_of_the_header_alone(
    bench: Bench, named: bytes, dropped: int | None
) -> None:
    notice = (
        b"<172>1 %s host heroku logplex - Error L10 (output buffer overflow): drain '%s'"
        b" dropped 7 messages since 2022-04-13T19:41:45.256379+00:00." % (TIME, named)
    )
    bench.post(notice, token=TOKEN)

    losses = {k: v for k, v in bench.series().items() if "logplex_dropped" in k and v}
    if dropped is None:
        assert losses == {}
    else:
        assert list(losses.values()) == [dropped]


def test_a_loss_in_the_old_wording_is_about_the_drain_that_it_came_over(bench: Bench) -> None:
    notice = (
        b"<172>1 %s host heroku logplex - Error L10 (output buffer overflow): 3 messages dropped"
        b" since 2014-11-07T23:29:45+00:00." % TIME
    )
    bench.post(notice, token=TOKEN)

    assert 3 in [value for key, value in bench.series().items() if "logplex_dropped" in key]


def test_invented_tokens_of_headers_are_bounded_and_counted() -> None:
    bench = Bench(max_apps=5, max_series=200)
    bench.worker.max_streams = 50
    hello = posted(b"app", b"web.1", b"hello")
    for number in range(1000):
        bench.post(hello, hello, token=b"d.%08d-%d" % (number, number))
        bench.post(hello, token=b"%d\xff\xfe" % number)
        assert len(bench.worker._streams) <= 50
        assert sum(map(len, bench.worker._streams.values())) <= 50
    bench.post(hello, token=TOKEN)

    assert len(bench.drains._met) <= 2 * 5
    assert bench.budget.used <= 200
    assert len(bench.messages) == 5 + 1
    assert bench.lost["app_limit"] > 2900
    assert bench.messages["shop", "app", "web"] == 1
    bench.check_books()


tokens = st.one_of(st.sampled_from([b"", TOKEN, OTHER, b"shop", b"-"]), st.binary(max_size=64))


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.binary(max_size=60), tokens, st.sampled_from(["", "blog", "shop"])),
        max_size=20,
    )
)
def test_batches_of_any_token_are_applied_or_lost(batches: list[tuple[bytes, bytes, str]]) -> None:
    bench = Bench(max_series=60, max_apps=3)
    for msg, token, app in batches:
        bench.post(posted(b"heroku", b"web.1", msg), msg, token=token, app=app)
        bench.check_books()
