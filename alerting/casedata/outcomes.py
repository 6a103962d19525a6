"""Outcome texts and factors of assessments, as functions that all SQL over case data may use.

An outcome is JSON, text that looks like it, or a plain list; cut anywhere, with quotes in it that nobody escaped. It is never parsed:

    told(x)               the text up to where comments begin
    said(x, key)          what follows the first `"key" :` that has a value, in quotes or as one word
    flag(x, key)          whether that is a yes; of a plain list, whether an item is one of the words of `outcome_words` for the key
    recorded(x, keys)     whether one of the keys has a value that is not a no
    factors(x)            the codes of `factor_codes` that an assessment has, in their order
    factor_groups_of(x)   the names of `factor_groups` that have one of these codes
"""

from __future__ import annotations

from alerting.casedata import cells

_SPACE = cells.WHITE.removesuffix("+") + "*"
_VALUE = '(?:"([^"]*)"|([A-Za-z0-9_.+-]+))'
_HAS_KEYS = f'"[A-Za-z0-9_]+"{_SPACE}:'
_KEY = f"""'(?i)"' || regexp_escape(key) || '"{_SPACE}:{_SPACE}{_VALUE}'"""
_NOS = "('n', 'no', '0', 'false', 'null', 'none')"

# Each `"CODE" :` becomes ␁CODE␂, so that one pass finds all keys, wherever the value of another key ends. What follows a key goes on
# with the next one, whose quotes were taken: they may end a value, or be one.
_CODES = "list_aggregate(given_list('factor_codes'), 'string_agg', '|')"
_PARTS = f"""string_split(regexp_replace(translate(text, chr(1) || chr(2), chr(3) || chr(3)),
    '(?i)"(' || {_CODES} || ')"{_SPACE}:{_SPACE}', chr(1) || '\\1' || chr(2), 'g'), chr(1))"""
_SAID = f"""list_filter(list_transform(range(2, len(parts) + 1), lambda i: {{
    'code': upper(split_part(parts[i], chr(2), 1)),
    'follows': split_part(parts[i], chr(2), 2) || coalesce('"' || split_part(parts[i + 1], chr(2), 1) || '"', '')
  }}), lambda one: regexp_matches(one.follows, '^{_VALUE}'))"""
# The first of a code counts, so that one that is said twice goes by its first.
_FIRST = """list_transform([list_transform(pairs, lambda each: each.code)],
    lambda codes: list_filter(pairs, lambda one, i: list_position(codes, one.code) = i))[1]"""
_YES = f"yes(regexp_extract(one.follows, '^{_VALUE}', 1) || regexp_extract(one.follows, '^{_VALUE}', 2))"
_LISTED = "list_transform(regexp_extract_all(text, '[\\p{L}\\p{N}]+'), lambda run: upper(run))"

MACROS = f"""
CREATE MACRO given_list(name) AS CAST(getvariable(name) AS VARCHAR[]);
CREATE MACRO given_lists(name) AS CAST(getvariable(name) AS MAP(VARCHAR, VARCHAR[]));
CREATE MACRO told(x) AS {cells.told("stripped(x)")};
CREATE MACRO value_of_key(x, key) AS list_transform([regexp_extract(x, {_KEY}, 1) || regexp_extract(x, {_KEY}, 2)],
  lambda found: clean(found))[1];
CREATE MACRO said(x, key) AS value_of_key(told(x), key);
CREATE MACRO flag(x, key) AS list_transform([told(x)], lambda text: CASE
  WHEN regexp_matches(text, '{_HAS_KEYS}') THEN yes(value_of_key(text, key))
  ELSE coalesce(list_has_any(list_transform(regexp_split_to_array(text, '[;,|\\r\\n]'), lambda item: norm(item)),
    list_transform(given_lists('outcome_words')[key], lambda word: norm(word))), false) END)[1];
CREATE MACRO recorded(x, keys) AS len(list_filter(keys, lambda key: coalesce(norm(value_of_key(x, key)) NOT IN {_NOS}, false))) > 0;
CREATE MACRO codes_with_a_value(parts) AS {_SAID};
CREATE MACRO first_of_each(given) AS list_transform([given], lambda pairs: {_FIRST})[1];
CREATE MACRO codes_written(x) AS list_transform([told(x)], lambda text: list_transform(
    [CASE WHEN regexp_matches(text, '"{_SPACE}:') THEN list_transform([{_PARTS}], lambda parts: codes_with_a_value(parts))[1] END],
    lambda found: CASE WHEN len(found) > 0
      THEN list_transform(list_filter(first_of_each(found), lambda one: {_YES}), lambda one: one.code)
      ELSE {_LISTED} END)[1])[1];
CREATE MACRO factors(x) AS coalesce(list_transform([codes_written(x)],
  lambda written: list_filter(given_list('factor_codes'), lambda code: list_contains(written, code)))[1], []);
CREATE MACRO factor_groups_of(x) AS list_transform([factors(x)],
  lambda codes: list_filter(map_keys(given_lists('factor_groups')), lambda name: list_has_any(given_lists('factor_groups')[name], codes)))[1];
"""
