"""What people who write rules use: check, try, preview, look back, explain, say whom it would tell.

May be asked: every fault of a configuration (`check`), what a draft would do today (`preview`) or would have done on the days kept
(`backtest`), how a rule answers about one subject and why (`explain`), whether its examples and scenarios hold. It asks what a run
asks, of the same functions, and writes nothing.
"""
