"""A council's first ten minutes: its folder, with a config.yaml, a place for rules of its own and what starts the service.

Asked: what a place of case data is (`case_data`), how the answers stand in config.yaml (`configuration`), what has the operating
system start the jobs (`units`). It may use the sources and what is below them. It writes nothing: `alerting init` does.
"""
