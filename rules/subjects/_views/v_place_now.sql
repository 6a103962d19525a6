-- One row per child looked after who is in a placement today: the latest that is not a temporary one.
-- ptype: the code, null or UNMAPPED where the council's word is not known. pstart: its first day.
SELECT person_id, clap_cla_placement_type_code AS ptype, clap_cla_placement_start_date AS pstart
FROM v_cla
JOIN ssd_cla_placement ON clap_cla_id = cla_id
WHERE is_open(clap_cla_placement_start_date, clap_cla_placement_end_date)
  AND NOT coalesce(list_contains(param('temporary_placements'), clap_cla_placement_type_code), false)
QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY clap_cla_placement_start_date DESC NULLS LAST,
  clap_cla_placement_id DESC NULLS LAST, clap_cla_placement_type_code DESC NULLS LAST) = 1
