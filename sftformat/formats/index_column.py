"""The index that pandas writes before the columns of a table unless told not to: a column of numbers without a name."""

from __future__ import annotations

from collections.abc import Sequence

#: The name that it gets.
INDEX = "index"
WORDS = f"the first column has no name and numbers the rows, as pandas writes its index: it is read as {INDEX!r}"
HINT = "write the table with index=False, or name the column"


def numbers_rows(cells: Sequence[str]) -> bool:
    """Whether the cells of a first column number the rows: whole numbers, each once, in any order; a lone one is 0.

    A table that was shuffled or cut keeps the numbers of its rows; ids of classes stand in several rows.
    """
    numbers = set(cells)
    each_once = len(numbers) == len(cells) > 1 or numbers == {"0"}
    return each_once and all(cell.isascii() and cell.isdigit() for cell in numbers)
