"""Several inputs, each a data set of its own: what a hook hands over, files of any layout that belong to nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sftformat.dataset.build import diagnose
from sftformat.dataset.options import DatasetOptions, Detected, Event, Finished
from sftformat.diagnostics import Diagnostic
from sftformat.errors import InputError, SftformatError, UsageError
from sftformat.inputs import resolve
from sftformat.repairs.repair import Repaired


def diagnose_each(
    specs: Sequence[str], options: DatasetOptions, failed: list[SftformatError] | None = None
) -> Iterator[Event]:
    """Check every input by itself and yield every finding; ends with one `Finished` whose ledger is the sum.

    Findings and ledger name an input as `diagnose` does for all of them together, so equal file names stay apart.
    With a list for those that `failed` an input that cannot be read or understood does not keep the others from being
    looked at: its error goes there, unless it is the only input.

    Raises:
        UsageError, InputError: an input cannot be read or understood; what was found before it was yielded.
    """
    manifests = []
    for spec, (prefix, own) in zip(specs, _alone(specs, options), strict=True):
        names: list[str] = []
        try:
            for event in diagnose([spec], own, failed):
                if isinstance(event, Detected):
                    names.append(event.source.name)
                if isinstance(event, Finished):
                    manifests.append(_named(event.manifest, prefix))
                else:
                    yield _renamed(event, prefix, names)
        except (UsageError, InputError) as error:
            if failed is None:
                raise
            failed.append(error)
            if isinstance(error, InputError) and error.diagnostic is not None:
                yield _renamed(error.diagnostic, prefix, names)
    if failed and not manifests:
        raise UsageError("; ".join(map(str, failed)))
    yield Finished(_joined(manifests))


def _alone(specs: Sequence[str], options: DatasetOptions) -> list[tuple[str, DatasetOptions]]:
    """What goes before the names of each input, so that they are those of all inputs together; and its options."""
    if "-" in specs:
        return [("", options)] * len(specs)
    with TemporaryDirectory(prefix="sftformat-") as spool:
        together, _ = resolve(specs, Path(spool))
        names = {each.path: each.name for each in together}
        alone = [resolve([spec], Path(spool))[0] for spec in specs]
    found = []
    for inputs in alone:
        own = tuple(each for each in options.own if any(one.path.match(each[0]) for one in inputs))
        found.append((names[inputs[0].path].removesuffix(inputs[0].name), replace(options, own=own)))
    return found


def _renamed(event: Event, prefix: str, names: Sequence[str]) -> Event:
    if not prefix:
        return event
    if isinstance(event, Detected):
        return replace(event, source=replace(event.source, name=prefix + event.source.name))
    if isinstance(event, Repaired):
        return replace(event, file=prefix + event.file)
    if not isinstance(event, Diagnostic):
        return event
    return with_places(event, names_in_messages(names) if names else None, lambda name: prefix + name)


def names_in_messages(names: Sequence[str]) -> re.Pattern[str]:
    """Return what finds the names of inputs in a message, where a line follows: `same as a.jsonl:1`."""
    any_of = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(rf"(?<![^\s(])({any_of})(?=:\d)")


def with_places(found: Diagnostic, names: re.Pattern[str] | None, renamed: Callable[[str], str]) -> Diagnostic:
    """Return a finding whose input has another name, also where the words of a rule about the data set name inputs."""
    file = renamed(found.file) if found.file else ""
    if names is None or not found.code.startswith("SFT4"):
        return found if file == found.file else replace(found, file=file)
    said, wanted, got = (
        names.sub(lambda match: renamed(match.group(1)), text) for text in (found.message, found.expected, found.got)
    )
    return replace(found, file=file, message=said, expected=wanted, got=got)


def _named(manifest: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
    ledger = manifest["ledger"]
    inputs, accounts = (
        [{**each, "file": prefix + each["file"]} for each in part["inputs"]] for part in (manifest, ledger)
    )
    return {**manifest, "inputs": inputs, "ledger": {**ledger, "inputs": accounts}}


def _joined(manifests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ledgers = [manifest["ledger"] for manifest in manifests]
    joined: dict[str, Any] = {}
    for key, value in ledgers[0].items():
        if isinstance(value, int):
            joined[key] = sum(ledger[key] for ledger in ledgers)
        elif isinstance(value, Mapping):
            joined[key] = dict(sum((Counter(ledger[key]) for ledger in ledgers), Counter()))
        else:
            joined[key] = [each for ledger in ledgers for each in ledger[key]]
    tasks = sorted({str(manifest["task"]) for manifest in manifests})
    inputs = [each for manifest in manifests for each in manifest["inputs"]]
    return {"task": ", ".join(tasks), "inputs": inputs, "ledger": joined}
