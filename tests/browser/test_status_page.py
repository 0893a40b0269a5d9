"""The status page in a real browser."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WAIT_MS, WIDE, Open
from tests.browser.lines import TOKEN, frame, sample, send
from tests.daemon_process import LISTEN, DaemonProcess, running

pytestmark = pytest.mark.real

expect.set_options(timeout=WAIT_MS)

APPS = "#list > div > table > tbody > tr:not(.detail)"
NAMED = f'[drains.tokens]\n"{TOKEN}" = "shop"\n'


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    with running(LISTEN + NAMED, tmp_path) as process:
        yield process


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DaemonProcess]:
    with running(LISTEN, tmp_path, options=["--demo"]) as process:
        yield process


def column(page: Page, name: str) -> list[str]:
    return page.locator(f"{APPS} > .of-{name}").all_inner_texts()


def sort_by(page: Page, title: str) -> None:
    page.get_by_role("button", name=title, exact=True).first.click()


# What is shown -----------------------------------------------------------------------------------


def test_the_demo_is_live_and_its_numbers_change(demo: DaemonProcess, open_page: Open) -> None:
    page = open_page(demo.admin_url)
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator(APPS)).to_have_count(4)
    assert "storefront" in column(page, "app")[2]

    received = page.locator(".tile", has_text="Messages/s").locator(".note")
    expect(received).to_have_text(re.compile(r"^[\d,.K]+ in all$"))
    before = received.inner_text()
    expect(received).not_to_have_text(before)
    for title in ("Requests per second", "Load average"):
        curve = page.locator(".curve:not([data-empty])", has=page.locator("title", has_text=title))
        expect(curve.first).to_be_attached()
    expect(page.locator("#feed li").first).to_be_visible()
    expect(page.locator(".bar[data-level]").first).to_be_visible()


def test_dynos_and_what_they_use(daemon: DaemonProcess, open_page: Open) -> None:
    send(daemon, [sample("web.1", 640), sample("web.2", 128), sample("worker.1", 256)])
    send(daemon, [frame("heroku", "worker.2", "State changed from starting to up")])
    send(daemon, [frame("heroku", "worker.2", "State changed from up to crashed")])
    page = open_page(f"{daemon.admin_url}#view=dynos")

    assert column(page, "name") == ["web.1", "worker.1", "web.2", "worker.2"]
    first = page.locator(APPS).first
    expect(first.locator(".of-memory")).to_have_text("640 / 512 MB125 %")
    expect(first.locator(".bar")).to_have_attribute("aria-valuenow", "100")
    expect(first.locator(".bar")).to_have_attribute("data-level", "bad")
    expect(page.locator(APPS).last.locator(".of-state")).to_have_text("crashed")
    expect(page.locator("#feed")).to_contain_text("worker.2 crashed")
    expect(page.locator(".tile", has_text="Dynos")).to_contain_text("1 crashed")

    send(daemon, [sample("web.2", 384)])
    expect(page.locator(APPS).nth(1).locator(".of-name")).to_have_text("web.2")


def test_a_newcomer_is_told_what_to_run(daemon: DaemonProcess, open_page: Open) -> None:
    page = open_page(daemon.admin_url)
    port = daemon.tcp[1]

    welcome = page.locator("#welcome")
    expect(welcome).to_contain_text("heroku labs:enable log-runtime-metrics --app my-app")
    expect(welcome).to_contain_text(f"heroku drains:add syslog://YOUR-HOST:{port} --app my-app")
    expect(page.locator("#listing")).to_be_hidden()

    send(daemon, [frame("app", "web.1", "hello")])
    expect(page.locator("#listing")).to_be_visible()
    expect(welcome).to_be_hidden()
    assert column(page, "app") == ["shop"]


def test_what_is_lost_is_told(daemon: DaemonProcess, open_page: Open) -> None:
    send(daemon, [frame("app", "web.1", "hello"), b"5 <1>1 ", frame("app", "web.1", "hello")])
    page = open_page(daemon.admin_url)

    lost = page.locator(".tile", has_text="Lost")
    expect(lost.locator(".figure")).not_to_have_text("0")
    expect(lost.locator(".note")).to_contain_text("header")
    page.locator("summary", has_text="Listeners").click()
    expect(page.locator("#listeners tbody tr", has_text="tcp")).to_contain_text("127.0.0.1")


# Search and sort ---------------------------------------------------------------------------------


def test_search_and_sort(demo: DaemonProcess, open_page: Open) -> None:
    page = open_page(demo.admin_url)
    expect(page.locator(APPS)).to_have_count(4)

    page.keyboard.press("/")
    page.keyboard.type("STORE udp")
    expect(page.locator(APPS)).to_have_count(1)
    expect(page.locator("#matches")).to_have_text("1 of 4")
    assert "search=STORE+udp" in page.url
    page.keyboard.press("Escape")
    expect(page.locator(APPS)).to_have_count(4)

    sort_by(page, "App")
    names = column(page, "app")
    assert names == sorted(names, reverse=True)
    expect(page.locator("th.of-app[aria-sort=descending]")).to_be_visible()
    page.reload()
    expect(page.locator(APPS)).to_have_count(4)
    assert column(page, "app") == names

    page.locator("#search").fill("no such thing")
    expect(page.locator("#list").get_by_text("Nothing matches.")).to_be_visible()


def test_an_app_is_found_by_its_dynos(daemon: DaemonProcess, open_page: Open) -> None:
    other = "d.aaaaaaaa-0000-0000-0000-000000000000"
    send(daemon, [sample("web.1", 64), sample("clock.1", 64, other)])
    page = open_page(f"{daemon.admin_url}#search=clock")

    expect(page.locator(APPS)).to_have_count(1)
    assert column(page, "app")[0].startswith("d.aaaaaaaa")


def test_numbers_sort_as_numbers_and_what_is_unknown_comes_last(
    daemon: DaemonProcess, open_page: Open
) -> None:
    send(daemon, [sample(f"web.{n}", 50 * n) for n in (2, 10, 1)])
    send(daemon, [frame("heroku", "web.3", "State changed from up to crashed")])
    send(daemon, [frame("heroku", "run.1", "State changed from starting to up")])
    page = open_page(f"{daemon.admin_url}#view=dynos&sort=name")

    expect(page.locator(APPS)).to_have_count(4)
    assert column(page, "name") == ["run.1", "web.1", "web.2", "web.10"]
    sort_by(page, "Memory")
    assert column(page, "name") == ["web.10", "web.2", "web.1", "run.1"]
    sort_by(page, "Memory")
    assert column(page, "name") == ["web.1", "web.2", "web.10", "run.1"]


# Hostile text ------------------------------------------------------------------------------------

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_what_a_peer_sent_is_text_and_never_markup(tmp_path: Path, open_page: Open) -> None:
    with running(LISTEN + NAMED, tmp_path) as daemon:
        nobody = "<script>alert(3)</script>"
        send(
            daemon,
            [
                sample("web.1", 64),
                frame("<script>alert(4)</script>", "<b>bold</b>.1", MARKUP),
                frame("app", "web.1", MARKUP, nobody),
                frame("heroku", "<b>web</b>.1", "State changed from up to crashed"),
                frame("app", "api", f"Deploy {MARKUP} by user u"),
                frame("app", "api", f"{MARKUP} by user u"),
                frame("heroku", "router", f'at=error code=H12 desc="{MARKUP}" dyno={MARKUP}'),
            ],
        )
        for view in ("apps", "dynos"):
            page = open_page(f"{daemon.admin_url}#view={view}")
            expect(page.locator("#list")).to_contain_text("web.1")
            expect(page.locator("#feed")).to_contain_text(f"Deployed {MARKUP}")
            assert page.locator("script").count() == 1
            assert page.locator("#board img, #board b b, #board script").count() == 0


# People ------------------------------------------------------------------------------------------


def test_it_can_be_used_with_the_keyboard_alone(daemon: DaemonProcess, open_page: Open) -> None:
    many = [sample("web.1", 64, f"d.{n:08x}-0000-0000-0000-000000000000") for n in range(8)]
    send(daemon, [*many, sample("web.1", 64)])
    page = open_page(daemon.admin_url)
    expect(page.locator(APPS)).to_have_count(9)
    expect(page.locator(".detail")).to_have_count(0)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the list"
    button = page.get_by_role("button", name="shop")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".detail tbody tr")).to_have_count(1)
    send(daemon, [sample("web.2", 64)])
    expect(page.locator(".detail tbody tr")).to_have_count(2)
    assert page.evaluate("document.activeElement.textContent") == "shop"
    page.keyboard.press("Space")
    expect(page.locator(".detail")).to_have_count(0)


def test_light_and_dark_are_those_of_the_system_until_somebody_chooses(
    daemon: DaemonProcess, open_page: Open
) -> None:
    colours = "getComputedStyle(document.body).backgroundColor"
    light = open_page(daemon.admin_url).evaluate(colours)
    page = open_page(daemon.admin_url, scheme="dark")
    dark = page.evaluate(colours)
    assert light != dark

    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(colours) == light
    page.reload()
    assert page.evaluate(colours) == light


@pytest.mark.parametrize("view", ["apps", "dynos", "empty"])
def test_nothing_keeps_people_out(daemon: DaemonProcess, open_page: Open, view: str) -> None:
    if view != "empty":
        error = 'at=error code=H12 method=GET path="/" dyno=web.1 connect=1ms service=30000ms'
        send(
            daemon,
            [
                sample("web.1", 500),
                frame("heroku", "web.2", "State changed from starting to up"),
                frame("heroku", "web.2", "State changed from up to crashed"),
                frame("app", "api", "Deploy 1a2b3c4d by user u"),
                frame("heroku", "router", f"{error} status=503 bytes=0 protocol=https"),
                b"5 <1>1 ",
            ],
        )
    for size, scheme in itertools.product((WIDE, PHONE), ("light", "dark")):
        page = open_page(f"{daemon.admin_url}#view={view}", size=size, scheme=scheme)
        shown = page.locator("#welcome h2" if view == "empty" else f"{APPS} >> nth=0")
        expect(shown).to_be_visible()
        page.locator("summary", has_text="Listeners").click()

        results = Axe().run(page)
        found = [
            (fault["id"], [node["html"] for node in fault["nodes"]])
            for fault in results.response["violations"]
        ]
        assert found == [], f"{size}, {scheme}"


@pytest.mark.parametrize("view", ["apps", "dynos"])
def test_a_phone_need_not_scroll_sideways(demo: DaemonProcess, open_page: Open, view: str) -> None:
    page = open_page(f"{demo.admin_url}#view={view}", size=PHONE)
    expect(page.locator(APPS).nth(3)).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    wide = "[...document.querySelectorAll('#list *')].filter(e => e.scrollWidth > innerWidth)"
    assert page.evaluate(f"{wide}.map(e => e.outerHTML.slice(0, 200))") == []


# Large, and over time ----------------------------------------------------------------------------


def test_two_hundred_apps_and_two_thousand_dynos(tmp_path: Path, open_page: Open) -> None:
    config = f"{LISTEN}[limits]\nmax_apps = 500\n"
    with running(config, tmp_path) as daemon:
        send(
            daemon,
            (
                sample(f"web.{dyno}", 100 + dyno, f"d.{app:08x}-0000-0000-0000-000000000000")
                for app in range(200)
                for dyno in range(1, 11)
            ),
        )
        page = open_page(daemon.admin_url)
        expect(page.locator("#matches")).to_have_text("200 apps")
        expect(page.locator(APPS)).to_have_count(100)
        page.get_by_role("button", name="Show 100 more").click()
        expect(page.locator(APPS)).to_have_count(200)

        page.get_by_role("button", name="Dynos", exact=True).first.click()
        expect(page.locator("#matches")).to_have_text("2000 dynos")
        page.locator("#search").fill("000000c7 web.10")
        expect(page.locator(APPS)).to_have_count(1)
        assert column(page, "memory") == ["110 / 512 MB21 %"]


def test_it_comes_back_when_the_daemon_does(tmp_path: Path, open_page: Open) -> None:
    with running(LISTEN + NAMED, tmp_path) as daemon:
        send(daemon, [sample("web.1", 64)])
        page = open_page(daemon.admin_url, restarts=True)
        expect(page.locator("#connection")).to_have_text("Live")
        address = daemon.admin_url.removeprefix("http://")
    expect(page.locator("#connection")).to_have_text("Reconnecting")

    again = LISTEN.replace('address = "127.0.0.1:0"', f'address = "{address}"', 1)
    with running(again + NAMED, tmp_path) as daemon:
        assert daemon.admin_url.endswith(address)
        expect(page.locator("#connection")).to_have_text("Live")
        expect(page.locator("#welcome")).to_be_visible()  # the state is that of the new process
        send(daemon, [sample("web.2", 64)])
        expect(page.locator("#listing")).to_be_visible()
