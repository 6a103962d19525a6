"""The ways to reach people: a module each, found by the `type` of a receiver in config.yaml.

A module offers one class, `Notifier`: a pydantic model whose fields are the receiver's settings and which is the
receiver itself; `alerting.delivery.notifier` says all that is asked of it. No module here knows another, and none knows how a
message came about. A new way to reach people is a new file; the tests of every notifier find it by themselves.
"""
