"""What people who write rules use: copy one, check, try, preview, look back, explain, say whom it would tell.

May be asked: a copy of a rule in the council's own folder (`copy_rule`), every fault of a configuration (`check`), what a draft would
do today (`preview`) or would have done on the days kept (`backtest`), how a rule answers about one subject and why (`explain`),
whether its examples and scenarios hold. It asks what a run asks, of the same functions, and stores and sends nothing.
"""
