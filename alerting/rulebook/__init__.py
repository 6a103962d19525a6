"""Rule and subject files read, checked and compiled: YAML in, rules that can be asked out.

May be asked: the rules of a folder, with every fault there is (`loader`), one compiled rule (`rule`), the JSON Schemas for editors
(`json_schema`).
"""
