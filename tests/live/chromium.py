"""A Chromium: the one on the path, else the one inside the npm package @sparticuz/chromium."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from node import SCRIPTS, commands, locked, npm_ci
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@cache
def executable() -> str:
    """Where the browser's program is; unpacked once for this checkout when there is none on the path."""
    if found := next(filter(None, map(shutil.which, NAMES)), None):
        return found
    npm_ci()
    node, _ = commands()
    with locked("chromium") as folder:
        home = folder / "chromium"
        if not (home / "chromium").exists():
            unfinished = folder / "chromium.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o700)
            subprocess.run(
                [node, str(SCRIPTS / "unpack_chromium.mjs")],
                check=True,
                capture_output=True,
                env={**os.environ, "TMPDIR": str(unfinished)},
                timeout=120,
            )
            unfinished.rename(home)
    return str(home / "chromium")


def environment() -> dict[str, str]:
    """What the browser needs beyond our own environment: its fonts, beside those that the system has."""
    home = Path(executable()).parent
    if not (home / "fonts").is_dir():
        return {}
    configuration = home / "fonts-here.conf"
    if not configuration.exists():
        folders = "".join(f"<dir>{folder}</dir>" for folder in ("/usr/share/fonts", home / "fonts"))
        with NamedTemporaryFile("w", dir=home, delete=False) as unfinished:
            unfinished.write(f"<fontconfig>{folders}<cachedir>{home / 'fonts-cache'}</cachedir></fontconfig>")
        Path(unfinished.name).rename(configuration)
    return {"FONTCONFIG_FILE": str(configuration)}


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser, closed at the end of the block."""
    env: dict[str, str | float | bool] = {**os.environ, **environment()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS, env=env)
        try:
            yield browser
        finally:
            browser.close()
