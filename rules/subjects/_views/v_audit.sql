-- One row per audit that was asked for, of a child who is there or of nobody: the row with the latest date. grade: the code.
-- team_id: the team that answers: the one named, else the child's, else the auditor's.
WITH latest AS (
  SELECT *
  FROM ext_audit
  WHERE audit_id IS NOT NULL AND (person_id IS NULL OR person_id IN (SELECT person_id FROM v_child))
  QUALIFY row_number() OVER (PARTITION BY audit_id ORDER BY audited_on DESC NULLS LAST, due_on DESC NULLS LAST,
    person_id DESC NULLS LAST, grade_code DESC NULLS LAST, team_id DESC NULLS LAST, auditor_id DESC NULLS LAST,
    actions_due_on DESC NULLS LAST, actions_done_on DESC NULLS LAST, reaudit_due_on DESC NULLS LAST, kind DESC NULLS LAST,
    reaudit_of DESC NULLS LAST) = 1
)
SELECT a.audit_id, norm(a.kind) AS kind, a.person_id, coalesce(a.team_id, t.team_id, s.team_id) AS team_id, a.auditor_id,
  a.due_on, a.audited_on, a.grade_code AS grade, a.reaudit_of, a.actions_due_on, a.actions_done_on, a.reaudit_due_on
FROM latest a
LEFT JOIN v_team_of_child t ON t.person_id = a.person_id
LEFT JOIN v_staff s ON s.worker_id = a.auditor_id
