"""How one cell of text is read, as SQL: the same readings for the cells of a table and for the functions shared with subjects.

    date    YYYY-MM-DD, YYYY/MM/DD, DD/MM/YYYY or DD-Mon-YYYY, day first always, with or without a time and the time's zone;
            with a zone, the day that it was in England
    number  digits, with a minus and a fraction if need be
    flag    yes, no, or a word that is neither, which cannot be read

What stands for nothing (`place-holders` anywhere, `nothing_words` where an id, a role, a date or a number belongs) is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Spelt with chr: DuckDB reads no \u escapes, and an invisible character in a source file is a trap.
SPACE = " || ".join(f"chr({ord(letter)})" for letter in " \t\n\r\f\v\u00a0")
AROUND = "^[ \\t-\\r\\x{a0}]|[ \\t-\\r\\x{a0}]$"  # a cell that one of these begins or ends
WHITE = r"[\s\v\x1c-\x1f\x{85}\p{Z}]+"  # all that Python's split takes for white space
TYPOGRAPHIC = " || ".join(f"chr({ord(letter)})" for letter in "\u00a0\u2018\u2019\u2013\u2014")

WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "yes_words": ("y", "yes", "1", "1.0", "-1", "true", "t", "a) yes"),
        "no_words": ("n", "no", "0", "0.0", "false", "f", "b) no"),
        "nothing_words": ("n/a", "na", "nan", "nat", "none", "none.", "tbc", "-", "?", "#ref!", "(blank)"),
    }
)
"""What a flag says yes and no by, and what is nothing where an id, a role, a date or a number belongs, unless the council sets others."""

_PLACE_HOLDERS = "'', 'NULL', 'SSD_PH', 'PLACEHOLDER_DATA', '#N/A'"
_NO_IDS = "'-1', '0', '-1.0', '0.0'"

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


def clean(cell: str) -> str:
    """Write a cell without the white space around it; null where a place-holder stands."""
    return f"CASE WHEN upper({cell}) NOT IN ({_PLACE_HOLDERS}) THEN {cell} END"


def identifier(cell: str) -> str:
    """Write a stripped cell as an id; null where it stands for nothing."""
    nothing = f"upper({cell}) IN ({_PLACE_HOLDERS}, {_NO_IDS}) OR {is_nothing(cell)}"
    # The length first: it spares a look-up where an id is longer than all that stands for nothing.
    return f"CASE WHEN length({cell}) < 17 AND ({nothing}) THEN NULL ELSE {cell} END"


def word(cell: str) -> str:
    """Write a stripped cell as a word; null where it stands for nothing."""
    return f"CASE WHEN upper({cell}) NOT IN ({_PLACE_HOLDERS}) AND NOT {is_nothing(cell)} THEN {cell} END"


def norm(cell: str) -> str:
    """Write a cell in the form in which words are compared."""
    return f"trim(regexp_replace(lower(translate({cell}, {TYPOGRAPHIC}, ' ''''--')), '{WHITE}', ' ', 'g'))"


def parsed(kind: str, cell: str) -> str:
    """Write what a stripped cell of a date, a moment, a number or a flag says; null where that cannot be read."""
    if kind == "number":
        return f"CASE WHEN regexp_full_match({cell}, '-?[0-9]+([.][0-9]+)?') THEN try_cast({cell} AS DOUBLE) END"
    if kind == "flag":
        word = norm(cell)
        return f"CASE WHEN {_is_one_of(word, 'yes_words')} THEN true WHEN {_is_one_of(word, 'no_words')} THEN false END"
    iso = _iso(cell)
    moment = f"try_cast({iso} AS TIMESTAMP)"
    in_england = f"timezone('Europe/London', try_cast({iso} AS TIMESTAMPTZ))"
    read = f"CASE WHEN {_is_zoned(cell)} THEN {in_england} ELSE {moment} END"
    return f"CAST({read} AS DATE)" if kind == "date" else read


def at(cell: str) -> str:
    """Write the minute, in UTC, that a stripped cell of a day with its time says: the end of the day where it has no time, or 00:00."""
    day = f"real_day({parsed('date', cell)})"
    iso = _iso(cell)
    in_utc = f"timezone('UTC', try_cast({iso} AS TIMESTAMPTZ))"
    when = f"CASE WHEN {_is_zoned(cell)} THEN {in_utc} ELSE from_london(try_cast({iso} AS TIMESTAMP)) END"
    has_time = f"regexp_matches({cell}, ':') AND NOT regexp_matches({cell}, '[ T]0?0:00')"
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
    nothing = f"upper({cell}) IN ({_PLACE_HOLDERS})"
    return f"{value} IS NULL AND NOT ({nothing if kind == 'flag' else f'{nothing} OR {is_nothing(cell)}'})"


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
CREATE MACRO moment_of(x) AS (SELECT {parsed("moment", "cell")} FROM (SELECT clean(x) AS cell));
CREATE MACRO day_of(x) AS CAST(moment_of(x) AS DATE);
CREATE MACRO real_day(d) AS CASE WHEN d >= DATE '1901-01-02' AND d < DATE '2100-01-01' THEN d END;
"""
"""The functions that a subject's SQL shares: each reads a cell as the tables' own cells are read."""
