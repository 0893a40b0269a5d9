"""A real browser, and what it must never do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.real import require

WAIT_MS = 20_000
WIDE = (1440, 900)
PHONE = (390, 844)

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium. It runs as root in containers, where its own sandbox cannot be made.

    For one module, and no longer: as long as it is there an event loop is running in this thread,
    and no test can run one of its own.
    """
    path = require("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Return what opens the status page of a daemon, and watches over it until the end.

    Whatever the page asks for has to come from the daemon, and the console stays empty. A test that
    stops the daemon says so, as a browser logs that the stream is lost.
    """
    faults: list[str] = []
    contexts = []

    def open_page(
        url: str, *, size: tuple[int, int] = WIDE, scheme: str = "light", restarts: bool = False
    ) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        host = urlsplit(url).netloc

        def on_request(asked: str) -> None:
            if urlsplit(asked).netloc != host:
                faults.append(f"asked for {asked}")

        page.on("request", lambda request: on_request(request.url))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
        if not restarts:
            page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults
