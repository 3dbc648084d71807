"""Explain: one row on the whole straight line, from its bytes to its tokens, and what is found on it.

`place` FILE:LINE and what stands there · `caret` where in the row a finding is · `tokens` the row as a model sees it ·
`build` all of it in one value.
"""
