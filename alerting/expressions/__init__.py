"""The language in which rules are written: parsed, checked against a subject's columns, made SQL.

May be asked: an expression compiled (`compile`), the functions there are (`functions`: each with its SQL, its Python twin and an
example, in one place).
"""
