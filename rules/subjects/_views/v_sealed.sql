-- One row per person whose record is sealed: they take part in no rule. A level that is not `limited`, blank included,
-- seals: a slip of the pen must not open a record.
SELECT DISTINCT person_id
FROM ext_restricted
WHERE person_id IS NOT NULL AND coalesce(norm(level), '') <> 'limited'
