"""From inputs to what is read: for each how to read it, its sha256 and size, and the units of work.

The plan depends on the content and the order of the inputs only: never on the number of workers, on where the files
lie or on the day.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from sftformat.errors import InputError, SftformatError, UsageError
from sftformat.formats import Scan, rejects, scanning, sniff
from sftformat.formats.source import SMALL_UNIT_BYTES, UNIT_BYTES, Origin, ReadOptions, Source, check_columns
from sftformat.inputs import Input, resolve, state_of

#: Inputs that are together smaller than this are not worth a second process; fewer are worth one that begins at once.
SMALL_INPUT_BYTES, FEW_BYTES = 12 << 20, 6 << 20
#: Inputs are cut into about so many units or, where these would be too large or too small, more or fewer.
_UNITS = 16
#: After so many bytes of inputs it is told how far the look at them is.
_TOLD_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of one input, worked on by itself; `index` counts units over all inputs, in order.

    `sha256` is that of the input up to the end of the stretch, or of the whole input.
    """

    index: int
    input: int
    source: Source
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be read: the inputs, for each how to read it, its sha256 and size, and all units in order.

    `skipped` are files inside a folder that are in no format of ours.
    """

    inputs: tuple[Input, ...]
    sources: tuple[Source, ...]
    hashes: tuple[str, ...]
    sizes: tuple[int, ...]
    units: tuple[Unit, ...]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Work was done: `done` of `total` units of `stage`, `rows` rows so far; of the stage "hash", MiB of the inputs."""

    stage: str
    done: int
    total: int
    rows: int


@dataclass(frozen=True, slots=True)
class Sniffed:
    """The inputs, and how to read each: known before the inputs are read from end to end."""

    inputs: tuple[Input, ...]
    sources: tuple[Source, ...]


def plan(specs: Sequence[str], options: ReadOptions, spool: Path) -> Plan:
    """As `planning`, without a word meanwhile."""
    return _last(planning(specs, options, spool))


def planning(
    specs: Sequence[str],
    options: ReadOptions,
    spool: Path,
    failed: list[SftformatError] | None = None,
    hashed: bool = True,
) -> Generator[Progress | Sniffed, None, Plan]:
    """Find the inputs, look at each once from end to end, and cut them into units; yield how far that is.

    The first to be yielded says how much there is to look at, before any of it is read; the second is what the inputs
    are.
    A file of rejects is as many inputs as it has runs of lines that came from one. `spool` is a folder for stdin. With
    a list for what `failed`, an input that cannot be read is left out if there is another; its error goes there. Where
    nobody asks what is `hashed`, every sha256 is "", and what is not cut at bytes is not read.

    Raises:
        UsageError: an input that is not there, twice there, or no data.
        InputError: an input that cannot be read.
    """
    check_columns(options)
    named, skipped = resolve(specs, spool)
    _check_own(options, named)
    return (yield from _planning(named, skipped, options, failed, hashed))


def _check_own(options: ReadOptions, named: Sequence[Input]) -> None:
    """Refuse options of single inputs that are for none, or twice for one."""
    patterns = [pattern for pattern, _ in options.own]
    for pattern in patterns:
        if not any(each.path.match(pattern) for each in named):
            raise UsageError(f"options are given for the input {pattern!r}, and no input is called so")
    for each in named:
        fitting = [pattern for pattern in patterns if each.path.match(pattern)]
        if len(fitting) > 1:
            raise UsageError(f"{each.name}: options are given for it as {fitting[0]!r} and as {fitting[1]!r}")


def plan_inputs(named: Sequence[Input], skipped: Sequence[str], options: ReadOptions) -> Plan:
    """As `plan`, for inputs that were found already.

    Raises:
        InputError: an input that cannot be read.
    """
    return _last(_planning(named, skipped, options, None))


def _last(steps: Generator[Progress | Sniffed, None, Plan]) -> Plan:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Plan = end.value
            return found


def _planning(
    named: Sequence[Input],
    skipped: Sequence[str],
    options: ReadOptions,
    failed: list[SftformatError] | None,
    hashed: bool = True,
) -> Generator[Progress | Sniffed, None, Plan]:
    inputs: list[Input] = []
    sources: list[Source] = []
    hashes: list[str] = []
    sizes: list[int] = []
    units: list[Unit] = []
    seen = _Seen(sum(each.size for each in named))
    length = unit_bytes(seen.total)
    yield Progress("hash", 0, max(seen.total >> 20, 1), 0)
    opened: list[_Opened] = []
    for each in named:
        try:
            opened.append(_opened(each, options.of(each.path)))
        except InputError as error:
            if failed is None or (each is named[-1] and not opened):
                raise
            failed.append(error)
    parts = [part for one in opened for part in one.parts]
    yield Sniffed(tuple(each for each, _ in parts), tuple(source for _, source in parts))
    for one in opened:
        try:
            scanned = yield from seen.through(scanning(one.whole, length, hashed))
        except InputError as error:
            if failed is None or (one is opened[-1] and not inputs):
                raise
            failed.append(error)
            continue
        for each, source in one.parts:
            inputs.append(each)
            sources.append(source)
            hashes.append(scanned.sha256)
            sizes.append(scanned.size)
            cuts = (
                [(source.part(part), part.sha256) for part in scanned.ranges] if source is one.whole else [(source, "")]
            )
            units += [
                Unit(len(units) + number, len(inputs) - 1, cut, sha256 or scanned.sha256)
                for number, (cut, sha256) in enumerate(cuts)
            ]
    return Plan(tuple(inputs), tuple(sources), tuple(hashes), tuple(sizes), tuple(units), tuple(skipped))


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file, and the inputs that it is: itself, or of a file of rejects each run of lines that came from one."""

    whole: Source
    parts: tuple[tuple[Input, Source], ...]


def _opened(each: Input, options: ReadOptions) -> _Opened:
    whole = sniff(each.path, each.name, options, each.beside, each.texts)
    found = rejects.runs(whole, options)
    parts = [(of_origin(each, source.origin) if source.origin else each, source) for source in found]
    return _Opened(whole, tuple(parts or [(each, whole)]))


@dataclass(slots=True)
class _Seen:
    """How many of the bytes of all inputs were looked at, told every so many of them."""

    total: int
    done: int = 0
    told: int = 0

    def through(self, steps: Generator[int, None, Scan]) -> Generator[Progress, None, Scan]:
        while True:
            try:
                self.done += next(steps)
            except StopIteration as end:
                scanned: Scan = end.value
                return scanned
            if self.done - self.told >= _TOLD_BYTES:
                self.told = self.done
                yield Progress("hash", self.done >> 20, max(self.total, self.done) >> 20, 0)


def unit_bytes(size: int) -> int:
    """Return how long the ranges of inputs of `size` bytes in all are: enough of them to keep processes busy.

    It is a power of two: while inputs grow, their ranges mostly stay what they were.
    """
    return min(max(1 << (size // _UNITS).bit_length() >> 1, SMALL_UNIT_BYTES), UNIT_BYTES)


def without(found: Plan, gone: Set[int]) -> Plan:
    """Return a plan without some of its inputs."""
    kept = [index for index in range(len(found.inputs)) if index not in gone]
    units = [replace(unit, input=kept.index(unit.input)) for unit in found.units if unit.input not in gone]
    return Plan(
        tuple(found.inputs[index] for index in kept),
        tuple(found.sources[index] for index in kept),
        tuple(found.hashes[index] for index in kept),
        tuple(found.sizes[index] for index in kept),
        tuple(replace(unit, index=number) for number, unit in enumerate(units)),
        found.skipped,
    )


def of_origin(rejected: Input, origin: Origin) -> Input:
    """Return the input for rows of a file of rejects: with the split that they had, unless the user names another."""
    if rejected.prefixed:
        return rejected
    return replace(rejected, split=origin.split, prefixed=origin.split_named)


def check_unchanged(found: Plan) -> None:
    """Compare every input with what it was when it was planned.

    Raises:
        InputError: one was changed, grew or went away in between.
    """
    for each in found.inputs:
        try:
            now = state_of(*each.files)
        except OSError as error:
            raise InputError(f"{each.name}: gone while it was read: {error.strerror}") from None
        if now != each.state:
            raise InputError(f"{each.name}: changed while it was read; start again")
