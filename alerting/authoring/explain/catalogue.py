"""The catalogue of rules as a page: each as it is read to people who know the work and not the data, by part of the service. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from alerting.authoring.explain.plain_english import Vocabulary, fill_params
from alerting.authoring.explain.rule_in_words import BASES, JOBS, fill_in_words
from alerting.casedata.catalogue import TABLES
from alerting.formatting import listed
from alerting.model import Level
from alerting.notifications.roles import role_words
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule

PARTS = {
    "FD": "The front door",
    "AS": "Assessment",
    "CP": "Child protection",
    "CIN": "Children in need",
    "CLA": "Children in care",
    "PM": "Permanence and court",
    "PL": "Permanence and court",
    "CL": "Care leavers",
    "WF": "Workforce and management",
    "DQ": "Data",
}
"""The part of the service that a rule is about, by the letters of its code, in the order of the page."""

_OTHERS = "The council's own"
_OF_ONE = re.compile(r" \(<[^<>]*>\)")
"""A number in brackets that is known of one subject only."""


def catalogue_page(book: Rulebook) -> str:
    """Return every rule that is switched on: a table of all, what is off without a table, then an entry each, as Markdown."""
    parts: defaultdict[str, list[Rule]] = defaultdict(list, {part: [] for part in PARTS.values()})
    for rule in sorted(book.rules, key=lambda rule: (rule.code.partition("-")[0], int(rule.code.partition("-")[2]))):
        parts[PARTS.get(rule.code.partition("-")[0], _OTHERS)].append(rule)
    rules = [rule for found in parts.values() for rule in found]
    lines = [*_overview(rules), "", *_off_without(rules)]
    for part, found in parts.items():
        if found:
            lines += ["", f"## {part}"]
        for rule in found:
            lines += ["", *_entry(rule, book)]
    return "\n".join(lines) + "\n"


def _overview(rules: Sequence[Rule]) -> Iterator[str]:
    yield "| code | what it tells | asked | basis |"
    yield "|---|---|---|---|"
    for rule in rules:
        yield f"| {rule.code} | {rule.title} | {rule.file.job} | {BASES[rule.basis_kind].lower()} |"


def _off_without(rules: Sequence[Rule]) -> Iterator[str]:
    """Return, by what a council may not supply, which rules are not asked then."""
    off: defaultdict[str, list[str]] = defaultdict(list)
    for rule in rules:
        for table in rule.file.off_without:
            off[TABLES[table].words].append(rule.code)
        if rule.file.off_without_all:
            off[_all_of(rule)].append(rule.code)
    if off:
        yield "## What is off without a table"
        yield ""
    for words, codes in sorted(off.items()):
        yield f"- Without {words}: {listed(codes)}."


def _entry(rule: Rule, book: Rulebook) -> Iterator[str]:
    said, words = fill_in_words(rule, book), Vocabulary(rule)
    between = f", and every {rule.file.between} where there is new data" if rule.file.between else ""
    yield f"### {rule.code} {rule.title}"
    yield ""
    yield f"Asked {JOBS[rule.file.job]}{between}. {said.get('asks') or _asks(rule, words)}"
    yield ""
    for level in _levels(rule):
        when = said.get(level.name) or _when(rule, level, words)
        yield f"- **{level.name.capitalize()}** when {when}. Told: {_roles(rule, level)}."
    if "also" in said:
        yield f"- Told as well: {said['also']}."
    elif rule.also:
        also = [f"{role_words(role, rule.about)} when {words.sentence(each.term)}" for role, each in rule.also.items()]
        yield f"- Told as well: {'; '.join(also)}."
    for step in rule.file.escalate:
        yield f"- Told as well: {role_words(step.to, rule.about)}, when it has been open for {step.after} working days."
    if rule.file.nobody_else:
        yield "- It goes to nobody else, and is in no summary."
    yield f"- What clears it: {_OF_ONE.sub('', fill_params(rule.clears, rule.params))}"
    yield f"- Stands on: {listed(_stands_on(rule))}.{_is_off(rule)}"
    source = f" ({rule.basis_source})" if rule.basis_source else ""
    yield f"- Basis, {BASES[rule.basis_kind].lower()}: {rule.basis_text.rstrip('.')}{source}."


def _asks(rule: Rule, words: Vocabulary) -> str:
    """Return whom a rule asks about, where its file has no words for it."""
    title = f"{rule.subject.title[:1].lower()}{rule.subject.title[1:]}"
    only = "" if rule.where.term.text == "true" else f" where {words.sentence(rule.where.term)}"
    return f"About each {rule.file.per + ', over every ' if rule.file.per else ''}{title}{only}."


def _levels(rule: Rule) -> list[Level]:
    """Return the levels that a rule can give, the least first."""
    missing = {Level[rule.file.when_null]} if rule.file.when_null else set()
    return sorted(rule.levels.keys() | missing)


def _when(rule: Rule, level: Level, words: Vocabulary) -> str:
    return words.sentence(rule.levels[level].term) if level in rule.levels else "what is measured is missing"


def _roles(rule: Rule, level: Level) -> str:
    told = [role for name, roles in rule.file.notify.items() if name == level.name for role in roles]
    return listed([role_words(role, rule.about) for role in told])


def _stands_on(rule: Rule) -> list[str]:
    """Return what a rule is worked out of, by what people call it."""
    if rule.about.is_of_the_run:
        return ["what each morning's run knows of its tables and rules"]
    found = {TABLES[name].words for name in rule.file.reads or rule.tables if name in TABLES}
    answers = rule.subject.answers_of
    if answers:
        found.add("the answers of all other rules" if answers == "all" else f"the answers of {listed(list(answers))}")
    return sorted(found)


def _is_off(rule: Rule) -> str:
    kinds = [f"{TABLES[name].words}{' of the kind it needs' if cells else ''}" for name, cells in rule.file.off_without.items()]
    kinds += [_all_of(rule)] if rule.file.off_without_all else []
    return f" Without {listed(kinds, 'or')} it is off, and says so." if kinds else ""


def _all_of(rule: Rule) -> str:
    """Return the tables of which one is enough, in words that follow "without"."""
    words = [TABLES[name].words for name in rule.file.off_without_all]
    return f"{'either' if len(words) == 2 else 'any of'} {listed(words, 'or')}"
