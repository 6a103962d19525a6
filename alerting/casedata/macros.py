"""The functions that all SQL over case data may use, beside those of the engine.

In SQL, `as_of()` is the business date, `param('name')` a shared parameter, and these are the shared functions:
`clean norm yes number_of day_of real_day is_open wd_between wd_add add_months age birthday days`; those about moments stand in `clocks`.
"""

from __future__ import annotations

from alerting.casedata import cells, clocks

MACROS = (
    cells.MACROS
    + """
CREATE MACRO as_of() AS getvariable('as_of');
CREATE MACRO param(name) AS getvariable(name);
CREATE MACRO is_open(starts, ends) AS coalesce(starts <= getvariable('as_of') AND (ends IS NULL OR ends > getvariable('as_of')), false);
CREATE MACRO days(n) AS CAST(n AS INTEGER);
CREATE MACRO wd_between(a, b) AS CASE WHEN b <= a THEN 0
  ELSE (SELECT no FROM calendar WHERE d = b) - (SELECT no FROM calendar WHERE d = a) END;
CREATE MACRO wd_add(a, n) AS CASE WHEN n = 0 THEN a ELSE
  (SELECT w.d FROM calendar c JOIN working_day w
   ON w.no = CASE WHEN n > 0 THEN c.no ELSE c.no_before + 1 END + CAST(n AS INTEGER) WHERE c.d = a) END;
CREATE MACRO add_months(day, n) AS CAST(day + to_months(CAST(n AS INTEGER)) AS DATE);
CREATE MACRO age(born, day) AS year(day) - year(born) -
  CASE WHEN (month(day), day(day)) < (month(born), day(born)) THEN 1 ELSE 0 END;
CREATE MACRO birthday(born, n) AS CASE
  WHEN month(born) = 2 AND day(born) = 29 AND day(last_day(make_date(year(born) + CAST(n AS BIGINT), 2, 1))) = 28
    THEN make_date(year(born) + CAST(n AS BIGINT), 3, 1)
  ELSE make_date(year(born) + CAST(n AS BIGINT), month(born), day(born)) END;
"""
    + clocks.MACROS
)
