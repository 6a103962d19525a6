"""A rule copied into the council's own folder, examples, comments and all, under an id and a code of its own.

Only the lines that must differ do: its id, its code, its title where another is given, and either `replaces:` or `enabled: false`.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from alerting.app import App
from alerting.authoring.draft import find_rule
from alerting.documents.document import load, load_text
from alerting.errors import ConfigError, Faults, Place, RuleError
from alerting.rulebook.book import Rulebook
from alerting.rulebook.json_schema import RULE_FILE
from alerting.rulebook.loader import LOCAL_PACK, compile_rule
from alerting.rulebook.rule import Rule

_VALUE = r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*'|[^\s"'#|>][^\r\n]*?"""
_REST = r"(?=[ \t]*(?:[ \t]#[^\r\n]*)?\r?$)"


@dataclass(frozen=True, kw_only=True)
class RuleCopy:
    """A copy of a rule that may be written."""

    source: Rule
    id: str
    code: str
    #: Whether it takes over from its source; else it is off.
    replaces: bool
    path: Path
    #: What its file will hold.
    text: str


def plan_copy(app: App, name: str, *, id_: str | None, code: str | None, title: str | None, replaces: bool) -> RuleCopy:
    """Return the copy of a rule, named by its code or id, that would be made; what is not given is chosen.

    Raises ConfigError where it cannot be made as it is wanted, RuleError or Faults where its source cannot be copied.
    """
    _check_local_pack(app)
    source = find_rule(app.book, name)
    if title is not None and (not title.strip() or re.search(r"[\x00-\x1f]", title)):
        raise ConfigError("a title is a few words on one line", where="--title", remedy="Leave it out to keep that of the rule.")
    id_ = id_ or _free_id(app.book, _as_id(title) if title else _own_id(source))
    code = (code or next_code(app.book)).upper()
    path = app.loaded.folder / app.loaded.config.rules.path / LOCAL_PACK / f"{id_}.yaml"
    _check_names(app.book, source, id_, code, replaces=replaces)
    if path.exists():
        raise ConfigError("there is such a file already", where=Place(file=path.as_posix()), remedy="Give the copy another --id.")
    if replaces:
        _check_takes_over(app, source, id_, code)
    changes = {"id": id_, "code": code, "replaces": source.id if replaces else None, "enabled": None if replaces else False}
    text = _rewrite(app.book, source, {**changes, **({"title": title.strip()} if title else {})})
    compiled = compile_rule(app.book, path, {}, text.removeprefix("\ufeff"))
    if isinstance(compiled, list):
        raise Faults(compiled)
    return RuleCopy(source=source, id=id_, code=code, replaces=replaces, path=path, text=text)


def write_copy(app: App, copy: RuleCopy) -> None:
    """Write a copy's file, all of it or nothing. In a folder that has nothing else, it lies over the rules that this version carries.

    Raises ConfigError where it cannot be written.
    """
    try:
        copy.path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(copy.path, copy.text)
        _put_schema_beside(app, copy)
    except OSError as error:
        raise ConfigError(
            f"the copy cannot be written ({error.strerror or error})",
            where=Place(file=copy.path.as_posix()),
            remedy="Ask for the right to write there, or let whoever looks after the folder type the same command.",
        ) from None


def next_code(book: Rulebook) -> str:
    """Return the next free code for the council's own rules: the letters most of them have, LOC where there are none."""
    letters = Counter(rule.code.partition("-")[0] for rule in book.every if rule.pack == LOCAL_PACK)
    prefix = letters.most_common(1)[0][0] if letters else "LOC"
    taken = [code for code in (*book.codes, *(rule.code for rule in book.replaced)) if re.fullmatch(rf"{prefix}-[0-9]+", code)]
    highest = max((int(code.partition("-")[2]) for code in taken), default=0)
    return f"{prefix}-{highest + 1:02}"


def _check_local_pack(app: App) -> None:
    packs = app.loaded.config.rules.packs
    if packs is not None and LOCAL_PACK not in packs:
        raise ConfigError(
            f"the council's own folder of rules, {LOCAL_PACK}, is not in use",
            where=app.loaded.document.place(("rules", "packs")),
            remedy=f"Add {LOCAL_PACK} as the last of `rules: packs:`.",
        )


def _check_names(book: Rulebook, source: Rule, id_: str, code: str, *, replaces: bool) -> None:
    """Check that the names of a copy are names, and free: those of a rule that it replaces are.

    Those of a rule that another replaces are not: once the other is taken out, it is back.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", id_):
        raise ConfigError(
            f"'{id_}' is no id", where="--id", remedy="Write small letters, digits and dashes, as in visit-overdue."
        )
    if not re.fullmatch(r"[A-Z]+-[0-9]+", code):
        raise ConfigError(f"'{code}' is no code", where="--code", remedy="Write letters, a dash and a number, as in LOC-01.")
    places = {rule.id: Place(file=rule.place) for rule in (*book.replaced, *book.every)}
    if id_ in _taken_ids(book) and not (replaces and id_ == source.id):
        raise ConfigError(f"there is a rule '{id_}' already", where=places.get(id_), remedy="Give the copy another --id.")
    owner = ({rule.code: rule.id for rule in book.replaced} | book.codes).get(code)
    if owner is not None and not (replaces and owner == source.id):
        remedy = f"Give the copy another --code; {next_code(book)} is free."
        raise ConfigError(f"{code} is the code of {owner}", where=places.get(owner), remedy=remedy)


def _check_takes_over(app: App, source: Rule, id_: str, code: str) -> None:
    """Check that a copy can replace its source, and that nothing else goes on speaking of a rule that would be gone."""
    if source.pack == LOCAL_PACK:
        raise ConfigError(
            f"{source.code} is the council's own already, so there is nothing to replace",
            where=Place(file=source.place),
            remedy="Change that file, or leave --replaces out for a second rule beside it.",
        )
    packs = app.loaded.config.rules.packs or ()
    if source.pack in packs and packs.index(LOCAL_PACK) < packs.index(source.pack):
        raise ConfigError(
            f"{LOCAL_PACK} is read before {source.pack}, so its rules cannot replace {source.code}",
            where=app.loaded.document.place(("rules", "packs")),
            remedy=f"Put {LOCAL_PACK} last.",
        )
    setting = next((name for name in (source.code, source.id) if name in app.book.overrides.settings), None)
    if setting is not None and setting not in (code, id_):
        raise ConfigError(
            f"what config.yaml sets for {setting} would be lost",
            where=app.loaded.document.place(("rules", "settings", setting), key=True),
            remedy=f"Let the copy keep that name, with --{'code' if setting == source.code else 'id'} {setting}.",
        )
    covered = [rule for rule in app.book.every if source.id in rule.file.inhibited_by]
    if covered and id_ != source.id:
        raise ConfigError(
            f"{covered[0].code} stands back for '{source.id}', which would be gone",
            where=Place(file=covered[0].place),
            remedy=f"Let the copy keep that name, with --id {source.id}.",
        )


def _free_id(book: Rulebook, wanted: str) -> str:
    """Return an id, with a number behind it where it is taken."""
    taken = _taken_ids(book)
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(id_ for id_ in numbered if id_ not in taken)


def _taken_ids(book: Rulebook) -> frozenset[str]:
    return book.ids | {rule.id for rule in book.replaced}


def _own_id(source: Rule) -> str:
    return source.id if source.pack == LOCAL_PACK else f"{source.id}-{LOCAL_PACK}"


def _as_id(title: str) -> str:
    """Make an id of a title: its words in small letters, with dashes between them."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower().replace("'", "")))[:60].strip("-")


def _rewrite(book: Rulebook, source: Rule, changes: Mapping[str, object]) -> str:
    """Return the text of a rule's file with some of its keys set otherwise, or gone where they are None; the rest byte for byte.

    Raises RuleError where the file is not in use as it is today, or a key is not written on one line.
    """
    place = Path(source.place)
    document = load(place)
    if document.faults or f"{source.pack}/{place.name}" in book.older:
        remedy = "Put it right first: `alerting check` tells what is wrong."
        raise RuleError(f"{source.code} has faults and cannot be copied", where=Place(file=source.place), remedy=remedy)
    text = place.read_bytes().decode("utf-8")
    for key, value in changes.items():
        if document.value.get(key) != value:
            text = _set_key(text, key, value)
    wanted = {**document.value, **changes}
    if load_text(source.place, text.removeprefix("\ufeff")).value != {
        key: each for key, each in wanted.items() if each is not None
    }:
        keys = " and ".join(f"`{key}`" for key in changes if key in document.value)
        raise RuleError(
            f"{source.code} cannot be copied as it is written",
            where=Place(file=source.place),
            remedy=f"Write {keys} on a line of their own, each with its value beside it.",
        )
    return text


def _set_key(text: str, key: str, value: object) -> str:
    """Return a rule's text with one key set, behind `code` where it was not there, or taken out; a comment beside it stays."""
    if value is None:
        return re.sub(rf"(?m)^{key}:[^\n]*(?:\n|\Z)", "", text, count=1)
    line = f"{key}: {_as_yaml(value)}"
    changed, found = re.subn(rf"(?m)^{key}:[ \t]+(?:{_VALUE}){_REST}", lambda _: line, text, count=1)
    return changed if found else re.sub(r"(?m)^(code:[^\r\n]*)(\r?\n)", lambda code: f"{code[0]}{line}{code[2]}", text, count=1)


def _as_yaml(value: object) -> str:
    """Write a value so that YAML reads it as it is: in quotes where it would be taken for something else."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if load_text("", f"x: {text}").value == {"x": value} else json.dumps(text, ensure_ascii=False)


def _write_new(path: Path, text: str) -> None:
    """Write a file where there is none. What has begun and fails leaves none."""
    with path.open("xb") as file:
        try:
            file.write(text.encode("utf-8"))
        except BaseException:
            path.unlink()
            raise


def _put_schema_beside(app: App, copy: RuleCopy) -> None:
    """Put what editors are told of rule files where the first line of a copy says it is, unless it is there."""
    schema = copy.path.parent.parent / RULE_FILE
    with suppress(OSError):  # a rule is as good without it
        if not schema.exists():
            shutil.copy(app.book.folder / RULE_FILE, schema)
