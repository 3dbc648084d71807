"""What a folder keeps of the work on it, so that a later run does again only what changed.

`OUT/.kept/` holds what came of single units, each under a key of content: the bytes it was made from, the options, the
version; never a path or a date. Whatever is taken over is compared with its sha256 first, so a file that was damaged
means work, never wrong data. Files stand there under a second name and need no second place. The folder may be deleted.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sftformat.folder.files import open_regular

#: The folder inside a staging folder, and inside OUT after the commit; hidden, so it is never part of OUT.
KEPT = ".kept"


def seal(content: bytes) -> bytes:
    """Return content behind its own sha256, for `unseal`."""
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def unseal(path: Path) -> bytes | None:
    """Return what was sealed in a file; None where there is none, or one that is not as it was."""
    try:
        with open_regular(path) as file:
            digest, _, content = file.read().partition(b"\n")
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest().encode() == digest else None
