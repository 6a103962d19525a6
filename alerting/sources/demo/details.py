"""What later parts of the SSD say of what happened: outcomes, factors, homes, times of going missing, scores, statuses.

Each part has a stream of chances of its own, so that what was there before stays as it was.
"""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from random import Random

from alerting.sources.demo.books import Books
from alerting.sources.demo.ledger import Cell

_FACTORS = (
    *("3B",) * 20, *("4B",) * 18, *("3A",) * 14, *("2B",) * 9, *("18B",) * 9, *("1B",) * 8, *("4A",) * 8, *("16A",) * 7,
    *("18C",) * 7, *("5A",) * 6, *("20",) * 5, *("13A",) * 3, *("12A",) * 2, "19B", "19C", "11A", "24A", "8B", "9A",
)  # fmt: skip
_WHY_CHANGED = ("TSPROC",) * 5 + ("LEFTRL",) * 3 + ("ORGRST", "MANAGE", "FCONTA", "ABSENC")
_STATUSES = ("UASC", "Unaccompanied Asylum Seeking Child (UASC)", "Asylum seeker", "Limited leave to remain", "Refugee status")
_WORDS = ("the family asked for advice", "seen at home with a sister", 'the school said "all is well"')
_YEAR = 365
_MORE_SERIOUS, _SERIOUS = 0.2, "4B"
"""Of assessments authorised from some day on, that find this factor where they had not before."""
_SERIOUS_BEFORE = 91
"""So many days before the start day that is at a large council; at another it is on the start day."""
_REVERSED_EVERY = 56
"""Days from one plan for adoption that is reversed to the next."""
_UNMATCHED, _UNMATCHED_DAYS = 2, 130
"""Children in care at a council of 3,000 whom nobody is matched with, so many days after the order by which they may be adopted."""


def write_details(books: Books) -> None:
    """Write all of it into the ledgers of a council whose lives have been lived."""
    for write in (
        _outcomes,
        _conferences,
        _factors,
        _homes,
        _missing,
        _changes,
        _scores,
        _adoptions,
        _reversals,
        _unmatched,
        _statuses,
        _pre_proceedings,
    ):
        write(books, books.chances(write.__name__))


def _said(chance: Random, **answers: str) -> str:
    """Return an outcome as a case system writes it; now and then with comments, and then cut somewhere."""
    pick = chance.random()
    if pick < 0.7:
        return _as_json(tuple(answers.items()))
    text = _as_json((*answers.items(), ("COMMENTS", _WORDS[int(pick * 100) % len(_WORDS)])))
    return text if pick < 0.94 else text[: len(text) - int(chance.random() * 12)]


@cache
def _as_json(answers: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(dict(answers))


def _outcomes(books: Books, chance: Random) -> None:
    for place, _, _ in books.ledgers["ssd_contacts"].rows():
        known = "Y" if chance.random() < 0.22 else "N"
        said = _said(chance, NEW_REFERRAL_FLAG="N", EXISTING_REFERRAL_FLAG=known, NFA_FLAG="N")
        books.ledgers["ssd_contacts"].rewrite(place, "cont_contact_outcome_json", said)
    for place, _, row in books.ledgers["ssd_cin_episodes"].rows():
        flag = "Y" if chance.random() < 0.01 else "N"
        nfa = row["cine_referral_nfa"] or "N"
        said = _said(chance, CARE_LEAVER_FLAG=flag, PRIVATE_FOSTERING_FLAG="N", NFA_FLAG=nfa)
        books.ledgers["ssd_cin_episodes"].rewrite(place, "cine_referral_outcome_json", said)
    for place, _, row in books.ledgers["ssd_cin_assessments"].rows():
        authorised = row["cina_assessment_auth_date"]
        if authorised and not authorised.startswith("1900"):
            said = _said(chance, NFA_FLAG=row["cina_assessment_outcome_nfa"] or "N")
            books.ledgers["ssd_cin_assessments"].rewrite(place, "cina_assessment_outcome_json", said)


def _conferences(books: Books, chance: Random) -> None:
    conferences = books.ledgers["ssd_initial_cp_conference"]
    held = {str(row["icpc_s47_enquiry_id"]) for _, _, row in conferences.rows()}
    begun: dict[str, int] = {}
    enquiries = books.ledgers["ssd_s47_enquiry"]
    for place, _, row in enquiries.rows():
        identifier = str(row["s47e_s47_enquiry_id"])
        begun[identifier] = day_of(row["s47e_s47_start_date"])
        decided = identifier in held or (row["s47e_s47_nfa"] != "Y" and chance.random() < 0.02)
        enquiries.rewrite(place, "s47e_s47_outcome_json", _said(chance, CP_CONFERENCE_FLAG="Y" if decided else "N"))
    teams = [
        row["team_id"] for _, _, row in books.ledgers["ext_team"].rows() if row["service"] in ("assessment", "help_protection")
    ]
    for place, _, row in conferences.rows():
        target = books.days.after(begun[str(row["icpc_s47_enquiry_id"])], 15)
        cells = {
            "icpc_icpc_transfer_in": "N",
            "icpc_icpc_target_date": books.days.text(target),
            "icpc_icpc_team": chance.choice(teams),
        }
        for column, cell in cells.items():
            conferences.rewrite(place, column, cell)


def _factors(books: Books, chance: Random) -> None:
    ledger, more = books.ledgers["ssd_assessment_factors"], books.chances("more serious")
    since = books.start - (_SERIOUS_BEFORE if books.large else 0)
    for _, shown, row in books.ledgers["ssd_cin_assessments"].rows():
        authorised = row["cina_assessment_auth_date"]
        if not authorised or authorised.startswith("1900") or chance.random() < 0.08:
            continue
        found = {chance.choice(_FACTORS) for _ in range(1 + int(chance.random() ** 2 * 6))}
        if day_of(authorised) >= since and more.random() < _MORE_SERIOUS:
            found.add(_SERIOUS)
        codes = sorted(found)
        text = json.dumps(codes) if chance.random() < 0.9 else json.dumps(dict.fromkeys(codes, "Yes"))
        ledger.add(max(shown, day_of(authorised) + 1), (ledger.next_id(), row["cina_assessment_id"], text))


def _homes(books: Books, chance: Random) -> None:
    ledger = books.ledgers["ssd_cla_placement"]
    for place, _, _ in ledger.rows():
        number = (
            f"SC{100_000 + int(chance.random() * 899_999)}"
            if chance.random() < 0.7
            else f"{1_000_000 + int(chance.random() * 8_999_999)}"
        )
        ledger.rewrite(place, "clap_cla_placement_urn", None if chance.random() < 0.03 else number)
        miles = 999.9 if chance.random() < 0.03 else round(chance.lognormvariate(1.9, 1.0), 1)
        ledger.rewrite(place, "clap_cla_placement_distance", f"{miles:g}")


def _missing(books: Books, chance: Random) -> None:
    ledger = books.ledgers["ssd_missing"]
    for place, _, row in ledger.rows():
        starts = row["miss_missing_episode_start_date"]
        if starts and chance.random() < 0.9:
            hour = (18 + int(chance.random() * 12)) % 24
            ledger.rewrite(place, "miss_missing_episode_start_date", f"{starts} {hour:02d}:{int(chance.random() * 60):02d}")
        ledger.rewrite(place, "miss_missing_episode_type", "Missing from care" if chance.random() < 0.85 else "A")
        offered = "Y" if chance.random() < 0.72 else "NA" if chance.random() < 0.15 else "N"
        ledger.rewrite(place, "miss_missing_rhi_offered", offered)
        ledger.rewrite(place, "miss_missing_rhi_accepted", "Y" if offered == "Y" and chance.random() < 0.7 else "N")


def _changes(books: Books, chance: Random) -> None:
    ledger = books.ledgers["ssd_involvements"]
    for place, _, row in ledger.rows():
        if row["invo_involvement_end_date"]:
            ledger.rewrite(place, "invo_worker_change_reason", chance.choice(_WHY_CHANGED))


def _scores(books: Books, chance: Random) -> None:
    ledger, known = books.ledgers["ssd_sdq_scores"], first_known(books)
    for person, entered, left in periods_of_care(books):
        day = entered + int(chance.random() * 300)
        while day < min(left, books.last):
            if day > books.since and chance.random() < 0.86:
                score = min(40, max(0, round(chance.gauss(14.5, 7))))
                ledger.add(
                    max(known[person], books.days.working(day)), (ledger.next_id(), person, books.days.text(day), str(score))
                )
            day += 300 + int(chance.random() * 90)


def _adoptions(books: Books, chance: Random) -> None:
    ledger = books.ledgers["ssd_permanence"]
    for place, shown, row in ledger.rows():
        decided = day_of(row["perm_adm_decision_date"] or "")
        order = decided + 25 + int(chance.random() * 60)
        if not decided or order > books.last:
            continue
        steps = {"perm_placement_order_date": order, "perm_matched_date": order + 40 + int(chance.expovariate(1 / 110))}
        steps["perm_placed_for_adoption_date"] = steps["perm_matched_date"] + 8 + int(chance.expovariate(1 / 18))
        for column, day in steps.items():
            if day <= books.last and chance.random() < 0.95:
                ledger.change(max(shown, day + 1), place, column, books.days.text(day))
        ledger.rewrite(place, "perm_adopted_by_carer_flag", "N")


def _reversals(books: Books, chance: Random) -> None:
    """Reverse a plan for adoption now and then, the first three days before the start day, at a large council eight after it."""
    ledger, periods = books.ledgers["ssd_permanence"], periods_of_care(books)
    for day in range(books.start + (8 if books.large else -3), books.last, _REVERSED_EVERY):
        in_care = {person for person, entered, left in periods if entered < day < left}
        plans = [
            place
            for place, _, row in ledger.rows()
            if row["perm_person_id"] in in_care
            and not row["perm_decision_reversed_date"]
            and day_of(row["perm_adm_decision_date"]) > 0
            and max(day_of(cell) for name, cell in row.items() if name.endswith("_date")) < day
        ]
        for place in chance.sample(plans, min(len(plans), max(1, round(books.scale)))):
            ledger.change(day + 1, place, "perm_decision_reversed_date", books.days.text(day))


def _unmatched(books: Books, chance: Random) -> None:
    """Leave a few children in care waiting for a match, long after the order by which they may be adopted."""
    ledger = books.ledgers["ssd_permanence"]
    entered = {person: first for person, first, left in periods_of_care(books) if first < books.start and left > books.last}
    plans = [
        (place, row)
        for place, _, row in ledger.rows()
        if row["perm_person_id"] in entered
        and not row["perm_decision_reversed_date"]
        and entered[str(row["perm_person_id"])] <= day_of(row["perm_adm_decision_date"]) < books.start - _UNMATCHED_DAYS - 30
    ]
    for place, row in chance.sample(plans, min(len(plans), max(1, round(_UNMATCHED * books.scale)))):
        ordered = day_of(row["perm_placement_order_date"]) or day_of(row["perm_adm_decision_date"]) + 30
        ordered = min(ordered, books.start - _UNMATCHED_DAYS)
        ledger.change(ordered + 1, place, "perm_placement_order_date", books.days.text(ordered))
        for column in ("perm_matched_date", "perm_placed_for_adoption_date"):
            # Of two changes on one day the later one counts.
            if happened := day_of(row[column]):
                ledger.change(happened + 1, place, column, None)


def _statuses(books: Books, chance: Random) -> None:
    ledger, known = books.ledgers["ssd_immigration_status"], first_known(books)
    teenagers = [
        (person, entered) for person, entered, left in periods_of_care(books) if left > books.earliest and entered > books.since
    ]
    for person, entered in chance.sample(teenagers, len(teenagers) // 6):
        ends = entered + 500 + int(chance.random() * 600)
        text = books.days.text(ends) if chance.random() < 0.5 else None
        cells = (ledger.next_id(), person, books.days.text(entered), text, chance.choice(_STATUSES))
        ledger.add(max(known[person], books.days.working(entered, 2)), cells)


def _pre_proceedings(books: Books, chance: Random) -> None:
    ledger, known = books.ledgers["ssd_pre_proceedings"], first_known(books)
    plans = [row for _, _, row in books.ledgers["ssd_cp_plans"].rows() if not row["cppl_cp_plan_end_date"]]
    chosen = chance.sample(plans, len(plans) // 7)
    for number, row in enumerate(chosen):
        when = chance.random()
        # Of a large council's, which are many, some are at every stage.
        when = (number + when) / len(chosen) if books.large else when
        decided = max(day_of(row["cppl_cp_plan_start_date"]) + 30, books.start - 150 + int(when * 200))
        if decided > books.last:
            continue
        letter, meeting = decided + 4 + int(chance.random() * 6), decided + 12 + int(chance.random() * 16)
        dates = [books.days.text(decided), books.days.text(meeting), books.days.text(letter)]
        place = ledger.add(max(known[row["cppl_person_id"]], decided + 1), (ledger.next_id(), row["cppl_person_id"], *dates))
        over = decided + 60 + int(chance.random() * 70)
        if chance.random() < 0.55 and over <= books.last:
            ended = ("prep_care_pro_letter_date", "prep_agree_stepdown_issue_date")[int(chance.random() * 2)]
            ledger.change(over + 1, place, ended, books.days.text(over))


def periods_of_care(books: Books) -> list[tuple[str, int, int]]:
    """Return each period of care: the child, when it began, and when its last episode ended, or the last day there is."""
    found: dict[tuple[Cell, Cell], tuple[int, int]] = {}
    for _, _, row in books.ledgers["ssd_cla_episodes"].rows():
        key = (row["clae_person_id"], row["clae_cla_id"])
        began = day_of(row["clae_entered_care_date"] or row["clae_cla_episode_start_date"])
        ceased = row["clae_cla_episode_ceased_date"]
        ends = day_of(ceased) if ceased and not ceased.startswith("9999") else books.last + 1
        first, last = found.get(key, (began, ends))
        found[key] = (min(first, began), max(last, ends))
    return [(str(person), first, last) for (person, _), (first, last) in found.items()]


def first_known(books: Books) -> dict[Cell, int]:
    """Return the day on which each person is first there."""
    ledger = books.ledgers["ssd_person"]
    return {cells[0]: shown for shown, cells in map(ledger.row, range(len(ledger)))}


def day_of(text: Cell) -> int:
    return date.fromisoformat(text[:10]).toordinal() if text else 0
