"""The columns that `councils` leaves out, of the tables that it fills."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from random import Random

from tests.oracle.adding import Cells, Columns
from tests.oracle.words import (
    ACCOMMODATION_SUITS,
    ACTIVITIES,
    DISTANCES,
    ENDS_OF_CARE,
    ENDS_OF_NEED,
    NUMBERS_OF_HOMES,
    OUTCOMES_OF_ASSESSMENTS,
    OUTCOMES_OF_CONTACTS,
    OUTCOMES_OF_REFERRALS,
)
from tests.oracle.written import NO_DATE, Cell, cased, coded, dressed, end, flag, start


def _coded(rng: Random, word: str) -> Cell:
    """Write a code alone or with words after it, and a description as it is."""
    return coded(rng, word) if word.isupper() else cased(rng, word)


def _contacts(rng: Random, as_of: date) -> Cells:
    return {"cont_contact_outcome_json": rng.choice(OUTCOMES_OF_CONTACTS)}


def _referrals(rng: Random, as_of: date) -> Cells:
    return {
        "cine_close_reason": _coded(rng, rng.choice(ENDS_OF_NEED)),
        "cine_referral_outcome_json": rng.choice(OUTCOMES_OF_REFERRALS),
    }


def _assessments(rng: Random, as_of: date) -> Cells:
    return {
        "cina_assessment_child_seen": flag(rng, 0.6) if rng.random() < 0.9 else None,
        "cina_assessment_outcome_nfa": flag(rng, 0.15),
        "cina_assessment_outcome_json": rng.choice(OUTCOMES_OF_ASSESSMENTS),
    }


def _care(rng: Random, as_of: date) -> Cells:
    return {"clae_cla_episode_ceased_reason": _coded(rng, rng.choice(ENDS_OF_CARE))}


def _placements(rng: Random, as_of: date) -> Cells:
    reasons = ("PLACE", "PLACE", "CHILD", "LAREQ", "somebody asked", "", "Change in the status of placement only")
    return {
        "clap_cla_placement_change_reason": _coded(rng, rng.choice(reasons)),
        "clap_cla_placement_urn": dressed(rng, rng.choice(NUMBERS_OF_HOMES)),
        "clap_cla_placement_distance": dressed(rng, rng.choice(DISTANCES)),
    }


def _permanence(rng: Random, as_of: date) -> Cells:
    return {
        "perm_placement_order_date": start(rng, as_of) if rng.random() < 0.3 else rng.choice(NO_DATE),
        "perm_matched_date": start(rng, as_of) if rng.random() < 0.2 else rng.choice(NO_DATE),
        "perm_placed_for_adoption_date": end(rng, as_of, 0.85),
        "perm_placed_ffa_cp_date": end(rng, as_of, 0.85),
        "perm_permanence_order_date": end(rng, as_of, 0.9),
        "perm_adopted_by_carer_flag": flag(rng, 0.1),
    }


def _involvements(rng: Random, as_of: date) -> Cells:
    reasons = (None, None, "ABSENC", "absence - cover", "left", "ABSENT", " Absenc\u00a0leave")
    return {"invo_worker_change_reason": rng.choice(reasons)}


def _visits(rng: Random, as_of: date) -> Cells:
    return {"cppv_cp_visit_seen_alone": flag(rng, 0.3) if rng.random() < 0.85 else None}


def _leavers(rng: Random, as_of: date) -> Cells:
    return {
        "clea_care_leaver_activity": cased(rng, rng.choice(ACTIVITIES)),
        "clea_care_leaver_accom_suitable": cased(rng, rng.choice(ACCOMMODATION_SUITS)),
    }


COLUMNS: Mapping[str, Columns] = {
    "ssd_contacts": _contacts,
    "ssd_cin_episodes": _referrals,
    "ssd_cin_assessments": _assessments,
    "ssd_cla_episodes": _care,
    "ssd_cla_placement": _placements,
    "ssd_permanence": _permanence,
    "ssd_involvements": _involvements,
    "ssd_cp_visits": _visits,
    "ssd_care_leavers": _leavers,
}
