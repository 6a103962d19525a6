"""A council's case data as one run sees it: the tables there are, a dated copy of what the rules need, what of it to believe.

May be asked: which tables and columns there can be (`catalogue`), a dated snapshot to ask in SQL (`snapshot`), what the SSD of a
case system calls otherwise (`flavours`), which tables are not to be believed today and why (`trust`), whose record is restricted
(`restricted_list`), which ids nobody has (`unknown_ids`), SQL as the engine reads it (`syntax`). The engine's only door: nobody else
opens it, and only its own process (`engine_process`, asked by `engine`) holds it. A value that was read wrongly, a half load that was
believed or a good one that was not is looked for here.
"""
