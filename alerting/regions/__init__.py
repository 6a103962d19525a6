"""Many authorities, each with its own config.yaml, rules, store and receivers: a job of each, side by side, and one report.

May be asked: which authorities there are (`authorities`), to run a job of them all (`region`), each in a process of its own
(`one_authority`), here or on a cluster (`cluster`), and what became of it (`region_report`). An authority is run as `alerting run` runs it, in a
process of its own, on Linux forked from one that has read what every run needs (`ready_process`): nothing that goes wrong with one is anything to another. An authority that did not run is looked for in `one_authority` first.
"""
