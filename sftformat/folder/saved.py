"""What `save_to_disk` of Hugging Face `datasets` writes beside the rows, so that `load_from_disk` opens a folder.

dataset_dict.json
SPLIT/dataset_info.json  state.json  data-00000-of-00001.arrow
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def dataset_info(features: Mapping[str, Any]) -> bytes:
    """Return the content of `SPLIT/dataset_info.json`; the order of the features is the order of the columns."""
    return _dump({"citation": "", "description": "", "features": features, "homepage": "", "license": ""})


def state(split: str, files: Sequence[str], fingerprint: str) -> bytes:
    """Return the content of `SPLIT/state.json`; `fingerprint` is 16 hex digits."""
    return _dump(
        {
            "_data_files": [{"filename": name} for name in files],
            "_fingerprint": fingerprint,
            "_format_columns": None,
            "_format_kwargs": {},
            "_format_type": None,
            "_output_all_columns": False,
            "_split": split,
        }
    )


def dataset_dict(splits: Sequence[str]) -> bytes:
    """Return the content of `dataset_dict.json`."""
    return _dump({"splits": list(splits)})


def _dump(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
