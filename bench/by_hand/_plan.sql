-- Children on a protection plan of this council today.
SELECT cppl_person_id AS id, cppl_cp_plan_id AS plan_id, cppl_cp_plan_start_date AS starts, dob, unborn
FROM ssd_cp_plans JOIN minor ON id = cppl_person_id
WHERE NOT cppl_cp_plan_ola AND cppl_cp_plan_start_date <= as_of() AND (cppl_cp_plan_end_date IS NULL OR cppl_cp_plan_end_date > as_of())
QUALIFY row_number() OVER (PARTITION BY cppl_person_id ORDER BY cppl_cp_plan_start_date DESC, cppl_cp_plan_id DESC NULLS LAST) = 1
