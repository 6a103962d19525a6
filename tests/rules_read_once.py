"""The rules of a folder, read once by each process that tests: to read them takes longer than much of what is then asked of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from alerting import app
from alerting.casedata import engine
from alerting.casedata.catalogue import Limits
from alerting.documents.document import Document
from alerting.errors import Faults
from alerting.rulebook.book import LastGoodText, Rulebook
from alerting.rulebook.file_models import Overrides
from alerting.rulebook.loader import load_rulebook


def read_once() -> None:
    """Let applications take the rules of a folder that this process has read before, where not a letter in it is another.

    Rules that have faults, or of which config.yaml says something, are read each time.
    """
    app.load_rulebook = _load


def _load(
    folder: Path,
    packs: Sequence[str] | None,
    overrides: Overrides,
    config: Document | None,
    last_good: Callable[[], Mapping[str, LastGoodText]],
    limits: Limits,
    own: Path | None,
) -> Rulebook:
    if overrides == Overrides() and (folder / "subjects").is_dir():
        engine.start()
        # What cannot be used today may have a last good version, which only the application knows.
        with suppress(Faults):
            book = _read(folder, None if packs is None else tuple(packs), limits, own, _texts(folder), _texts(own))
            if not book.faults:
                return book
    return load_rulebook(folder, packs, overrides, config, last_good, limits, own)


@lru_cache(maxsize=8)
def _read(folder: Path, packs: tuple[str, ...] | None, limits: Limits, own: Path | None, *_texts: object) -> Rulebook:
    return load_rulebook(folder, packs, limits=limits, own=own)


def _texts(folder: Path | None) -> tuple[tuple[str, bytes], ...]:
    return tuple((str(path), path.read_bytes()) for path in sorted(folder.rglob("*.*")) if path.is_file()) if folder else ()
