"""A page of HTML made into a PDF, by a browser that is there: Chromium, Chrome or Edge, without a window."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from alerting import private_files
from alerting.errors import AlertingError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
_REMEDY = "Install Chromium, Chrome or Edge where `alerting` runs; or write --html, open it in a browser and print it as a PDF."
_SECONDS = 60


def print_as_pdf(html: str, path: Path) -> None:
    """Write a page as a PDF, which its owner alone may read. Raises AlertingError where no browser is there, or it cannot."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise AlertingError("a PDF is made by a browser, and there is none", remedy=_REMEDY)
    with private_files.for_a_moment() as folder:
        page, printed = folder / "page.html", folder / "page.pdf"
        private_files.write(page, html)
        command = [
            browser,
            *("--headless", "--disable-gpu", "--disable-extensions", "--disable-background-networking", "--no-first-run"),
            *("--no-pdf-header-footer", f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={printed}"),
            # Chromium refuses its sandbox to root; the page is our own and loads nothing.
            *(["--no-sandbox"] if sys.platform != "win32" and os.geteuid() == 0 else []),
            page.as_uri(),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603  (of our own words alone)
            content = printed.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise AlertingError(f"{Path(browser).name} made no PDF ({type(error).__name__})", remedy=_REMEDY) from None
    private_files.write(path, content)
