"""What differs between two rules, key by key and in plain words: for whoever has to agree to a change."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from alerting.rulebook.rule import WORD, Rule

Effect = Literal["answers", "told", "words", "record"]
"""What a change touches, the weightiest first: whom the rule alerts; who is told and when; what they read; only the file."""

EFFECTS: Mapping[Effect, str] = {
    "answers": "Whom it alerts",
    "told": "Who is told, and when",
    "words": "What they read",
    "record": "About the rule",
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One key in which two rules differ."""

    key: str
    effect: Effect
    #: The difference in plain words.
    says: str
    #: As written; None where the key is not there.
    old: Any
    new: Any
    #: Whether old and new are texts worth showing beside each other.
    expression: bool = False


def compare_rules(old: Rule, new: Rule) -> list[Difference]:
    """Return everything that differs between two rules as they apply here, the weightiest first; layout and comments do not."""
    found = [*_compare_answers(old, new), *_compare_recipients(old, new), *_compare_words(old, new), *_compare_record(old, new)]
    order = list(EFFECTS)
    return sorted(found, key=lambda each: order.index(each.effect))


def summarise(old: Rule, new: Rule, found: Sequence[Difference]) -> str:
    """Return in a sentence what the differences come to."""
    effects = {each.effect for each in found}
    if old.logic != new.logic or "answers" in effects:
        return "It may alert others than before."
    if "told" in effects:
        return "It alerts the same as before; who is told, or when, changes."
    if "words" in effects:
        return "It alerts and tells the same as before; only what they read changes."
    return "It alerts and tells the same as before, in the same words." if found else "Nothing differs but layout and comments."


def break_lines(expression: str) -> list[str]:
    """Break an expression before its `and`, `or`, `when` and `else`, so that what changed stands on a line of its own."""
    lines, between = [""], False
    for word in expression.split():
        begins = word in ("and", "or", "when", "else") and not (between and word == "and")
        between = word == "between" or (between and word != "and")
        if begins and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [line for line in lines if line]


def show_lines(difference: Difference) -> list[str]:
    """Show an expression's or a sentence's old and new text as a difference of lines: `-` goes, `+` comes, the rest stays."""
    broken = break_lines if difference.effect != "words" else lambda text: [text]
    before, after = (broken(text) if text else [] for text in (difference.old, difference.new))
    shown = list(difflib.unified_diff(before, after, lineterm="", n=99))[3:]
    return [f"{line[:1]} {line[1:]}" for line in shown]


def _compare_answers(old: Rule, new: Rule) -> Iterator[Difference]:
    """Compare what decides the answers."""
    before, after = old.file, new.file
    yield from _compare_values("enabled", "answers", before.enabled, after.enabled, "asked by runs: {new} instead of {old}")
    yield from _compare_values("subject", "answers", before.subject, after.subject, "asks about {new} instead of {old}")
    yield from _compare_values(
        "per", "answers", before.per or "subject", after.per or "subject", "one answer a {new} instead of a {old}"
    )
    yield from _compare_values(
        "at_least", "answers", before.at_least, after.at_least, "needs {new} subjects in a group instead of {old}"
    )
    yield from _compare_texts("where", "answers", before.where, after.where, "other people are asked about")
    yield from _compare_each("let", "answers", before.let, after.let, "this step is worked out otherwise")
    yield from _compare_texts("measure", "answers", before.measure, after.measure, "something else is measured")
    yield from _compare_each("levels", "answers", before.levels, after.levels, "this level holds otherwise")
    null = (before.when_null or "unknown", after.when_null or "unknown")
    yield from _compare_values("when_null", "answers", *null, "a missing measure gives {new} instead of {old}")
    yield from _compare_params(old, new)
    for name in dict.fromkeys((*before.uses, *after.uses)):
        codes = (before.uses.get(name), after.uses.get(name))
        yield from _compare_values(f"uses {name}", "answers", *codes, "uses the numbers of {new} instead of {old}")
    yield from _compare_lists("requires", "answers", _list_required(before.requires), _list_required(after.requires))
    yield from _compare_lists("off_without_all", "answers", before.off_without_all, after.off_without_all)
    names = (_list_names(before.shared_params), _list_names(after.shared_params))
    yield from _compare_lists("shared_params", "record", *names)
    yield from _compare_lists(
        "off_without", "answers", _list_off_without(before.off_without), _list_off_without(after.off_without)
    )
    of = (before.requires_of, after.requires_of)
    yield from _compare_texts("requires_of", "answers", *of, "what is required is looked at in others")
    runs = (before.pending_for, after.pending_for)
    yield from _compare_values("for", "answers", *runs, "must match in {new} runs before anybody is told, instead of {old}")
    runs = (before.keep_firing_for, after.keep_firing_for)
    yield from _compare_values(
        "keep_firing_for", "answers", *runs, "stays open for {new} runs after it is clear, instead of {old}"
    )


def _compare_recipients(old: Rule, new: Rule) -> Iterator[Difference]:
    """Compare who is told, and when."""
    before, after = old.file, new.file
    for level in dict.fromkeys((*before.notify, *after.notify)):
        was, now = before.notify.get(level, ()), after.notify.get(level, ())
        if set(was) != set(now):
            yield Difference(key=f"notify {level}", effect="told", says=_describe_roles(was, now), old=list(was), new=list(now))
    yield from _compare_each("also", "told", before.also, after.also, "this role joins in otherwise")
    yield from _compare_values("job", "told", before.job, after.job, "asked {new} instead of {old}")
    yield from _compare_texts("due", "told", before.due, after.due, "it is due on another day")
    steps = [{step.to: step.after for step in file.escalate} for file in (before, after)]
    for role in dict.fromkeys((*steps[0], *steps[1])):
        days = (steps[0].get(role), steps[1].get(role))
        yield from _compare_values(
            f"escalate {role}", "told", *days, "told as well when it is {new} working days old, instead of {old}"
        )
    yield from _compare_values(
        "every", "told", before.between, after.between, "asked between the daily runs: {new} instead of {old}"
    )
    yield from _compare_lists("inhibited_by", "told", before.inhibited_by, after.inhibited_by)
    tried = (before.shadow, after.shadow)
    yield from _compare_values(
        "shadow", "told", *tried, "tried first, and told to the performance team alone: {new} instead of {old}"
    )
    yield from _compare_lists("not_beside", "told", before.not_beside, after.not_beside)
    alone = (before.nobody_else, after.nobody_else)
    yield from _compare_values("nobody_else", "told", *alone, "told to nobody beside those it names: {new} instead of {old}")
    yield from _compare_values(
        "brake", "told", before.brake, after.brake, "new alerts in one run that hold it back: {new} instead of {old}"
    )
    yield from _compare_values(
        "max_share",
        "told",
        before.max_share,
        after.max_share,
        "share of its population that is not believed: {new} instead of {old}",
    )
    every = (before.remind_every, after.remind_every)
    yield from _compare_values("remind_every", "told", *every, "reminded every {new} working days instead of {old}")
    yield from _compare_values("channel", "told", before.channel, after.channel, "counted in channels: {new} instead of {old}")
    yield from _compare_lists("reads", "told", before.reads, after.reads)
    yield from _compare_lists("services", "told", before.services, after.services)


def _headline(rule: Rule) -> str | None:
    return " / ".join(rule.file.headline) if rule.file.headline else None


def _in_words(rule: Rule) -> dict[str, str]:
    return {str(key): text for key, text in rule.file.in_words.items()}


def _compare_words(old: Rule, new: Rule) -> Iterator[Difference]:
    """Compare what people read."""
    for key in ("title", "says", "clears"):
        yield from _compare_texts(key, "words", getattr(old.file, key), getattr(new.file, key), "other words")
    yield from _compare_texts("falls_due", "words", old.file.falls_due or None, new.file.falls_due or None, "other words")
    yield from _compare_texts("headline", "words", _headline(old), _headline(new), "other words")
    yield from _compare_each("in_words", "words", _in_words(old), _in_words(new), "other words")
    yield from _compare_values("unit", "words", old.file.unit, new.file.unit, "{new} instead of {old}")
    bases = (old.file.basis, new.file.basis)
    yield from _compare_values("basis kind", "words", bases[0].kind, bases[1].kind, "{new} instead of {old}")
    for key in ("text", "source"):
        yield from _compare_texts(f"basis {key}", "words", getattr(bases[0], key), getattr(bases[1], key), "other words")


def _compare_record(old: Rule, new: Rule) -> Iterator[Difference]:
    """Compare what only stands in the file."""
    before, after = old.file, new.file
    yield from _compare_values("id", "record", before.id, after.id, "{new} instead of {old}: its alerts are others")
    for name in dict.fromkeys((*before.sane, *after.sane)):
        yield from _compare_values(
            f"sane {name}", "record", before.sane.get(name), after.sane.get(name), "{new} instead of {old}"
        )
    for key in ("code", "owner", "review_by", "replaces"):
        yield from _compare_values(key, "record", getattr(before, key), getattr(after, key), "{new} instead of {old}")
    was, now = ([example.model_dump_json() for example in file.examples] for file in (before, after))
    come, gone = len(set(now) - set(was)), len(set(was) - set(now))
    if come or gone:
        says = f"{come} new or changed, {gone} gone or changed"
        yield Difference(key="examples", effect="record", says=says, old=len(was), new=len(now))


def _compare_params(old: Rule, new: Rule) -> Iterator[Difference]:
    """Compare the parameters as they apply here. What one touches is what uses it."""
    for name in dict.fromkeys((*old.params, *new.params)):
        was, now = old.params.get(name), new.params.get(name)
        if was != now:
            effect = min((_find_use(rule, name) for rule in (old, new)), key=list(EFFECTS).index)
            yield Difference(key=f"params {name}", effect=effect, says=_describe_change(was, now), old=was, new=now)


def _find_use(rule: Rule, name: str) -> Effect:
    """Return what a parameter is used for, the weightiest."""
    deciding = [
        rule.where,
        rule.requires_of,
        *rule.let.values(),
        *([rule.measure] if rule.measure else []),
        *rule.levels.values(),
    ]
    # An upper age also decides who has left the population, which the service itself looks up.
    if name == "max_age" or any(name in part.names for part in deciding):
        return "answers"
    if any(name in part.names for part in (*rule.also.values(), *([rule.due] if rule.due else []))):
        return "told"
    return "words" if name in WORD.findall(f"{rule.says} {rule.clears}") else "record"


def _compare_values(key: str, effect: Effect, old: Any, new: Any, says: str) -> Iterator[Difference]:
    if old != new:
        yield Difference(key=key, effect=effect, says=says.format(old=_show_value(old), new=_show_value(new)), old=old, new=new)


def _compare_texts(key: str, effect: Effect, old: str | None, new: str | None, says: str) -> Iterator[Difference]:
    """Compare two texts without regard to their layout."""
    was, now = (" ".join(text.split()) if text is not None else None for text in (old, new))
    if was != now:
        said = "is new" if was is None else "is gone" if now is None else says
        yield Difference(key=key, effect=effect, says=said, old=was, new=now, expression=True)


def _compare_each(key: str, effect: Effect, old: Mapping[Any, str], new: Mapping[Any, str], says: str) -> Iterator[Difference]:
    for name in dict.fromkeys((*old, *new)):
        yield from _compare_texts(f"{key} {name}", effect, old.get(name), new.get(name), says)


def _describe_roles(old: Sequence[str], new: Sequence[str]) -> str:
    """Return who is told now and was not, and who was and is not."""
    come, gone = ([role for role in one if role not in other] for one, other in ((new, old), (old, new)))
    return "; ".join(f"{word}: {', '.join(roles)}" for word, roles in (("told now", come), ("no longer told", gone)) if roles)


def _compare_lists(key: str, effect: Effect, old: Sequence[str], new: Sequence[str]) -> Iterator[Difference]:
    """Compare two lists whose order means nothing."""
    if set(old) != set(new):
        yield Difference(key=key, effect=effect, says=_describe_change(old, new), old=list(old), new=list(new))


def _list_names(names: Mapping[str, str]) -> list[str]:
    return [f"{own} for {shared}" for own, shared in names.items()]


def _list_required(columns: Mapping[str, float | None]) -> list[str]:
    return [name if share is None else f"{name} ({share:.0%})" for name, share in columns.items()]


def _list_off_without(tables: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return each table with what its rows must say to count."""
    named = {table: ", ".join(f"{column}: {value}" for column, value in cells.items()) for table, cells in tables.items()}
    return [f"{table} ({cells})" if cells else table for table, cells in named.items()]


def _describe_change(old: Any, new: Any) -> str:
    """Return what a value is now and was; of a list, what has come and gone; of a table, its rows that are not the same."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        rows = [row for row in dict.fromkeys((*old, *new)) if _show_value(old.get(row)) != _show_value(new.get(row))]
        return "; ".join(f"{row}: {_show_value(new.get(row))} instead of {_show_value(old.get(row))}" for row in rows)
    if not isinstance(old, (list, tuple)) or not isinstance(new, (list, tuple)):
        return f"{_show_value(new)} instead of {_show_value(old)}"
    come, gone = ([str(each) for each in one if each not in other] for one, other in ((new, old), (old, new)))
    parts = [f"{word} {', '.join(names)}" for word, names in (("also", come), ("no longer", gone)) if names]
    return "; ".join(parts) or "in another order"


def _show_value(value: Any) -> str:
    """Show one value of a file in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "nothing"
    return "none" if value is None or value == "" else str(value)
