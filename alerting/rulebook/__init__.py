"""Rule and subject files read, checked and compiled: YAML in, rules that can be asked out.

May be asked: the rules of a folder with every fault there is, and one rule file compiled (`loader`); what a compiled rule is
(`rule`); which columns SQL takes values from (`sql_tree`); what is likely a mistake in a rule (`lint`); the JSON Schemas for
editors (`json_schema`). The way of a rule is `compilation.compile_source`: its text, a `RuleFile`, a `Rule`. A column that leaves
the council's system and should not, or a fault told at the wrong place of a rule file, is looked for here.
"""
