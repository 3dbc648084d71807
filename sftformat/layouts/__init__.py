"""Record layouts: the shapes that records have in the wild, each a JSON Schema in `schemas/layouts`.

A layout that only renames is that file and no code. One that restructures names a module here, which offers
`reader(binding, labels)`: the two ways between a raw record and the learned fields of a row (see `reader.py`).

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
    "label-studio-min",
    "label-studio-min-labels",
    "augmented-manifest",
    "augmented-manifest-labels",
    "swift-label",
    "swift-labels",
    "swift-score",
    "token-tags",
    "text-spans",
    "prodigy-spans",
    "label-studio-spans",
    "label-studio-min-spans",
    "alpaca",
    "prompt-completion",
    "translation",
    "parallel-text",
    "context-question",
    "squad",
    "multiple-choice",
    "preference",
    "preference-unpaired",
    "openai-chat",
    "sharegpt",
    "prompt-completion-chat",
    "mistral",
    "history",
    "swift-sharegpt",
    "turns",
    "linked",
    "preference-chat",
    "preference-unpaired-chat",
)
