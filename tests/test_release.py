"""A release: what it refuses, what it is made of, and that a machine with Python alone has its first message from it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from alerting.sources.demo.export import export
from alerting.sources.demo.source import Source
from alerting.working_days import add_working_days
from release import Checkout, constraints, disagreements, read_checkout
from tests.test_project import tracked

ROOT = Path(__file__).parent.parent
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

READY = Checkout(
    version="1.2.0",
    section="1.2.0 - 2026-03-02",
    tags=frozenset({"v1.2.0"}),
    tags_elsewhere=frozenset({"v1.1.0"}),
    changed=(),
)


# ---------------------------------------------------------------- what is refused


def test_where_version_changelog_and_tag_agree_nothing_stands_against_a_release():
    assert disagreements(READY) == []


def test_a_release_may_be_built_before_it_is_tagged():
    assert disagreements(replace(READY, tags=frozenset())) == []


def test_a_tag_that_names_no_version_is_not_asked_about():
    assert disagreements(replace(READY, tags=frozenset({"v1.2.0", "seen-by-audit"}))) == []


def test_what_is_no_checkout_of_git_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="A release is made from a git checkout"):
        read_checkout(tmp_path)


@pytest.mark.parametrize(
    "section", ["Unreleased", "1.1.0 - 2026-02-02", "1.2.0", "1.2.00 - 2026-03-02", "1.2.0rc1 - 2026-03-02", ""]
)
def test_a_changelog_that_does_not_begin_with_this_version_and_its_day_is_refused(section):
    [refused] = disagreements(replace(READY, section=section))

    assert "head it `## 1.2.0 - YYYY-MM-DD`" in refused


@pytest.mark.parametrize("tag", ["v1.3.0", "1.2.0", "v1.2.0rc1"])
def test_a_commit_that_is_tagged_as_another_version_is_refused(tag):
    [refused] = disagreements(replace(READY, tags=frozenset({tag})))

    assert f"has the tag {tag}" in refused


def test_a_version_that_was_released_from_another_commit_is_refused():
    [refused] = disagreements(replace(READY, tags=frozenset(), tags_elsewhere=frozenset({"v1.2.0"})))

    assert "raise the version" in refused


def test_what_is_not_committed_is_refused():
    [refused] = disagreements(replace(READY, changed=("rules/practice/CL-01.yaml",)))

    assert "Not as committed: rules/practice/CL-01.yaml" in refused


def test_all_that_is_wrong_is_said_at_once():
    assert len(disagreements(replace(READY, section="Unreleased", tags=frozenset({"v1.3.0"}), changed=("README.md",)))) == 3


def test_what_a_checkout_says_of_itself_is_read_from_git(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n', "utf-8")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.0 - 2026-03-02\n\n## 1.1.0 - 2026-02-02\n", "utf-8")
    for tag in ("v1.1.0", "v1.2.0"):
        git(tmp_path, *(("init", "--quiet") if tag == "v1.1.0" else ("status",)))
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", tag)
        git(tmp_path, "tag", tag)
    assert read_checkout(tmp_path) == READY

    (tmp_path / "CHANGELOG.md").write_text("## Unreleased\n", "utf-8")
    (tmp_path / "new.yaml").write_text("", "utf-8")
    changed = replace(READY, section="Unreleased", changed=("CHANGELOG.md", "new.yaml"))
    assert read_checkout(tmp_path) == changed


# ---------------------------------------------------------------- what it is made of


def test_the_constraints_hold_this_version_by_its_hashes_and_ask_for_no_extra():
    text = constraints("# made\npsycopg[binary]==3.3.9 \\\n    --hash=sha256:aa\n", "1.2.0", [b"wheel", b"sdist"])

    wheel, sdist = (sha256(content).hexdigest() for content in (b"wheel", b"sdist"))
    assert text == (
        f"practice-alerts==1.2.0 \\\n    --hash=sha256:{wheel} \\\n    --hash=sha256:{sdist}\npsycopg==3.3.9 \\\n    --hash=sha256:aa\n"
    )


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Priya Shah", "-c", "user.email=priya@example.gov.uk")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@dataclass(frozen=True, kw_only=True)
class Released:
    """A checkout from which a release was asked for twice: before its changes had a version, and after."""

    checkout: Path
    refused: subprocess.CompletedProcess[str]
    printed: list[str]

    @property
    def dist(self) -> Path:
        return self.checkout / "dist"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    checkout = tmp_path_factory.mktemp("release") / "checkout"
    for file in tracked():
        copy = checkout / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    changes = checkout / "CHANGELOG.md"
    text = changes.read_text(encoding="utf-8")
    build = [sys.executable, "release.py"]

    changes.write_text(re.sub(r"^## .*$", "## Unreleased", text, count=1, flags=re.MULTILINE), encoding="utf-8")
    git(checkout, "init", "--quiet")
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "ready")
    refused = subprocess.run(build, cwd=checkout, capture_output=True, text=True, check=False)

    changes.write_text(re.sub(r"^## .*$", f"## {VERSION} - 2026-03-02", text, count=1, flags=re.MULTILINE), encoding="utf-8")
    git(checkout, "commit", "--quiet", "--all", "--message", "released")
    git(checkout, "tag", f"v{VERSION}")
    done = subprocess.run(build, cwd=checkout, capture_output=True, text=True, check=True)
    return Released(checkout=checkout, refused=refused, printed=done.stdout.splitlines())


@pytest.mark.slow
def test_a_checkout_whose_changes_have_no_version_yet_is_not_built(released):
    assert released.refused.returncode == 1
    assert "Nothing is built.\nCHANGELOG.md begins with the section `Unreleased`" in released.refused.stderr


@pytest.mark.slow
def test_a_release_is_a_wheel_a_sdist_its_constraints_and_what_is_in_it(released):
    names = {
        f"practice_alerts-{VERSION}-py3-none-any.whl",
        f"practice_alerts-{VERSION}.tar.gz",
        f"practice-alerts-{VERSION}-constraints.txt",
        f"practice-alerts-{VERSION}.cdx.json",
    }

    assert {path.name for path in released.dist.iterdir()} == names
    assert {Path(line).name for line in released.printed} == names


@pytest.mark.slow
def test_from_the_same_commit_come_the_same_bytes(released, tmp_path):
    git(tmp_path, "clone", "--quiet", str(released.checkout), "another")
    subprocess.run([sys.executable, "release.py"], cwd=tmp_path / "another", check=True, capture_output=True)

    def hashes(dist: Path) -> dict[str, str]:
        return {path.name: sha256(path.read_bytes()).hexdigest() for path in dist.iterdir()}

    assert hashes(tmp_path / "another" / "dist") == hashes(released.dist)


@pytest.mark.slow
def test_the_wheel_carries_the_rules_the_pages_and_the_words_of_the_messages(released):
    folders = ("alerting", "notifiers", "rules", "docs/how-to", "docs/reference")
    files = [path.relative_to(ROOT).as_posix() for path in tracked(*folders)]
    carried = {re.sub("^(rules|docs)/", r"alerting/_\1/", file) for file in files}

    inside = set(ZipFile(released.dist / f"practice_alerts-{VERSION}-py3-none-any.whl").namelist())
    assert carried == {name for name in inside if ".dist-info/" not in name}


@pytest.mark.slow
def test_the_sdist_carries_what_an_image_is_made_from_and_nothing_that_was_not_committed(released):
    with tarfile.open(released.dist / f"practice_alerts-{VERSION}.tar.gz") as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}

    assert {"Dockerfile", "compose.yaml", "docs/how-to/deploy.md"} <= inside
    assert inside - {"PKG-INFO"} <= {path.relative_to(ROOT).as_posix() for path in tracked()}


@pytest.mark.slow
def test_the_constraints_name_the_files_beside_them_and_no_address(released):
    text = (released.dist / f"practice-alerts-{VERSION}-constraints.txt").read_text(encoding="utf-8")

    for file in (f"practice_alerts-{VERSION}-py3-none-any.whl", f"practice_alerts-{VERSION}.tar.gz"):
        assert sha256((released.dist / file).read_bytes()).hexdigest() in text
    assert "://" not in text


@pytest.mark.slow
def test_the_sbom_names_every_package_that_is_locked_by_version_and_hash(released):
    sbom = json.loads((released.dist / f"practice-alerts-{VERSION}.cdx.json").read_text(encoding="utf-8"))
    locked = re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)

    assert (sbom["bomFormat"], sbom["metadata"]["component"]["version"]) == ("CycloneDX", VERSION)
    assert [(part["name"], part["version"]) for part in sbom["components"]] == locked
    assert all(part["externalReferences"][0]["hashes"] for part in sbom["components"])


# ---------------------------------------------------------------- on a machine that has Python and nothing of ours


@pytest.fixture(scope="module")
def installed(released: Released, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of an environment into which the release was installed, as the pages say it, for each system the same."""
    environment = tmp_path_factory.mktemp("opt") / "practice-alerts"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    pages = [(ROOT / "docs/how-to" / page).read_text("utf-8") for page in ("deploy.md", "upgrade.md")]
    [said] = {line for page in pages for line in re.findall(r"pip (install --require-hashes .*)$", page, re.MULTILINE)}
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), *said.replace("VERSION", VERSION).split(), "--quiet"]
    subprocess.run(pip, cwd=released.dist, check=True, capture_output=True)
    return python.parent


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the programs of an environment lie elsewhere on Windows")
def test_from_a_release_and_a_folder_of_tables_to_the_first_messages_it_takes_three_commands(installed, tmp_path):
    day = add_working_days(date.today() + timedelta(days=1), -1, set())
    export(Source(children=60), day, tmp_path / "extract", "csv")

    def run(*command: str, folder: Path = tmp_path) -> str:
        bare = {"PATH": str(installed), "HOME": str(tmp_path)}
        done = subprocess.run(
            [installed / command[0], *command[1:]], cwd=folder, env=bare, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    assert run("python", "-c", "import alerting; print(alerting.__file__)").startswith(str(installed.parent))
    assert run("alerting", "--version") == f"{VERSION}\n"
    people = ["--administrator", "Priya Shah <priya@example.gov.uk>", "--administrator", "Bo Lee <bo@example.gov.uk>"]
    answers = ["--council", "Exampleshire", *people, "--source", "extract", "--first-day", "full", "--yes"]
    said = run("alerting", "init", "council", *answers)
    assert "error: " not in said
    pages = re.findall(r"\S+/_docs/\S+\.md", said + (tmp_path / "council" / "config.yaml").read_text("utf-8"))
    assert [Path(page).name for page in pages if Path(page).is_file()] == ["deploy.md", "first-day.md", "config.md"]
    assert "error: " not in run("alerting", "check", folder=tmp_path / "council")
    assert ": done" in run("alerting", "run", "daily", "--as-of", day.isoformat(), folder=tmp_path / "council")
    assert [*(tmp_path / "council" / "outbox").glob("*-daily-*.eml")]


# ---------------------------------------------------------------- in a container


@pytest.mark.slow
def test_what_the_image_copies_is_what_a_release_is_made_of(released):
    [copied] = re.findall(r"^COPY (dist/.*) /release/$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)

    assert [file.name for pattern in copied.split() for file in released.checkout.glob(pattern)] == [
        f"practice_alerts-{VERSION}-py3-none-any.whl",
        f"practice-alerts-{VERSION}-constraints.txt",
    ]


@pytest.fixture(scope="module")
def engine() -> str:
    """The container engine of this machine that answers."""
    for program in ("docker", "podman"):
        if shutil.which(program) and subprocess.run([program, "info"], capture_output=True, check=False).returncode == 0:
            return program
    pytest.skip("neither docker nor podman answers on this machine, so the image is linted and not run")


@pytest.mark.slow
def test_the_image_does_a_morning_as_nobody_with_rights_on_a_root_file_system_that_it_cannot_write(engine, released):
    image = volume = f"practice-alerts-test-{os.getpid()}"

    def run(*command: str, options: tuple[str, ...] = ()) -> str:
        keeping = ["--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--volume", f"{volume}:/council"]
        done = subprocess.run([engine, "run", *keeping, *options, image, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    try:
        subprocess.run([engine, "build", "--tag", image, "."], cwd=released.checkout, check=True, capture_output=True)
        assert run("--version") == f"{VERSION}\n"
        assert run("-u", options=("--entrypoint", "id")).strip() == "10001"
        people = ["--administrator", "Priya Shah <priya@example.gov.uk>", "--administrator", "Bo Lee <bo@example.gov.uk>"]
        run("init", "--council", "Exampleshire", *people, "--source", "demo", "--first-day", "full", "--clock", "none", "--yes")
        assert ": done" in run("run", "daily")
    finally:
        subprocess.run([engine, "volume", "rm", "--force", volume], capture_output=True, check=False)
        subprocess.run([engine, "rmi", "--force", image], capture_output=True, check=False)
