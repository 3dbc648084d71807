"""Validate, normalize and tokenize input-target pairs; fine-tune and evaluate BERT on them.

The straight line, a module a stage::

    files ─read─▶ Batch ─validate─▶ Batch + Diagnostics ─normalize─▶ RecordBatch ─check─▶ ─write─▶ data set folder
                                                                                                      │ tokenize
    metrics ◀─evaluate─ run folder ◀─train─ tensors (B, T) ◀─load─ shard folder (Arrow + manifest) ◀───┘

`Batch` (`sftformat.record`) holds records as they were read: nothing is trusted. `pyarrow.RecordBatch` holds canonical
rows, whose types hold. The data half and the model half meet only on disk, in a folder with a manifest
(`sftformat.folder`); the data half never imports torch or transformers.
"""

__version__ = "0.1.0"
