"""`sftformat verify`: every byte of a folder against its manifest."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("verify")
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...", type=click.Path())
@click.option("-q", "--quiet", is_flag=True, help="Only what is wrong.")
def command(folders: tuple[str, ...], quiet: bool) -> int:
    """Compare every byte of data set, shard and run folders with their manifests."""
    from sftformat.folder.manifest import read_manifest, verify
    from sftformat.report.screen import count, screen

    where = screen(quiet)
    status = 0
    for name in folders:
        found = verify(Path(name))
        for each in found:
            where.say(f"{each.code} {each.message}", "red")
        if found:
            status = 2
        elif not quiet:
            manifest = read_manifest(Path(name))
            size = sum(entry["bytes"] for entry in manifest["files"])
            where.say(f"{name}: {manifest['kind']}, {count(len(manifest['files']), 'file')}, {size:,} bytes: sound")
    return status
