-- One row per person and day up to today on which a manager wrote on the case: a note of oversight by somebody in one of the
-- `oversight_roles`, or of whom the directory does not know, and case supervision where `case_supervision_counts`.
SELECT person_id, noted_on
FROM ext_oversight
WHERE person_id IS NOT NULL AND noted_on <= as_of() AND (
  by_id IS NULL OR by_id NOT IN (SELECT worker_id FROM v_staff)
  OR by_id IN (
    SELECT worker_id FROM v_staff WHERE list_contains(list_transform(param('oversight_roles'), lambda role: norm(role)), role)
  )
)
UNION
SELECT person_id, held_on
FROM ext_supervision
WHERE param('case_supervision_counts') AND norm(kind) = 'case' AND person_id IS NOT NULL AND held_on <= as_of()
