"""Drafts of rules, for those who look after them: written, checked, tried and released by two people. Only where config.yaml lets them.

A draft is kept in the store. What `alerting check` would say of it stands at its line; who would be told is counted by team. It becomes a
file of the council's own rules once somebody else who has signed in, and has read that very text, approves it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

from starlette.responses import Response

from alerting.alerts.acts import Request
from alerting.authoring import drafting
from alerting.authoring.differences import compare_rules
from alerting.authoring.draft import find_in_use
from alerting.authoring.examples import ExampleResult
from alerting.errors import AlertingError, Fault, HandlingError
from alerting.formatting import capital, plain, visible
from alerting.rulebook.loader import LOCAL_PACK
from alerting.store import acts, rule_drafts
from alerting.store.people import read_people
from alerting.store.rule_drafts import RuleDraft
from alerting.web import case_data
from alerting.web.approving import approve
from alerting.web.council import page_of
from alerting.web.sections import RULES
from alerting.web.shown import Shower
from alerting.web.try_page import preview_of, preview_values
from alerting.web.visits import Answering, Refusing, Then, Visit

DONE = {
    "save": "The draft is saved. Nobody is told of anything by it.",
    "ask": "A second person is asked to read it and to release it. Changed, it has to be asked for anew.",
    "withdraw": "The request is taken back: nobody can approve it any more.",
    "approve": "It is released: it is in the council's folder of rules, and counts from the next run on.",
    "discard": "The draft is discarded.",
}
"""What is said of what was done, by its name in the address."""
_LONGEST_NOTE = 2_000


@dataclass(frozen=True, kw_only=True)
class FaultShown:
    """Something that is wrong with a draft, and where."""

    is_error: bool
    #: Such as `Line 12`; the file where it is another one.
    where: str
    problem: str
    remedy: str
    #: The line itself.
    line: str


@dataclass(frozen=True, kw_only=True)
class ExampleShown:
    """An example of a draft, and what came of it."""

    says: str
    gives: str
    wrong: str


@dataclass(frozen=True, kw_only=True)
class WaitingRelease:
    """A release that waits for a second person."""

    number: int
    by: str
    on: date
    note: str
    is_own: bool


def when_drafts_are_written(answering: Answering) -> Answering:
    """Return what answers where config.yaml lets drafts be written, and that there is nothing there where it does not."""
    return lambda visit: answering(visit) if page_of(visit.app).drafts else visit.nothing_there()


def refused_when_written(refused: Refusing) -> Refusing:
    """Return the same of what is shown where something was not done."""
    return lambda visit, error: refused(visit, error) if page_of(visit.app).drafts else visit.nothing_there()


def show_drafts(visit: Visit) -> Response:
    """Show which drafts there are, and what one can begin with."""
    return _list(visit, done=DONE.get(visit.query.get("done", ""), ""))


def show_not_begun(visit: Visit, error: HandlingError) -> Response:
    """Show the same to somebody who wanted a draft begun that was not, with why."""
    return _list(visit, wrong=f"{capital(error.problem)}.")


def begin_draft(visit: Visit) -> Response:
    """Begin a draft. Raises HandlingError where there can be none."""
    form = visit.form
    try:
        begun = drafting.begin(
            visit.app, form.get("code", ""), beside=form.get("how") == "beside", title=form.get("title", "").strip() or None
        )
    except HandlingError:
        raise
    except AlertingError as error:
        raise HandlingError(error.problem) from None
    drafting.place_of(visit.app, begun.rule)
    number = rule_drafts.begin(visit.connection, begun.rule, begun.text, begun.based_on, visit.reader.actor, visit.now)
    return visit.go_to(f"{RULES.path}/drafts/{number}")


def show_draft(visit: Visit) -> Response:
    """Show one draft with what is wrong with it."""
    draft = _find(visit)
    return _page(visit, draft, done=DONE.get(visit.query.get("done", ""), "")) if draft else visit.nothing_there()


def show_draft_refused(visit: Visit, error: HandlingError) -> Response:
    """Show a draft to somebody who wanted to do something to it that was not done, with why; and what they had written."""
    draft = _find(visit)
    if draft is None:
        return visit.nothing_there()
    return _page(visit, draft, wrong=f"{capital(error.problem)}.", written=visit.form.get("text"))


def act_on_draft(visit: Visit) -> Response | Then:
    """Do to a draft what a form asks for. Raises HandlingError where it may not be done, and then nothing is.

    Whether it is sound is looked at first, as that takes seconds, in which others write. A release is kept before its file is
    written: cut short between the two, its page says so and writes it; the other way round a rule counted that nobody had released.
    """
    doing, draft = _ACTS.get(visit.path["act"]), _find_unchanged(visit)
    if doing is None or draft is None:
        return visit.nothing_there()
    if doing.must_be_sound:
        drafting.must_be_sound(visit.app, draft, visit.today)
    return Then(do=partial(_keep, doing), to_write=True)


def _keep(doing: _Act, visit: Visit) -> Response | Then:
    draft = _find_unchanged(visit, to_change=True)
    if draft is None:
        return visit.nothing_there()
    doing.keep(visit, draft)
    if doing.is_written:
        return Then(do=_write, to_write=False)
    act = visit.path["act"]
    return visit.go_to(f"{RULES.path}/drafts{'' if act == 'discard' else f'/{draft.id}'}?done={act}")


def _find_unchanged(visit: Visit, *, to_change: bool = False) -> RuleDraft | None:
    draft = _find(visit, to_change=to_change)
    if draft is not None and visit.form.get("mark") != draft.mark:
        raise HandlingError("somebody has changed it since you opened it: look at it as it is now")
    return draft


def show_draft_tried(visit: Visit) -> Response:
    """Show how many a draft would meet today, by team, beside the rule that it stands for."""
    draft = _find(visit)
    if draft is None:
        return visit.nothing_there()
    rule = drafting.check_text(visit.app, draft.rule, draft.text, visit.today).rule
    found, why_not = (None, "it has faults, which come first")
    if rule is not None:
        found, why_not = case_data.ask(visit, lambda app, today: preview_of(app, rule, today))
    return visit.show(
        "draft_tried.html", here=RULES.path, number=draft.id, rule=draft.rule, why_not=why_not, **preview_values(found)
    )


# ---------------------------------------------------------------------- shown


def _list(visit: Visit, *, done: str = "", wrong: str = "") -> Response:
    shower = _shower(visit)
    rules = sorted(visit.app.book.every, key=lambda rule: rule.code)
    return visit.show(
        "drafts.html",
        status=409 if wrong else 200,
        here=RULES.path,
        drafts=[
            (one.id, one.rule, shower.name(one.by) or one.by, one.at.date(), _stands(visit, one))
            for one in rule_drafts.every(visit.connection)
        ],
        rules=[(rule.code, plain(rule.title)) for rule in rules],
        chosen=visit.query.get("code", visit.form.get("code", "")),
        given=visit.form if wrong else {},
        done=done,
        wrong=wrong,
    )


def _page(visit: Visit, draft: RuleDraft, *, done: str = "", wrong: str = "", written: str | None = None) -> Response:
    checked = drafting.check_text(visit.app, draft.rule, draft.text, visit.today)
    in_use = find_in_use(visit.app.book, checked.rule) if checked.rule else None
    text = draft.text if written is None else _as_written(written)
    return visit.show(
        "draft.html",
        status=409 if wrong else 200,
        here=RULES.path,
        draft=draft,
        by=_shower(visit).name(draft.by) or draft.by,
        text=text,
        is_saved=text == draft.text,
        longest=drafting.LONGEST,
        faults=[_fault(one, draft) for one in checked.faults],
        examples=[_example(one) for one in checked.examples],
        in_use=in_use.code if in_use else "",
        differences=[f"{one.key}: {plain(one.says, 400)}" for one in compare_rules(in_use, checked.rule)]
        if in_use and checked.rule
        else (),
        can_be_tried=checked.rule is not None,
        is_sound=checked.is_sound,
        is_released=rule_drafts.is_released(visit.connection, draft),
        waiting=_waiting_shown(visit, draft),
        done=done,
        wrong=wrong,
    )


def _stands(visit: Visit, draft: RuleDraft) -> str:
    if rule_drafts.is_released(visit.connection, draft):
        return "It is released, and not yet in the folder of rules"
    return "It waits for a second person" if _waiting(visit, draft) else ""


def _find(visit: Visit, *, to_change: bool = False) -> RuleDraft | None:
    given = visit.path["draft"]
    if not (given.isascii() and given.isdigit() and len(given) < len(str(2**31))):
        return None
    if to_change:
        rule_drafts.hold(visit.connection, int(given))
    return rule_drafts.find(visit.connection, int(given))


def _fault(fault: Fault, draft: RuleDraft) -> FaultShown:
    place = fault.where
    line = f"Line {place.line}" if place and place.line else ""
    is_own = place is not None and place.file.endswith(f"/{LOCAL_PACK}/{draft.rule}.yaml")
    file = "" if place is None or is_own else place.file.rsplit("/", 1)[-1]
    return FaultShown(
        is_error=fault.severity == "error",
        where=", ".join(part for part in (file, line) if part),
        problem=plain(fault.problem, 500),
        remedy=plain(fault.remedy, 500),
        line=visible(place.excerpt.line[:300]) if place and place.excerpt and is_own else "",
    )


def _example(one: ExampleResult) -> ExampleShown:
    why = f" ({one.why})" if one.wrong and one.why else ""
    return ExampleShown(says=plain(one.example.says, 200), gives=one.example.gives, wrong=plain(f"{one.wrong}{why}", 500))


def _waiting(visit: Visit, draft: RuleDraft) -> Request | None:
    request = rule_drafts.request_of(visit.connection, draft)
    return request if request and visit.app.last_day_of_request(request.at.date()) >= visit.today else None


def _waiting_shown(visit: Visit, draft: RuleDraft) -> WaitingRelease | None:
    request = _waiting(visit, draft)
    if request is None:
        return None
    people = read_people(visit.connection, visit.app.loaded.config.council.administrators)
    return WaitingRelease(
        number=request.id,
        by=plain(request.by.name),
        on=request.at.date(),
        note=plain(request.note, 400),
        is_own=people.are_same(request.by.id, visit.reader.actor.id),
    )


def _shower(visit: Visit) -> Shower:
    return Shower(app=visit.app, scope=visit.scope, today=visit.today)


# ---------------------------------------------------------------------- done


def _save(visit: Visit, draft: RuleDraft) -> None:
    text = _as_written(visit.form.get("text", ""))
    if not text.strip() or len(text) > drafting.LONGEST:
        raise HandlingError(f"a draft has some text, and at most {drafting.LONGEST:,} characters")
    _must_not_be_released(visit, draft)
    if text != draft.text:
        rule_drafts.save(visit.connection, draft, text, visit.reader.actor, visit.now)


def _ask(visit: Visit, draft: RuleDraft) -> None:
    note = visit.form.get("note", "").strip()[:_LONGEST_NOTE]
    if not note:
        raise HandlingError("say why")
    _must_not_be_released(visit, draft)
    # One that nobody approved in time would be in the way until the next run ends it.
    acts.lapse(visit.connection, visit.app.last_day_of_request, visit.today, visit.now)
    rule_drafts.ask(visit.connection, draft, visit.reader.actor, visit.now, note=note)


def _approve(visit: Visit, draft: RuleDraft) -> None:
    request = _waiting(visit, draft)
    if request is None:
        raise HandlingError("nobody asks any more for it to be released as it is")
    drafting.must_be_in_place(visit.app, draft)
    approve(visit, request, is_draft_read=True)


def _write(visit: Visit) -> Response | Then:
    """Write the file of a draft that is released, and let go of the draft then."""
    draft = _find_unchanged(visit)
    if draft is None:
        return visit.nothing_there()
    _must_be_released(visit, draft)
    drafting.write(visit.app, draft)
    visit.council.read_anew()
    return Then(do=_let_go, to_write=True)


def _let_go(visit: Visit) -> Response:
    draft = _find(visit, to_change=True)
    if draft is not None:
        rule_drafts.delete(visit.connection, draft)
    return visit.go_to(f"{RULES.path}/drafts?done=approve")


def _withdraw(visit: Visit, draft: RuleDraft) -> None:
    request = _waiting(visit, draft)
    if request is None:
        raise HandlingError("nobody asks any more for it to be released")
    acts.withdraw(visit.connection, request.id, visit.reader.actor, visit.now)


def _discard(visit: Visit, draft: RuleDraft) -> None:
    rule_drafts.discard(visit.connection, draft, visit.reader.actor, visit.now)


def _must_be_released(visit: Visit, draft: RuleDraft) -> None:
    if not rule_drafts.is_released(visit.connection, draft):
        raise HandlingError("it is not released as it is")


def _must_not_be_released(visit: Visit, draft: RuleDraft) -> None:
    if rule_drafts.is_released(visit.connection, draft):
        raise HandlingError("it is released already: write it into the folder of rules, or discard it")


def _as_written(text: str) -> str:
    """Return a text of a form with the ends of lines that files have."""
    found = text.replace("\r\n", "\n").replace("\r", "\n")
    return found if found.endswith("\n") or not found else f"{found}\n"


@dataclass(frozen=True, kw_only=True)
class _Act:
    """Something that can be done to a draft."""

    #: Does it in the store. Raises HandlingError where it may not be done.
    keep: Callable[[Visit, RuleDraft], None]
    #: Whether it takes a draft without faults.
    must_be_sound: bool = False
    #: Whether its file is written then.
    is_written: bool = False


_ACTS: Mapping[str, _Act] = {
    "save": _Act(keep=_save),
    "ask": _Act(keep=_ask, must_be_sound=True),
    "approve": _Act(keep=_approve, must_be_sound=True, is_written=True),
    "write": _Act(keep=_must_be_released, must_be_sound=True, is_written=True),
    "withdraw": _Act(keep=_withdraw),
    "discard": _Act(keep=_discard),
}
"""What can be done to a draft, by its name in the address."""
