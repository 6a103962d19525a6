WITH queue AS (
  SELECT DISTINCT prof_professional_id AS id FROM ssd_professionals
  WHERE regexp_matches(norm(prof_professional_name), '(^|[^\p{L}])(duty|tray|unallocated|awaiting|mash|team|system|dummy)($|[^\p{L}])')
), held AS (
  SELECT invo_person_id AS id, bool_or(invo_involvement_start_date <= as_of() AND (invo_involvement_end_date IS NULL OR invo_involvement_end_date > as_of())) AS now,
    max(invo_involvement_end_date) FILTER (WHERE invo_involvement_end_date <= as_of()) AS ended
  FROM ssd_involvements
  WHERE norm(invo_professional_role_id) IN ('cw', 'allwkr', 'allocated case worker') AND invo_person_id IN (SELECT id FROM plan)
    AND invo_professional_id IS NOT NULL AND invo_professional_id NOT IN (SELECT id FROM queue WHERE id IS NOT NULL)
  GROUP BY invo_person_id
)
SELECT plan.id, plan.id AS person, CASE WHEN greatest((SELECT no FROM calendar WHERE d = as_of()) - c.no, 0) > 1 THEN 'critical' END AS level
FROM plan LEFT JOIN held USING (id) JOIN calendar c ON c.d = greatest(plan.starts, held.ended)
WHERE NOT coalesce(now, false)
