"""A browser without a screen for the tests: cookies, redirects and HTML forms, as far as a sign-in needs them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import requests


@dataclass
class Form:
    action: str = ""
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag in {"input", "button"} and self.forms and "name" in given:
            self.forms[-1].names.add(given["name"])
            if given.get("type") == "hidden":
                self.forms[-1].values[given["name"]] = given.get("value", "")


class Visitor:
    """Somebody with a browser; `get` and `submit` follow redirects and return the page where they end."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def get(self, url: str) -> requests.Response:
        return self.session.get(url, timeout=20)

    def submit(self, page: requests.Response, having: str, **values: str) -> requests.Response:
        """Send the form of `page` that has a field named `having`."""
        parser = _Forms()
        parser.feed(page.text)
        form = next((form for form in parser.forms if having in form.names), None)
        assert form is not None, f"no form with {having} at {page.url} ({page.status_code}): {page.text[:800]}"
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        target = urljoin(page.url, form.action)
        return self.session.post(target, data={**form.values, **values}, headers=headers, timeout=20)

    def sign_in(self, page: requests.Response, person: dict[str, str]) -> requests.Response:
        """Fill in the hosted pages as `person` (email, password), say yes to consent; where that ends."""
        page = self.submit(page, "password", email=person["email"], password=person["password"])
        if 'name="decision"' in page.text:
            page = self.submit(page, "decision", decision="allow")
        return page
