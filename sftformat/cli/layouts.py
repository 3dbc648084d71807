"""`sftformat layouts`: the record layouts, from their schemas."""

from __future__ import annotations

import json

import click


@click.command("layouts")
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """List all layouts, or show the fields and an example of one."""
    from sftformat.layouts import LAYOUTS
    from sftformat.layouts.layout import layout, render
    from sftformat.report.screen import add, screen, table

    where = screen()
    if name is None:
        made = table("layout", "task", "fields", "also known as")
        for each in map(layout, LAYOUTS):
            add(made, each.name, each.task, ", ".join(each.schema["properties"]), ", ".join(each.aka))
        where.show(made)
        return 0
    found = layout(name)
    where.say(f"{found.name}: {found.schema['description']} ({found.task})", "bold")
    made = table("field", "stands at")
    for key, rule in found.fields.items():
        add(made, key, ", ".join(render(pointer) for pointer in rule.at))
    where.show(made)
    for example in found.schema["examples"]:
        where.say(json.dumps(example, ensure_ascii=False))
    return 0
