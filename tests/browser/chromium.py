"""Which Chromium drives the pages: the system's if there is one, else the one Playwright downloaded."""

import shutil
from pathlib import Path

from playwright.sync_api import Playwright

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_path(playwright: Playwright) -> str | None:
    """Path of the browser to start, or None where there is none."""
    for name in SYSTEM_NAMES:
        if found := shutil.which(name):
            return found
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else None
