"""The functions about moments that all SQL over case data may use; `alerting.clocks` says what each means.

A moment is a TIMESTAMP in UTC, cut to the minute. `london` is what the clock on the wall showed, `from_london` the moment of that,
`date_of` the day; `clock_hours` and `due_day` count by a clock: `elapsed`, `working_days` or `office`.
"""

from __future__ import annotations

from alerting.working_days import FIRST

# A transformation of a list of one names its argument once, where a macro writes it out at each mention: nested, that doubles.
_SUNDAY = "make_date(year(t), {month}, 31) - CAST(dayofweek(make_date(year(t), {month}, 31)) AS INTEGER) + to_hours({hour})"
_SHIFTED = "list_transform([{moment}], lambda t: t {sign} to_hours(CASE WHEN t >= {begins} AND t < {ends} THEN 1 ELSE 0 END))[1]"
_MINUTE = "date_diff('minute', TIME '00:00', CAST(param('{name}') AS TIME))"


def _shifted(moment: str, sign: str, hour: int) -> str:
    begins, ends = (_SUNDAY.format(month=month, hour=hour) for month in (3, 10))
    return _SHIFTED.format(moment=moment, sign=sign, begins=begins, ends=ends)


MACROS = f"""
CREATE MACRO london(moment) AS {_shifted("moment", "+", 1)};
CREATE MACRO from_london(shown) AS {_shifted("shown", "-", 2)};
CREATE MACRO date_of(moment) AS CAST(london(moment) AS DATE);
CREATE MACRO clock_opens(clock) AS CASE clock WHEN 'working_days' THEN 0 WHEN 'office' THEN {_MINUTE.format(name="office_from")} END;
CREATE MACRO clock_length(clock) AS CASE clock WHEN 'working_days' THEN 1440
  WHEN 'office' THEN {_MINUTE.format(name="office_to")} - {_MINUTE.format(name="office_from")} END;
CREATE MACRO wall_minutes(moment) AS date_diff('minute', TIMESTAMP '{FIRST}', london(moment));
CREATE MACRO working_minutes(moment, clock) AS list_transform([(SELECT doubled FROM counted)[greatest(0, date_of(moment) - DATE '{FIRST}' + 1)]],
  lambda day: day // 2 * clock_length(clock)
    + day % 2 * least(greatest(wall_minutes(moment) % 1440 - clock_opens(clock), 0), clock_length(clock)))[1];
CREATE MACRO clock_hours(a, b, clock) AS CASE
  WHEN b <= a AND clock IN ('elapsed', 'working_days', 'office') THEN 0
  WHEN clock = 'elapsed' THEN date_diff('minute', a, b) / 60
  ELSE (working_minutes(b, clock) - working_minutes(a, clock)) / 60 END;
CREATE MACRO clock_minutes(hours) AS
  list_filter([TRY_CAST(ceil(round(CAST(hours AS DOUBLE) * 60, 6)) AS BIGINT)], lambda n: n > 0 AND n < 10000000)[1];
CREATE MACRO due_day(a, hours, clock) AS CASE WHEN clock = 'elapsed' THEN date_of(a + to_minutes(clock_minutes(hours) - 1))
  ELSE (SELECT days FROM counted)[greatest(0, (working_minutes(a, clock) + clock_minutes(hours) - 1) // clock_length(clock) + 1)] END;
"""
