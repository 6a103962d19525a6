"""What holds for the repository as a whole: its files and its lock."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "core", "misc", "manager", "managers", "tools", "lib", "stuff"}


def tracked(*patterns: str) -> list[Path]:
    """Return the files that are, or are about to be, in the repository."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    try:
        names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is not a git checkout")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_no_file_of_code_is_longer_than_five_hundred_lines():
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in tracked("alerting/*.py", "notifiers/*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }

    assert not long, "split these by noun"


def test_nothing_that_a_run_or_its_engine_leaves_is_in_the_repository():
    hidden = {part for path in tracked() for part in path.relative_to(ROOT).parts if part.startswith(".")}

    assert hidden == {".ci", ".gitignore"}, "a marker, or what an engine could not hold in memory, may hold case data"


def test_no_module_has_a_vague_name():
    names = {part for path in tracked("*.py") for part in path.relative_to(ROOT).with_suffix("").parts}

    assert not names & VAGUE


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_hashes(lock):
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / lock).read_text(encoding="utf-8"))[1:]

    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==[0-9]", entry), entry.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")

    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host", text)


def test_what_the_tests_run_on_is_what_the_service_runs_on():
    run, dev = (set(re.findall(r"^\S+==\S+", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)) for lock in LOCKS)

    assert run <= dev


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_every_package_that_the_project_asks_for(lock):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = project["dependencies"] + extras["postgres"] + extras["web"]
    if lock == "requirements-dev.txt":
        asked += extras["dev"]
    locked = set(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))

    assert {re.match(r"[a-z0-9._-]+", wanted)[0] for wanted in asked} <= locked


def test_no_file_names_a_package_registry_or_a_machine():
    # Put together here, so that this file does not name them either.
    words = [
        a + b for a, b in (("pypi", ".org"), ("python", "hosted"), ("npm", "js.org"), ("deb.", "debian"), ("/work", "/main"))
    ]
    named = {
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if any(word.encode() in path.read_bytes() for word in [*words, "/work" + "/shared"])
    }

    assert not named
