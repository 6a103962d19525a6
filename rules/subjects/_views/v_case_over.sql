-- One row per person and period of care, protection plan or referral (member): why no rule about open cases asks of it any more, if so.
SELECT person_id, id AS member, CASE
  WHEN bool_and(coalesce(ended <= as_of(), false)) THEN 'case closed'
  -- The case goes on as something that the rule does not ask about, such as a protection plan.
  WHEN bool_or(is_open(started, ended)) AND person_id IN (SELECT person_id FROM v_child) THEN 'no longer in scope'
END AS reason
FROM (
  SELECT clae_person_id AS person_id, clae_cla_id AS id, clae_cla_episode_start_date AS started, clae_cla_episode_ceased_date AS ended
  FROM ssd_cla_episodes
  UNION ALL
  SELECT cppl_person_id, cppl_cp_plan_id, cppl_cp_plan_start_date, cppl_cp_plan_end_date FROM ssd_cp_plans
  UNION ALL
  SELECT cine_person_id, cine_referral_id, cine_referral_date, cine_close_date FROM ssd_cin_episodes
)
GROUP BY person_id, id
