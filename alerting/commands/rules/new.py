"""`alerting rules new`: a rule from a few answers."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

import click

from alerting.cli import build_app, today
from alerting.errors import ConfigError
from alerting.rulebook.file_models import LevelName, Role

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.authoring.new_rule import NewRule
    from alerting.authoring.rule_templates import Answers, Shape, Wanted
    from alerting.rulebook.file_models import Subject
    from alerting.rulebook.loader import Rulebook

_T = TypeVar("_T")
_DAYS = {"calendar": "every day counts", "working": "Monday to Friday, without bank holidays"}
_KINDS = {"statutory": "the law says so", "guidance": "guidance says so", "local": "the council has decided it"}


@click.command()
@click.option("--subject", help="Who it is about.")
@click.option("--title", help="What is wrong, in a few words.")
@click.option("--shape", help="Which of the common shapes it has.")
@click.option("--column", help="The column it looks at.")
@click.option("--days", help="How days are counted: calendar or working.")
@click.option("--since", help="Of nothing recorded: the date it is counted from, or none.")
@click.option("--level", help="Of nothing recorded, at once: amber or red.")
@click.option("--missing", help="Of a date too long ago: what no date means, unknown, amber or red.")
@click.option("--counts", help="Of a team's: what is counted, true, false, recorded or missing.")
@click.option("--at-least", help="Of a team's share: how many there must be.")
@click.option("--amber", help="The limit of amber, or none.")
@click.option("--red", help="The limit of red, or none.")
@click.option("--notify", multiple=True, metavar="LEVEL=ROLE,ROLE", help="Who is told at a level; once a level.")
@click.option("--basis", help="What is to be done, in a sentence.")
@click.option("--basis-kind", help="statutory, guidance or local.")
@click.option("--source", help="Where that is written down.")
@click.option("--owner", help="The role that answers for the rule.")
@click.option("--clears", help="What the record needs to show for an alert to clear.")
@click.option("--id", "id_", help="Its id, which is its file's name.")
@click.option("--code", help="Its short name.")
@click.option("--pack", default="local", show_default=True, help="The folder of rules it belongs to.")
@click.option("--job", type=click.Choice(["daily", "weekly", "monthly"]), default="daily", show_default=True)
@click.option("--review-by", type=click.DateTime(["%Y-%m-%d"]), help="When its owner looks at it again; in a year when left out.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given is as suggested.")
@click.pass_context
def command(
    ctx: click.Context, /, *, notify: Sequence[str], pack: str, job: str, yes: bool, review_by: Any, **given: str | None
) -> None:
    """Ask a few questions and write a rule: commented, checked, with examples that prove it."""
    from alerting.authoring.new_rule import compose

    app = build_app(ctx)
    folder = app.loaded.folder / app.loaded.config.rules.path
    _check_pack(app, pack)
    options = {name.rstrip("_").replace("_", "-"): answer for name, answer in given.items() if answer is not None}
    options |= {f"notify {level.strip()}": roles for level, _, roles in (entry.partition("=") for entry in notify)}
    asking = _Interview(given=options, yes=yes)
    new = _interview(asking, app.book, folder, pack, job, review_by.date() if review_by else today(app) + timedelta(days=365))
    text, proof = compose(app.book, new)
    path = folder / pack / f"{new.id}.yaml"
    asking.say("", "Its examples, as the rule itself answers them:", *(f"  {line}" for line in proof), "")
    if not folder.is_dir():
        click.echo(f"This council uses the rules that come with this version; they are copied to {folder.as_posix()}.", err=True)
    if not yes:
        click.confirm(f"Write {path.as_posix()}?", default=True, abort=True, err=True)
    _write(app, folder, path, text)
    click.echo(path.as_posix())
    asking.say(
        "From the next run on it is asked. Before that, look at it: `alerting rules test` tries its examples,",
        f"`alerting rules preview {new.code}` shows whom it would tell today; after a change, `alerting check` finds what is wrong.",
    )


def _check_pack(app: App, pack: str) -> None:
    packs = app.loaded.config.rules.packs
    if not re.fullmatch(r"[a-z][a-z0-9_]*", pack) or pack == "subjects":
        raise click.BadParameter("A pack is a folder named in small letters, digits and _.", param_hint="--pack")
    if packs is not None and pack not in packs:
        raise click.BadParameter(f"config.yaml does not use it: `rules: packs:` has {', '.join(packs)}.", param_hint="--pack")


def _write(app: App, folder: Path, path: Path, text: str) -> None:
    """Write the file where there is none, in the council's own folder of rules, which is made if need be. All or nothing."""
    from alerting.app import rules_folder

    made = next((each for each in (folder, path.parent) if not each.exists()), None)
    try:
        if made == folder:
            shutil.copytree(rules_folder(app.loaded), folder)
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path.as_posix()} is there already", remedy="Give the rule another --id.") from None
    except BaseException:
        if made:
            shutil.rmtree(made, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        raise


# ---------------------------------------------------------------- questions


@dataclass(frozen=True, kw_only=True)
class _Interview:
    """Questions, each answered by its option, with --yes by its suggestion, or else by the person until the answer will do.

    What reads an answer raises ValueError with the reason where it will not do.
    """

    given: Mapping[str, str]
    yes: bool
    asked: set[str] = field(default_factory=set)

    def ask(self, name: str, words: str, read: Callable[[str], _T], suggestion: str = "") -> _T:
        self.asked.add(name)
        option = _option(name)
        answer = self.given.get(name, suggestion if self.yes else None)
        if answer == "" and self.yes:
            raise click.UsageError(f"{option} is needed: {words[:1].lower()}{words[1:]}.")
        if answer is not None:
            try:
                return read(answer.strip())
            except ValueError as refused:
                raise click.BadParameter(str(refused), param_hint=option) from None
        while True:
            answer = str(click.prompt(words, default=suggestion, show_default=bool(suggestion), err=True))
            try:
                return read(answer.strip())
            except ValueError as refused:
                self.say(f"  {refused}")

    def choose(self, name: str, words: str, choices: Mapping[str, str], suggestion: str = "") -> str:
        """Let one of several be chosen, by its name or by its number in the list; one alone is chosen without a question."""
        if len(choices) == 1 and name not in self.given:
            [only] = choices
            self.say(f"{words}: {only}, the only one that fits.")
            return only
        if name not in self.given:
            width = max(map(len, choices))
            room = max(shutil.get_terminal_size().columns, 80) - width - 8
            listed = ((choice, textwrap.shorten(says, room, placeholder=" …")) for choice, says in choices.items())
            self.say("", *(f"  {number:>2}  {choice:<{width}}  {says}" for number, (choice, says) in enumerate(listed, 1)))
        return self.ask(name, words, lambda answer: _one_of(answer, choices), suggestion)

    def say(self, *lines: str) -> None:
        """Talk to the person, if there is one."""
        for line in () if self.yes else lines:
            click.echo(line, err=True)

    def check_all_asked(self) -> None:
        """Refuse an option that no question was about: somebody meant something by it."""
        for name in self.given.keys() - self.asked:
            raise click.UsageError(f"{_option(name)} has no part in this rule: leave it out, or choose another --shape.")


def _option(name: str) -> str:
    """Return the option that answers a question, as it is typed."""
    return f"--{name}{'=' if ' ' in name else ''}"


def _interview(asking: _Interview, book: Rulebook, folder: Path, pack: str, job: str, review_by: date) -> NewRule:
    """Ask everything a new rule needs."""
    from alerting.authoring.new_rule import NewRule, next_code, suggested_id
    from alerting.authoring.rule_templates import SHAPES, fitting

    subjects = {each.id: each.says.removeprefix("One row per ") for each in book.subjects.values()}
    subject = book.subjects[asking.choose("subject", "Who is it about", subjects)]
    title = asking.ask("title", "What is wrong, in a few words", _words(80))
    id_ = asking.ask("id", "Its id, which is its file's name", lambda answer: _free_id(answer, book, folder), suggested_id(title))
    code = asking.ask("code", "Its code", lambda answer: _free_code(answer, book), next_code(book, pack))
    shape = SHAPES[asking.choose("shape", "Which of these is it", {each.id: each.says for each in fitting(subject)})]
    answers = _answers(asking, subject, shape)
    notify = {level: _notify(asking, subject, shape, level) for level in answers.limits or (answers.at_once,)}
    basis = asking.ask("basis", "Why: what is to be done, in a sentence", _words(300))
    kind = asking.choose("basis-kind", "Who says so", _KINDS, "local")
    source = asking.ask("source", "Where is that written down", _words(200), "council standard" if kind == "local" else "")
    owner = asking.ask("owner", "Who answers for the rule (a role, not a name)", _words(80))
    clears = asking.ask("clears", "What clears an alert", _clearing(shape.make(answers).clears), shape.make(answers).clears)
    asking.check_all_asked()
    return NewRule(
        shape=shape, answers=answers, id=id_, code=code, title=title, owner=owner, basis_kind=kind, basis_text=basis,
        basis_source=source, notify=notify, review_by=review_by, job=job, clears=clears,
    )  # fmt: skip


def _answers(asking: _Interview, subject: Subject, shape: Shape) -> Answers:
    """Ask what the shape looks at, and its limits."""
    from alerting.authoring.rule_templates import Answers

    columns = {name: f"{subject.columns[name].says} ({subject.columns[name].type})" for name in shape.columns(subject)}
    column = asking.choose("column", "Which column tells", columns)
    since = _since(asking, subject, column) if shape.id == "nothing" else None
    if shape.id == "nothing" and since is None:
        level = asking.choose("level", "At which level", {"amber": "soon", "red": "now"}, "amber")
        return Answers(subject=subject, column=column, at_once=cast("LevelName", level))
    days = asking.choose("days", "How are days counted", _DAYS, "calendar") if shape.days else ""
    limits = _limits(asking, shape, "working days" if days == "working" else "days")
    missing = None
    if shape.id == "overdue":
        meant = {"unknown": "it tells nobody, and counts as unknown"} | {str(level): f"it is {level}" for level in limits}
        missing = asking.choose("missing", "What does it mean when no date is recorded", meant, "unknown")
    answers = Answers(
        subject=subject,
        column=column,
        limits=limits,
        working_days=days == "working",
        since=since,
        missing=next((level for level in limits if level == missing), None),
    )
    return _in_a_team(asking, answers, shape) if shape.per_team else answers


def _since(asking: _Interview, subject: Subject, column: str) -> str | None:
    dates = {name: each.says for name, each in subject.columns.items() if each.type == "date" and name != column}
    chosen = asking.choose("since", "Counted from which date", {"none": "at once, whatever the date", **dates}, "none")
    return None if chosen == "none" else chosen


def _limits(asking: _Interview, shape: Shape, unit: str) -> dict[LevelName, float]:
    """Ask the limits: at least one of the two."""
    limits: dict[LevelName, float] = {}
    questions: tuple[tuple[LevelName, str], ...] = (("amber", shape.amber), ("red", shape.red))
    for level, words in questions:
        may_be_none = level == "amber" or bool(limits)
        read = _limit(shape, level, dict(limits), may_be_none=may_be_none)
        value = asking.ask(level, words.format(unit=unit), read, "none" if may_be_none else "")
        if value is not None:
            limits[level] = value
    return limits


def _in_a_team(asking: _Interview, answers: Answers, shape: Shape) -> Answers:
    """Ask what is counted in a team."""
    boolean = answers.subject.columns[answers.column].type == "boolean"
    of_boolean = {"true": "it is so", "false": "it is not so"} if boolean else {}
    choices = {**of_boolean, "missing": "nothing is recorded", "recorded": "something is recorded"}
    counts = asking.choose("counts", "Count those where", choices, "true" if boolean else "missing")
    answers = replace(answers, wanted=cast("Wanted", counts))
    if shape.id != "share":
        return answers
    return replace(
        answers, at_least=asking.ask("at-least", "How many must there be in a team for a share to say much", _team, "10")
    )


def _notify(asking: _Interview, subject: Subject, shape: Shape, level: LevelName) -> tuple[Role, ...]:
    """Ask who is told at a level."""
    own = {"worker": subject.worker, "adviser": subject.adviser}
    roles = [role for role in get_args(Role) if role not in own or (own[role] and not shape.per_team)]
    suggestion = "performance" if subject.about == "service" else "team_manager"
    if f"notify {level}" not in asking.given:
        asking.say("", f"  The roles are: {', '.join(roles)}.")

    def read(answer: str) -> tuple[Role, ...]:
        found = [_one_of(part, dict.fromkeys(roles, "")) for part in re.split(r"[\s,]+", answer) if part]
        if not found:
            raise ValueError("Somebody has to be told.")
        return cast("tuple[Role, ...]", tuple(dict.fromkeys(found)))

    return asking.ask(f"notify {level}", f"Who is told at {level} (with commas between)", read, suggestion)


# ---------------------------------------------------------------- answers, read


def _one_of(answer: str, choices: Mapping[str, str]) -> str:
    from alerting.documents.document import did_you_mean

    names = list(choices)
    if answer.isdecimal() and 1 <= int(answer) <= len(names):
        return names[int(answer) - 1]
    if answer.lower() in choices:
        return answer.lower()
    said = f"'{answer}' is none of these. " if answer else ""
    raise ValueError(said + (did_you_mean(answer, names) or f"Choose one of: {', '.join(names)}."))


def _words(most: int) -> Callable[[str], str]:
    """Read what people say: one line, not empty, without the braces that messages fill in."""

    def read(answer: str) -> str:
        if not answer:
            raise ValueError("Something has to stand here.")
        if len(answer) > most:
            raise ValueError(f"That is {len(answer)} characters; {most} fit.")
        if re.search(r"[{}\x00-\x1f]", answer):
            raise ValueError("Plain words on one line, please; what is filled in can be written into the file later.")
        return answer

    return read


def _clearing(suggested: str) -> Callable[[str], str]:
    return lambda answer: answer if answer == suggested else _words(300)(answer)


def _free_id(answer: str, book: Rulebook, folder: Path) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", answer):
        raise ValueError("Write it in small letters, digits and dashes, such as visit-overdue.")
    if answer in book.ids or any(folder.glob(f"*/{answer}.yaml")):
        raise ValueError(f"There is a rule '{answer}' already, and an id is never used again.")
    return answer


def _free_code(answer: str, book: Rulebook) -> str:
    code = answer.upper()
    if not re.fullmatch(r"[A-Z]+-[0-9]+", code):
        raise ValueError("Write capital letters, a dash and a number, such as LOC-01.")
    owners = {rule.code: rule.id for rule in (*book.rules, *book.off)} | {broken.code: broken.id for broken in book.broken}
    if code in owners:
        raise ValueError(f"{code} is the code of {owners[code]}.")
    return code


def _limit(
    shape: Shape, level: LevelName, others: Mapping[LevelName, float], *, may_be_none: bool
) -> Callable[[str], float | None]:
    def read(answer: str) -> float | None:
        if answer.lower() == "none" and may_be_none:
            return None
        found = re.fullmatch(r"([0-9]{1,9}(?:[.][0-9]{1,4})?)(?: ?(?:working )?days?| ?%)?", answer)
        if not found:
            raise ValueError(f"Write a number{', or none' if may_be_none else ': without amber there must be red'}.")
        fault = shape.limit_fault(level, float(found[1]), others)
        if fault:
            raise ValueError(fault)
        return float(found[1])

    return read


def _team(answer: str) -> int:
    if not answer.isdecimal() or not 1 <= int(answer) <= 50:
        raise ValueError("Write a whole number from 1 to 50.")
    return int(answer)
