"""The page of the API in a real browser: it renders, blocks nothing, and asks nobody but us."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from chromium import chromium

pytestmark = pytest.mark.live


@pytest.mark.parametrize("width", [360, 1280])
def test_swagger_ui_renders_under_our_policy(live: Any, width: int) -> None:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": width, "height": 900})
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{live.base_url}/docs")
        page.get_by_text("Sign in with email and password.").wait_for()
        page.locator("#operations-Sign-in-login button").first.click()
        page.get_by_text("A wrong password and an unknown address").wait_for()
        assert page.locator(".opblock").count() >= 20
        assert said == []
        ours = urlsplit(live.base_url).netloc
        assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {ours}
