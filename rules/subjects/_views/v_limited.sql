-- One row per person whose record is restricted to those whom it names, and not sealed.
SELECT DISTINCT person_id
FROM ext_restricted
WHERE person_id IS NOT NULL AND person_id NOT IN (SELECT person_id FROM v_sealed)
