"""`sftformat rules`: the table of rules, or the documentation of one."""

from __future__ import annotations

import click


@click.command("rules")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """List all rules, or explain the one with this CODE or name."""
    from sftformat.report.rules import show_rule, show_rules
    from sftformat.report.screen import screen

    where = screen()
    if code is None:
        show_rules(where)
    else:
        show_rule(where, code)
    return 0
