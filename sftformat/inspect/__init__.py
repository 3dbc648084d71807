"""Inspect: what an input is, before anything is made of it. Nothing is refused that a person can still choose.

`section` what is told · `measure` one unit of input, counted · `lengths` how long rows are and what a limit would cut ·
`build` all units of all inputs, gathered into sections.
"""
