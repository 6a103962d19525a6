"""What of a council's rules differs from those that this version carries: rule by rule, file by file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerting.app import carried_rules
from alerting.authoring.differences import Difference, compare_rules, summarise
from alerting.rulebook.book import Rulebook
from alerting.rulebook.loader import load_rulebook
from alerting.rulebook.rule import Rule


@dataclass(frozen=True, kw_only=True)
class ChangedRule:
    """A rule that is not asked as it is shipped."""

    shipped: Rule
    own: Rule
    differences: Sequence[Difference]
    summary: str
    #: Whether its own file is another, so that an update of the shipped one does not reach it.
    follows: bool


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A council's rules beside those that this version carries."""

    changed: tuple[ChangedRule, ...]
    #: Of the council's own, beside the shipped ones.
    only_own: tuple[Rule, ...]
    #: Shipped, and not there, such as those of a pack that the council does not use.
    missing: tuple[Rule, ...]
    #: Files that rules share, by their paths in the folder: subjects, views, settings.
    shared_files: tuple[str, ...]


def compare_with_shipped(book: Rulebook) -> Comparison:
    """Return how a council's rules, as they apply here, differ from the shipped ones."""
    shipped = load_rulebook(carried_rules())
    theirs = {rule.id: rule for rule in shipped.every}
    every = book.every
    stands_for = {rule.file.replaces or rule.id: rule for rule in every}
    pairs = [(theirs[id_], own) for id_, own in stands_for.items() if id_ in theirs]
    return Comparison(
        changed=tuple(sorted(filter(None, (_compare(book, *pair) for pair in pairs)), key=lambda one: one.shipped.code)),
        only_own=tuple(rule for id_, rule in stands_for.items() if id_ not in theirs),
        missing=tuple(rule for id_, rule in theirs.items() if id_ not in {*stands_for, *book.ids}),
        shared_files=tuple(sorted(name for name in _shared(shipped, book) if shipped.texts.get(name) != book.texts.get(name))),
    )


def _compare(book: Rulebook, shipped: Rule, own: Rule) -> ChangedRule | None:
    found = [one for one in compare_rules(shipped, own) if one.key not in ("id", "code", "replaces")]
    # What config.yaml says of a rule stands in no file.
    switched = own in book.off and shipped.file.enabled and own.file.enabled
    follows = own.source.text == shipped.source.text
    if not found and follows and not switched:
        return None
    summary = "switched off in config.yaml" if switched and not found else summarise(shipped, own, found)
    return ChangedRule(shipped=shipped, own=own, differences=found, summary=summary, follows=follows)


def _shared(shipped: Rulebook, book: Rulebook) -> set[str]:
    """Return the files that are no rules, of both."""
    return {name for name in (*shipped.texts, *book.texts) if name == "settings.yaml" or name.startswith("subjects/")}
