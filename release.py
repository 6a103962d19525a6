"""Build what a council installs into dist/: wheel, sdist, a file of constraints with hashes, and an SBOM (CycloneDX).

    make release

It refuses where the checkout does not say of itself, with one voice, which version this is. Tagging and publishing stay a person's act.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """What a checkout says of its version."""

    #: The version in pyproject.toml.
    version: str
    #: The heading of the topmost section of CHANGELOG.md, without its `##`.
    section: str
    #: The tags of the commit that is checked out.
    tags: frozenset[str]
    #: The tags of every other commit.
    tags_elsewhere: frozenset[str]
    #: Files that are not as they were committed.
    changed: tuple[str, ...]


def disagreements(checkout: Checkout) -> list[str]:
    """Return why this must not be released, each with what to do about it; empty when all agrees."""
    tag = f"v{checkout.version}"
    found = []
    if not re.fullmatch(rf"{re.escape(checkout.version)} - \d{{4}}-\d{{2}}-\d{{2}}", checkout.section):
        found.append(
            f"CHANGELOG.md begins with the section `{checkout.section}`, and pyproject.toml says {checkout.version}: "
            f"head it `## {checkout.version} - YYYY-MM-DD`, or set the version."
        )
    found += [
        f"The commit has the tag {other}, and pyproject.toml says {checkout.version}: one of them is wrong."
        for other in sorted(checkout.tags - {tag})
        if re.match(r"v?\d", other)
    ]
    if tag in checkout.tags_elsewhere:
        found.append(f"The tag {tag} is another commit's: check that one out, or raise the version.")
    if checkout.changed:
        found.append(f"Not as committed: {', '.join(checkout.changed)}. Commit it first, so that the release can be made again.")
    return found


def read_checkout(root: Path) -> Checkout:
    """Return what a checkout says of its version. Ends the program where it is no git checkout."""

    def git(*arguments: str) -> list[str]:
        try:
            return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.splitlines()
        except (OSError, subprocess.CalledProcessError):
            sys.exit("Nothing is built. A release is made from a git checkout, by git: here git, or what it keeps, is not there.")

    tags = frozenset(git("tag", "--points-at", "HEAD"))
    section = re.search(r"^## (.+)$", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    return Checkout(
        version=tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"],
        section=section[1].strip() if section else "",
        tags=tags,
        tags_elsewhere=frozenset(git("tag")) - tags,
        changed=tuple(line[3:] for line in git("status", "--porcelain")),
    )


def constraints(lock: str, version: str, built: Iterable[bytes]) -> str:
    """Return what pip takes by -r, to install this version with all that it needs, and by -c: every package by version and hash.

    A constraint may ask for no extras; what they bring is locked by its own name. built: the content of the wheel and of the sdist.
    """
    ours = " \\\n    ".join(
        [f"practice-alerts=={version}", *(f"--hash=sha256:{sha256(content).hexdigest()}" for content in built)]
    )
    packages = "".join(line for line in lock.splitlines(keepends=True) if not line.startswith("#"))
    return f"{ours}\n" + re.sub(r"^([a-z0-9._-]+)\[[a-z,]+\]==", r"\1==", packages, flags=re.MULTILINE)


def build(root: Path, version: str) -> list[Path]:
    """Build a checkout into its dist/, and return the files."""
    dist = root / "dist"
    run = [sys.executable, "-W", "ignore::UserWarning", "-m"]
    subprocess.run(
        [*run, "hatchling", "build", "--target", "wheel", "--target", "sdist", "--directory", str(dist)], cwd=root, check=True
    )
    built = [dist / f"practice_alerts-{version}-py3-none-any.whl", dist / f"practice_alerts-{version}.tar.gz"]
    pinned, contents = dist / f"practice-alerts-{version}-constraints.txt", dist / f"practice-alerts-{version}.cdx.json"
    lock = root / "requirements.txt"
    pinned.write_text(
        constraints(lock.read_text(encoding="utf-8"), version, [file.read_bytes() for file in built]), encoding="utf-8"
    )
    # Reproducible: the same commit gives the same bytes, so that anybody can see that a release is what it says.
    described = ["--pyproject", "pyproject.toml", "--output-reproducible", "--output-file", str(contents), str(lock)]
    subprocess.run([*run, "cyclonedx_py", "requirements", *described], cwd=root, check=True)
    return [*built, pinned, contents]


def main() -> None:
    """Build the release, or say why there is none and end with 1."""
    checkout = read_checkout(ROOT)
    if found := disagreements(checkout):
        sys.exit("\n".join(["Nothing is built.", *found]))
    for file in build(ROOT, checkout.version):
        print(file.relative_to(ROOT))


if __name__ == "__main__":
    main()
