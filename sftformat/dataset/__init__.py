"""Data set: raw inputs to a canonical folder with a closed ledger, and from there to any file.

`options` what the user may choose · `unit` one unit through read, validate, normalize, check, `output` the files it
writes · `repaired` what repairs need all units for · `build` all units, the global pass, the commit · `export`
canonical rows to a file of another layout.
"""
