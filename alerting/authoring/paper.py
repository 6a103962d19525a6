"""A page of HTML made into a PDF or a picture, by a browser that is there: Chromium, Chrome or Edge, without a window."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from alerting import private_files
from alerting.errors import AlertingError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
_INSTALL = "Install Chromium, Chrome or Edge where `alerting` runs; or write --html, open it in a browser and"
_SECONDS = 60
_TALLEST = 16_000
"""Pixels, of a picture: a browser makes none that is taller."""


def print_as_pdf(html: str, path: Path) -> None:
    """Write a page as a PDF, which its owner alone may read. Raises AlertingError where no browser is there, or it cannot."""
    remedy = f"{_INSTALL} print it as a PDF."
    browser = _browser("a PDF", remedy)
    with private_files.for_a_moment() as folder:
        printed = folder / "page.pdf"
        try:
            _browse(browser, html, folder, "--no-pdf-header-footer", f"--print-to-pdf={printed}")
            content = printed.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise AlertingError(f"{Path(browser).name} made no PDF ({type(error).__name__})", remedy=remedy) from None
    private_files.write(path, content)


def take_picture(html: str, path: Path, width: int = 700) -> None:
    """Write the whole of a page as a PNG so many pixels wide, which its owner alone may read. Raises AlertingError as `print_as_pdf`."""
    remedy = f"{_INSTALL} look at it."
    browser = _browser("a picture", remedy)
    with private_files.for_a_moment() as folder:
        taken = folder / "page.png"
        # A browser takes what its window shows: how tall the page is, is asked first.
        asks = html.replace("</body>", "<script>document.title = document.documentElement.scrollHeight</script></body>")
        try:
            said = _browse(browser, asks, folder, "--dump-dom", f"--window-size={width},200").decode("utf-8", "replace")
            measured = re.search(r"<title>(\d+)</title>", said)
            height = min(int(measured[1]), _TALLEST) if measured else _TALLEST
            size = ("--hide-scrollbars", f"--window-size={width},{height}")
            _browse(browser, html, folder, f"--screenshot={taken}", *size)
            content = taken.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise AlertingError(f"{Path(browser).name} made no picture ({type(error).__name__})", remedy=remedy) from None
    private_files.write(path, content)


def _browser(what: str, remedy: str) -> str:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise AlertingError(f"{what} is made by a browser, and there is none", remedy=remedy)
    return browser


def _browse(browser: str, html: str, folder: Path, *options: str) -> bytes:
    """Show a page to a browser, and return what it says. Raises what `subprocess.run` does."""
    page = folder / "page.html"
    private_files.write(page, html)
    command = [
        browser,
        *("--headless", "--disable-gpu", "--disable-extensions", "--disable-background-networking", "--no-first-run"),
        f"--user-data-dir={folder / 'profile'}",
        # Chromium refuses its sandbox to root; the page is our own and loads nothing.
        *(["--no-sandbox"] if sys.platform != "win32" and os.geteuid() == 0 else []),
        *options,
        page.as_uri(),
    ]
    return subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS).stdout  # noqa: S603  (of our own words alone)
