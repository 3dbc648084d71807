"""JSON Schema 2020-12: where the schemas are, whether one may be used, which records fit, and why one does not.

`jsonschema_rs` decides, with its linear regex engine; `jsonschema` explains what was refused. Both get a registry that
holds nothing but the schema itself: no `http` and no `file` reference is ever followed.
"""
