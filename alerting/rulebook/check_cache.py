"""The rule files in which an earlier check found nothing wrong: `alerting check` does not look into them again.

Only `check` remembers. A run reads and compiles every rule anew, so that nothing a manager is told hangs on what stands here.
A file counts as unchanged while it and all that its verdict stands on are the same to the byte: settings, subjects, views,
config.yaml's `rules:`, what receivers may show, this program and its engine.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory


@dataclass(frozen=True, kw_only=True)
class Right:
    """A rule in whose file nothing is wrong, as the other files have to know it. review_by: from then on it has a warning."""

    id: str
    code: str
    review_by: date | None


@dataclass(kw_only=True)
class Memory:
    """What one configuration's checks have found right. file: where that is kept, None for nowhere. base: see `standing_on`."""

    file: Path | None = None
    base: bytes = b""
    known: Mapping[str, Right] = field(default_factory=dict)

    @classmethod
    def open(cls, file: Path, base: bytes) -> Memory:
        """Read what is kept; nothing, where there is no such file or not one of ours."""
        known = {}
        with suppress(OSError, ValueError, TypeError, AttributeError):
            for key, (id_, code, review_by) in json.loads(file.read_bytes()).items():
                known[key] = Right(id=str(id_), code=str(code), review_by=date.fromisoformat(review_by) if review_by else None)
        return cls(file=file, base=base, known=known)

    def find(self, name: str, text: str) -> Right | None:
        """Return what is known of a file with this text, by its path in the folder of rules."""
        return self.known.get(self._key(name, text)) if self.known else None

    def keep(self, right: Mapping[str, tuple[str, Right]]) -> None:
        """Keep the files in which nothing is wrong, by their paths, each with its text: those, and no others.

        What cannot be kept, as in an account without a home, costs the next check its time and no more.
        """
        found = {self._key(name, text): each for name, (text, each) in right.items()}
        if self.file is None or found == self.known:
            return
        rows = {key: [each.id, each.code, each.review_by and each.review_by.isoformat()] for key, each in found.items()}
        with suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            # Two checks at the same time each leave a whole file, and one that cannot leaves nothing.
            with TemporaryDirectory(dir=self.file.parent) as folder:
                new = Path(folder) / self.file.name
                new.write_text(json.dumps(rows), "utf-8")
                new.replace(self.file)

    def _key(self, name: str, text: str) -> str:
        return hashlib.blake2b(f"{name}\0{text}".encode(), digest_size=20, key=self.base).hexdigest()


def standing_on(folder: Path, settled: Iterable[str]) -> bytes:
    """Return the hash of all that a rule's verdict stands on beside its own file.

    folder: of the rules. settled: what config.yaml says, and the versions of the libraries that judge.
    """
    found = hashlib.blake2b(digest_size=32)
    files = sorted([folder / "settings.yaml", *folder.glob("subjects/*.yaml"), *folder.glob("subjects/_views/*.sql")])
    for path in files:
        with suppress(OSError):
            content = path.read_bytes()
            found.update(f"\0{path.name} {len(content)}\0".encode() + content)
    for entry in sorted(os.scandir(Path(__file__).parent), key=lambda entry: entry.name):
        if entry.name.endswith(".py"):
            seen = entry.stat()
            found.update(f"\0{entry.name} {seen.st_size} {seen.st_mtime_ns}".encode())
    for text in settled:
        found.update(f"\0{text}".encode())
    return found.digest()
