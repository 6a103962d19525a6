"""A rule asked of a snapshot: who matches, who is clear, of whom it cannot be said.

May be asked: the answers of a run's rules (`evaluate`), the facts behind one answer (`trace`), a rule tried on no data (`dry_run`), the
days kept for trying changes on (`archive`). A wrong level, measure or due date, or a slow rule, is looked for here, and in the
subject's SQL under `rules/subjects/`.
"""
