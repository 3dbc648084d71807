"""`sftformat schema`: the schemas that are the truth here, by name."""

from __future__ import annotations

import json

import click


@click.command("schema")
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """List all schemas, or print one: canonical/classification, layouts/alpaca, manifest, …"""
    from sftformat.schema.store import load, names

    if name is None:
        for each in names():
            click.echo(each)
    else:
        click.echo(json.dumps(load(name), indent=2, ensure_ascii=True))
    return 0
