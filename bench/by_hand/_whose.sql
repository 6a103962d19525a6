-- Of everybody who was found: who works with them, and the team that answers.
WITH queue AS (
  SELECT DISTINCT prof_professional_id AS id FROM ssd_professionals
  WHERE regexp_matches(norm(prof_professional_name), '(^|[^\p{L}])(duty|tray|unallocated|awaiting|mash|team|system|dummy)($|[^\p{L}])')
), held AS (
  SELECT invo_person_id AS person, invo_professional_id AS worker, invo_professional_team AS team, invo_involvements_id AS id,
    invo_involvement_start_date AS starts, invo_involvement_end_date AS ends,
    starts <= as_of() AND (ends IS NULL OR ends > as_of()) AS now,
    worker IS NULL OR worker IN (SELECT id FROM queue WHERE id IS NOT NULL) AS nobody
  FROM ssd_involvements
  WHERE invo_person_id IN (SELECT person FROM found) AND norm(invo_professional_role_id) IN ('cw', 'allwkr', 'allocated case worker')
), worker AS (
  SELECT person, worker, team FROM held WHERE now AND NOT nobody
  QUALIFY row_number() OVER (PARTITION BY person ORDER BY starts DESC NULLS LAST, id DESC NULLS LAST, worker DESC, team DESC NULLS LAST) = 1
), waiting AS (
  SELECT person, team FROM held WHERE now AND nobody AND team IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY person ORDER BY starts DESC NULLS LAST, id DESC NULLS LAST, team DESC) = 1
), before AS (
  SELECT person, team FROM held WHERE ends <= as_of() AND NOT nobody AND team IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY person ORDER BY ends DESC, id DESC NULLS LAST, team DESC) = 1
), referred AS (
  SELECT cine_person_id AS person, cine_referral_team AS team FROM ssd_cin_episodes
  WHERE cine_person_id IN (SELECT person FROM found) AND cine_person_id IN (SELECT id FROM minor) AND NOT cine_referral_nfa
    AND cine_referral_date <= as_of() AND (cine_close_date IS NULL OR cine_close_date > as_of())
  QUALIFY row_number() OVER (PARTITION BY cine_person_id ORDER BY cine_referral_date DESC, cine_referral_id DESC NULLS LAST, cine_referral_team DESC NULLS LAST) = 1
), post AS (
  SELECT worker_id AS worker, team_id AS team FROM ext_staff
  QUALIFY row_number() OVER (PARTITION BY worker_id ORDER BY coalesce(starts_on <= as_of(), true) AND coalesce(ends_on >= as_of(), true) DESC,
    starts_on DESC NULLS LAST, team_id DESC NULLS LAST) = 1
)
SELECT f.code, f.id, f.level, w.worker, coalesce(w.team, p.team, t.team, b.team, r.team) AS team
FROM found f
LEFT JOIN worker w USING (person) LEFT JOIN post p USING (worker) LEFT JOIN waiting t ON t.person = f.person
LEFT JOIN before b ON b.person = f.person LEFT JOIN referred r ON r.person = f.person
