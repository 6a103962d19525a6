"""A council's own words taught to the service: written into config.yaml, where they count from the next run on."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from alerting import private_files
from alerting.casedata.catalogue import Settings
from alerting.casedata.codes import UNMAPPED, norm
from alerting.casedata.not_understood import ROLE_LISTS
from alerting.config import Loaded
from alerting.documents.additions import add_items, as_block
from alerting.documents.document import KeyPath, did_you_mean
from alerting.errors import ConfigError

WORD_LISTS: Mapping[str, Sequence[str]] = {"roles": ROLE_LISTS, "flags": ("yes_words", "no_words")}
"""By what words are for, the shared parameters that list them."""

_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Addition:
    """Words that are added to one list of config.yaml."""

    path: KeyPath
    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """What was written into config.yaml: the file, its lines with their numbers, and what the word stood for until then."""

    file: Path
    lines: tuple[tuple[int, str], ...]
    #: The code or the list, as it is written.
    meaning: str
    before: str | None = None


def vocabularies(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return what words can be mapped for, each with what they can be mapped to."""
    lists = {name: tuple(each for each in several if each in settings.params) for name, several in WORD_LISTS.items()}
    return {name: tuple(sorted(codes.codes)) for name, codes in settings.codes.items()} | lists


def map_word(loaded: Loaded, settings: Settings, what: str, word: str, meaning: str) -> Mapped:
    """Write into config.yaml that a word stands for a code, or belongs to a list, and return what was written.

    Raises ConfigError, having written nothing, where there is no such map or code, the word stands for that already or cannot, or
    the file is written in a way in which nothing can be added safely.
    """
    what, meaning = _known(settings, what, meaning)
    said = norm(word)
    if said is None or len(word) > _LONGEST or not word.isprintable():
        raise ConfigError("this is no word that a cell could hold", remedy="Give the word as the cells have it, in quotes.")
    before = _before(settings, what, said, meaning)
    additions = list(additions_for(settings, loaded, what, [word.strip()], meaning))
    path = Path(loaded.document.file).resolve()
    raw = path.read_bytes()
    mark = codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""
    old = text = raw.removeprefix(mark).decode()
    for addition in additions:
        changed = add_items(text, addition.path, addition.items)
        if changed is None:
            by_hand = "\n".join(as_block(each.path, each.items, 4) for each in additions)
            raise ConfigError(
                f"{path.name} is written in a way in which this cannot be added safely; nothing was written",
                remedy=f"Write it yourself:\n{by_hand}",
            )
        text = changed
    try:
        private_files.write(path, mark + text.encode(), keep_rights=True, lasting=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror})", remedy="Nothing was changed.") from None
    known = set(old.splitlines())
    lines = tuple((number, line) for number, line in enumerate(text.splitlines(), 1) if line not in known)
    return Mapped(file=path, lines=lines, meaning=meaning, before=before)


def additions_for(
    settings: Settings, loaded: Loaded, what: str, words: Sequence[str], meaning: str, *, whole: bool = False
) -> list[Addition]:
    """Return what is to be added to config.yaml for words to stand for a code, or to belong to a list.

    whole: of a list, all that it then has, as it is to stand there.
    """
    if what in settings.codes:
        given = loaded.config.rules.codes.get(what, {})
        code = next((each for each in given if each.upper() == meaning), meaning)
        return [Addition(path=("rules", "codes", what, code), items=tuple(words))]
    # Whoever is a child's social worker is allocated to them.
    names = [meaning, *(["allocated_roles"] if meaning == "allocated_social_worker_roles" else [])]
    additions = []
    for name in names:
        there = {norm(each) for each in _listed(settings, name)}
        new = tuple(word for word in words if norm(word) not in there)
        # What config.yaml says of a list stands in place of the shipped one.
        items = new if name in loaded.config.rules.params and not whole else (*_listed(settings, name), *new)
        additions += [Addition(path=("rules", "params", name), items=items)] if new else []
    return additions


def _known(settings: Settings, what: str, meaning: str) -> tuple[str, str]:
    every = vocabularies(settings)
    if what not in every:
        remedy = did_you_mean(what, every) or f"There are {', '.join(every)}."
        raise ConfigError(f"there is no code map or list '{what}'", remedy=remedy)
    named = meaning.upper() if what in settings.codes else meaning.lower()
    if named not in every[what]:
        remedy = f"{did_you_mean(meaning, every[what])} It can be {', '.join(every[what])}.".strip()
        raise ConfigError(f"{what} has no '{meaning}'", remedy=remedy)
    return what, named


def _before(settings: Settings, what: str, word: str, meaning: str) -> str | None:
    """Return what a word stands for until now. Raises ConfigError where it stands for what is meant, or cannot."""
    if what in settings.codes:
        codes = settings.codes[what]
        now = codes.code(word)
        if now == meaning:
            raise ConfigError(f"'{word}' stands for {meaning} of {what} already", remedy="Nothing was written.")
        then = replace(codes, own={**codes.own, word: meaning}).code(word)
        if then != meaning:
            raise ConfigError(
                f"'{word}' holds the code {then} of {what} itself, so it cannot stand for {meaning}",
                remedy="Nothing was written. Have it put right where the data comes from.",
            )
        return None if now in (None, UNMAPPED) else now
    others = [name for name in WORD_LISTS[what] if any(norm(each) == word for each in _listed(settings, name))]
    if meaning in others:
        raise ConfigError(f"'{word}' is in {meaning} already", remedy="Nothing was written.")
    if what == "flags" and others:
        raise ConfigError(f"'{word}' is in {others[0]}", remedy="Nothing was written. Take it out there first.")
    return others[0] if others else None


def _listed(settings: Settings, name: str) -> tuple[str, ...]:
    given = settings.params.get(name)
    return tuple(map(str, given)) if isinstance(given, (list, tuple)) else ()
