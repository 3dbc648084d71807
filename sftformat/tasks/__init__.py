"""What a task changes in the model half, one row a task; training and evaluation are the same for all.

    task      the row: column of the shards, head, loss, metrics, words for targets, warnings
    ragged    targets and predictions of which a row has several
    overlap   how much of a text is in another
    entities  tags to entities, and how many of them are right

Importing this brings in no torch: a loss imports it when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sftformat.errors import UsageError
from sftformat.tasks import classification, multilabel, regression, texts, tokens
from sftformat.tasks.task import Task

#: The tasks that can be trained and evaluated, by their names in manifests.
TASKS: Mapping[str, Task] = {
    row.name: row for row in (classification.ROW, multilabel.ROW, regression.ROW, tokens.TAGS, texts.TEXT, texts.CHAT)
}


def task_of(name: str, labels: Sequence[str] | None) -> Task:
    """Return the row of a task with this label map: tags of entities have another one than other tags.

    Raises:
        UsageError: nothing can be trained for that task.
    """
    if name not in TASKS:
        raise UsageError(f"task {name!r} cannot be trained or evaluated; {', '.join(TASKS)} can")
    return tokens.row_for(labels) if name == tokens.TAGS.name else TASKS[name]
