"""Record layouts: the shapes that records have in the wild, each a JSON Schema in `schemas/layouts`.

A layout that only renames is that file and no code. One that restructures names a module here with three functions::

    to_canonical(record)        one raw record that fits the schema -> `input`, `target` and what else the task has
    from_canonical(row, types)  the way back; `types` are the JSON types of the source columns
    source_pointer(pointer, row)  where in the raw record a place of `input` or `target` of the row came from

or, where these depend on what an input holds, `reader(binding, labels)`, which returns them (see `reader.py`).

Add a layout: write the schema file, add its name to `LAYOUTS`, add samples.
"""

#: Every layout, in the order in which `sftformat layouts` shows them; a test compares with the folder.
LAYOUTS = (
    "text-label",
    "sentence-pair",
    "text-labels",
    "text-labels-joined",
    "one-hot",
    "text-score",
    "sentence-pair-score",
    "fasttext",
    "fasttext-labels",
    "spacy-cats",
    "spacy-cats-labels",
    "prodigy-label",
    "prodigy-choice",
    "prodigy-choices",
    "label-studio",
    "label-studio-labels",
    "augmented-manifest",
    "augmented-manifest-labels",
    "swift-label",
    "swift-labels",
    "swift-score",
    "token-tags",
    "text-spans",
    "prodigy-spans",
    "label-studio-spans",
    "alpaca",
    "prompt-completion",
    "translation",
    "parallel-text",
    "context-question",
    "squad",
    "preference",
    "preference-unpaired",
    "openai-chat",
    "sharegpt",
    "prompt-completion-chat",
    "mistral",
    "history",
    "swift-sharegpt",
    "turns",
    "preference-chat",
    "preference-unpaired-chat",
)
