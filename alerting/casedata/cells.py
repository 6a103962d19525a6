"""How one cell of text is read, as SQL: the same readings for the cells of a table and for the functions shared with subjects.

    date    YYYY-MM-DD, YYYY/MM/DD, DD/MM/YYYY or DD-Mon-YYYY, day first always, with or without a time and the time's zone;
            with a zone, the day that it was in England
    number  digits, with a minus and a fraction if need be
    flag    yes, no, or a word that is neither, which cannot be read

What stands for nothing (`place-holders` anywhere, `nothing_words` where an id, a role, a date or a number belongs) is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

# Letters themselves, in quotes: joined by chr() they would be put together anew wherever a cell is read.
SPACE = "' \t\n\r\f\v\u00a0'"
AROUND = "^[ \\t-\\r\\x{a0}]|[ \\t-\\r\\x{a0}]$"  # a cell that one of these begins or ends
WHITE = r"[\s\v\x1c-\x1f\x{85}\p{Z}]+"  # all that Python's split takes for white space
TYPOGRAPHIC = "'\u00a0\u2018\u2019\u2013\u2014'"

WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "yes_words": ("y", "yes", "1", "1.0", "-1", "true", "t", "a) yes"),
        "no_words": ("n", "no", "0", "0.0", "false", "f", "b) no"),
        "nothing_words": ("n/a", "na", "nan", "nat", "none", "none.", "tbc", "-", "?", "#ref!", "(blank)"),
    }
)
"""What a flag says yes and no by, and what is nothing where an id, a role, a date or a number belongs, unless the council sets others."""

_PLACE_HOLDERS = ("", "null", "ssd_ph", "placeholder_data", "#n/a")
_NO_IDS = ("-1", "0", "-1.0", "0.0")

_MINUTES = r"[ T]([01]?\d|2[0-3]):[0-5]\d"
_SECONDS = r"[ T]([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.]\d+)?"
_ZONE = r"(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)"
_TIME = rf"(({_MINUTES}|{_SECONDS}){_ZONE}?)?"
_ISO = rf"\d{{4}}-\d{{2}}-\d{{2}}{_TIME}"
_YEAR_FIRST = r"(\d{4})/(\d{1,2})/(\d{1,2})"
_DAY_FIRST = r"(\d{1,2})/(\d{1,2})/(\d{4})"
_NAMED = r"(\d{1,2})-([A-Za-z]{3})-(\d{4})"
_COMMENTS = r'(?is)"(OUTCOME_)?COMMENTS".*'
_MONTHS = "['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']"


def variables(params: Mapping[str, object]) -> dict[str, object]:
    """Return the lists of words by which cells are read, by their names in SQL. params: with a council's own, in place of `WORDS`.

    A variable, as the engine would look each word of a list in SQL up by a join of its own.
    """
    words = {**WORDS, **{name: params[name] for name in WORDS if name in params}}
    nothing = (*_PLACE_HOLDERS, *cast("Sequence[str]", words["nothing_words"]))
    return {**words, "place_holders": _PLACE_HOLDERS, "stand_for_nothing": nothing, "stand_for_no_id": (*nothing, *_NO_IDS)}


def clean(cell: str) -> str:
    """Write a cell without the white space around it; null where a place-holder stands."""
    return f"CASE WHEN NOT {_is_one_of(f'lower({cell})', 'place_holders')} THEN {cell} END"


def identifier(cell: str) -> str:
    """Write a stripped cell as an id; null where it stands for nothing."""
    # The length first: it spares a look-up where an id is longer than all that stands for nothing.
    return f"CASE WHEN length({cell}) < 17 AND {_is_one_of(f'lower({cell})', 'stand_for_no_id')} THEN NULL ELSE {cell} END"


def word(cell: str) -> str:
    """Write a stripped cell as a word; null where it stands for nothing."""
    return f"CASE WHEN NOT {_is_one_of(f'lower({cell})', 'stand_for_nothing')} THEN {cell} END"


def norm(cell: str) -> str:
    """Write a cell in the form in which words are compared."""
    return f"trim(regexp_replace(lower(translate({cell}, {TYPOGRAPHIC}, ' ''''--')), '{WHITE}', ' ', 'g'))"


def parsed(kind: str, cell: str) -> str:
    """Write what a stripped cell of a number or a flag says; null where that cannot be read."""
    if kind == "number":
        return f"CASE WHEN regexp_full_match({cell}, '-?[0-9]+([.][0-9]+)?') THEN try_cast({cell} AS DOUBLE) END"
    word = norm(cell)
    return f"CASE WHEN {_is_one_of(word, 'yes_words')} THEN true WHEN {_is_one_of(word, 'no_words')} THEN false END"


def moments(query: str) -> str:
    """Write the query that reads the stripped `cell` of a query as a moment, as `shown`: what the clocks in England showed.

    Beside it, whether the cell is `zoned`, and the `instant` that it then says. Null where the cell cannot be read.
    """
    forms = f"SELECT *, {_iso('cell')} AS iso, {_is_zoned('cell')} AS zoned FROM ({query})"
    instants = f"SELECT *, CASE WHEN zoned THEN try_cast(iso AS TIMESTAMPTZ) END AS instant FROM ({forms})"
    shown = "CASE WHEN zoned THEN timezone('Europe/London', instant) ELSE try_cast(iso AS TIMESTAMP) END"
    return f"SELECT *, {shown} AS shown FROM ({instants})"


def at() -> str:
    """Write the minute, in UTC, that a row of `moments` says: the end of the day where its cell has no time, or 00:00."""
    day = "real_day(CAST(shown AS DATE))"
    when = "CASE WHEN zoned THEN timezone('UTC', instant) ELSE from_london(shown) END"
    has_time = "regexp_matches(cell, ':') AND NOT regexp_matches(cell, '[ T]0?0:00')"
    return f"CASE WHEN {day} IS NULL THEN NULL WHEN {has_time} THEN date_trunc('minute', {when}) ELSE end_of({day}) END"


def at_of(moment: str, exactly: str | None = None) -> str:
    """Write the same of what is a time in England already, or a day: the end of its day where it is at midnight.

    exactly: the same in UTC, where it is of a zone: of an hour that England had twice it says which.
    """
    day = f"real_day(CAST({moment} AS DATE))"
    minute = f"date_trunc('minute', CAST({moment} AS TIMESTAMP))"
    when = f"date_trunc('minute', {exactly})" if exactly else f"from_london({minute})"
    return f"CASE WHEN {day} IS NULL THEN NULL WHEN {minute} > CAST({moment} AS DATE) THEN {when} ELSE end_of({day}) END"


def applies_not(cell: str) -> str:
    """Write whether a stripped cell of a flag says that it does not apply."""
    return f"coalesce({norm(cell)} = 'na', false)"


def told(cell: str) -> str:
    """Write a cell of an outcome up to where its comments begin, which are not kept."""
    return f"regexp_replace({clean(cell)}, '{_COMMENTS}', '')"


def is_bad(kind: str, cell: str, value: str) -> str:
    """Write whether a cell that is not null is there and cannot be read. value: what it was read as."""
    return f"{value} IS NULL AND NOT {_is_one_of(f'lower({cell})', 'place_holders' if kind == 'flag' else 'stand_for_nothing')}"


def _iso(cell: str) -> str:
    """Write a cell with its day as YYYY-M-D before its time; null where it is no date in any of the forms."""
    month = f"list_position({_MONTHS}, lower(regexp_extract({cell}, '-([A-Za-z]{{3}})-', 1)))"
    named = f"regexp_extract({cell}, '-(\\d{{4}})', 1) || '-' || {month} || '-' || regexp_replace({cell}, '-[A-Za-z]{{3}}-\\d{{4}}', '')"
    return (
        f"CASE WHEN regexp_full_match({cell}, '{_ISO}') THEN {cell}"
        f" WHEN regexp_full_match({cell}, '{_DAY_FIRST}{_TIME}') THEN regexp_replace({cell}, '^{_DAY_FIRST}', '\\3-\\2-\\1')"
        f" WHEN regexp_full_match({cell}, '{_YEAR_FIRST}{_TIME}') THEN regexp_replace({cell}, '^{_YEAR_FIRST}', '\\1-\\2-\\3')"
        f" WHEN regexp_full_match({cell}, '{_NAMED}{_TIME}') THEN {named} END"
    )


def _is_zoned(cell: str) -> str:
    return f"regexp_matches({cell}, ':.*{_ZONE}$')"


def is_nothing(cell: str) -> str:
    """Write whether a stripped cell of an id, a role, a date or a number holds a word that stands for nothing."""
    return _is_one_of(f"lower({cell})", "nothing_words")


def _is_one_of(word: str, words: str) -> str:
    return f"list_contains(getvariable('{words}'), {word})"


MACROS = f"""
CREATE MACRO stripped(x) AS trim(x, {SPACE});
CREATE MACRO clean(x) AS {clean("stripped(x)")};
CREATE MACRO id_of(x) AS {identifier("stripped(x)")};
CREATE MACRO norm(x) AS {norm("clean(x)")};
CREATE MACRO yes(x) AS coalesce({_is_one_of(norm("clean(x)"), "yes_words")}, false);
CREATE MACRO number_of(x) AS {parsed("number", "clean(x)")};
CREATE MACRO moment_of(x) AS (SELECT shown FROM ({moments("SELECT clean(x) AS cell")}));
CREATE MACRO day_of(x) AS CAST(moment_of(x) AS DATE);
CREATE MACRO real_day(d) AS CASE WHEN d >= DATE '1901-01-02' AND d < DATE '2100-01-01' THEN d END;
"""
"""The functions that a subject's SQL shares: each reads a cell as the tables' own cells are read."""
