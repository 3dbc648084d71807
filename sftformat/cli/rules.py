"""`sftformat rules`: the table of rules, or the documentation of one."""

from __future__ import annotations

import click


@click.command("rules")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """List all rules or those that begin with CODE (SFT3, label-), or explain the one with this CODE or name."""
    from sftformat.report.rules import all_codes, show_rule, show_rules
    from sftformat.report.screen import screen

    where = screen()
    if not code:
        show_rules(where, all_codes())
    else:
        show_rule(where, code)
    return 0
