"""Texts that are nearly the same: MinHash finds the candidates, their sets of shingles decide. On disk, in partitions.

A text is folded and cut into shingles, all runs of SHINGLE characters. Two texts are as alike as their sets of
shingles: those they share by those they have together (Jaccard). MinHash (rensa) puts rows that may be alike into one
bucket; what is then reported was compared exactly, so nothing that is reported is less alike than asked for.
A unit leaves four files: its buckets, partitioned as all keys are; its rows; the buckets of each row; and the sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sftformat.rules.folding import folding
from sftformat.rules.spill import EMPTY_HI, EMPTY_LO, KEY, NEAR, PLACE, ROW, Records, Spill, read_partition
from sftformat.rules.texts import Array, Indices

#: Characters in a shingle: one word changed costs a handful of them, in scripts without blanks too.
SHINGLE = 5
#: Numbers in a MinHash signature; they are cut into bands, and rows that agree in a band are candidates.
PERMUTATIONS = 128
#: Texts exactly as alike as asked for are candidates with at least this probability.
RECALL = 0.99
#: In a bucket a row is compared with so many rows before it, and so many at its start.
COMPARED = 16
SEED = 7
#: Shingles that are compared at once.
AT_ONCE = 1 << 21
_ROWS = 1024

_TABLE = np.dtype([*ROW.descr, ("start", "<u8"), ("count", "<u4")])
#: A row that was found and the row it points at; `name` is how alike they are.
FOUND = np.dtype([*PLACE, ("name", "S64")])

Hashes = np.ndarray[Any, np.dtype[np.uint32]]
Keys = np.ndarray[Any, np.dtype[np.uint64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


def bands(similarity: float) -> tuple[int, int]:
    """Return how many bands of how many numbers find texts of this similarity: the fewest false candidates."""
    for rows in range(PERMUTATIONS, 1, -1):
        number = PERMUTATIONS // rows
        if 1 - (1 - similarity**rows) ** number >= RECALL:
            return number, rows
    return PERMUTATIONS, 1


def shingles(texts: Array, seeds: Keys | None = None) -> tuple[Hashes, Indices]:
    """Return the sorted, distinct hashes of the shingles of each text, folded, and (texts + 1) offsets; see `alike`."""
    whole = texts.to_pylist()
    for index, changed in zip(*folding(texts), strict=True):
        whole[index] = changed.decode()
    padded = [text.ljust(SHINGLE, "\0") if text else "" for text in whole]
    points = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    lengths = np.fromiter(map(len, padded), np.int64, len(padded))
    counts = np.maximum(lengths - SHINGLE + 1, 0)
    owners = np.repeat(np.arange(len(padded), dtype=np.uint64), counts)
    first = np.repeat(np.cumsum(lengths) - lengths, counts)
    starts = first + np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    hashes = np.zeros(len(owners), np.uint64) if seeds is None else np.repeat(seeds, counts)
    for place in range(SHINGLE):
        hashes = _mixed(hashes * np.uint64(0x100000001B3) + points[starts + place])
    distinct = np.sort((owners << np.uint64(32)) | (hashes >> np.uint64(32)))
    distinct = distinct[np.insert(distinct[1:] != distinct[:-1], 0, True)[: len(distinct)]]
    offsets = np.searchsorted(distinct, np.arange(len(padded) + 1, dtype=np.uint64) << np.uint64(32))
    return (distinct & np.uint64(0xFFFFFFFF)).astype(np.uint32), offsets.astype(np.int64)


def _mixed(values: Keys) -> Keys:
    """Spread every bit of 64 over all of them (splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))


def buckets(hashes: Hashes, offsets: Indices, similarity: float) -> Keys:
    """Return for each text the keys of its buckets, one a band: array (texts, bands). No text may be empty."""
    import rensa

    flat, cuts = hashes.astype(np.uint64), offsets.astype(np.uint64)
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(flat, cuts, PERMUTATIONS, SEED)
    signatures = np.array(matrix.to_rows(), np.uint64).reshape(len(offsets) - 1, PERMUTATIONS)
    number, rows = bands(similarity)
    keys = np.broadcast_to(np.arange(number, dtype=np.uint64), (len(signatures), number)).copy()
    parts = signatures[:, : number * rows].reshape(-1, number, rows)
    for index in range(rows):
        keys = _mixed(keys * np.uint64(0x100000001B3) + parts[:, :, index] + np.uint64(1))
    return keys


class NearSpill:
    """Writes what one unit leaves for the comparison of near texts; give it every batch, then call `close`."""

    def __init__(self, folder: Path, unit: int, similarity: float, partitions: int) -> None:
        self._spill = Spill(_path(folder, unit, "keys"), "near", partitions)
        self._files = [_path(folder, unit, kind) for kind in ("rows", "buckets", "sets")]
        self._similarity, self._written = similarity, 0
        for path in self._files:
            path.unlink(missing_ok=True)
            path.write_bytes(b"")

    def append(self, columns: Mapping[str, Records], texts: Array, seeds: Keys) -> None:
        """Add the rows of a batch, as columns, with what is compared; one without text is kept, in no bucket."""
        for start in range(0, len(texts), _ROWS):
            some = {name: values[start : start + _ROWS] for name, values in columns.items()}
            self._append(some, *shingles(texts.slice(start, _ROWS), seeds[start : start + _ROWS]))

    def _append(self, columns: Mapping[str, Records], hashes: Hashes, offsets: Indices) -> None:
        table = np.zeros(len(offsets) - 1, _TABLE)
        for name in ROW.names or ():
            table[name] = columns[name]
        table["start"], table["count"] = offsets[:-1] + self._written, np.diff(offsets)
        self._written += len(hashes)
        full = table["count"] > 0
        keys = np.zeros((len(table), bands(self._similarity)[0]), np.uint64)
        if full.any():
            cuts = np.concatenate(([0], np.cumsum(table["count"][full], dtype=np.int64)))
            keys[full] = buckets(hashes, cuts, self._similarity)
        contents: tuple[Records, ...] = (table, keys, hashes)
        for path, content in zip(self._files, contents, strict=True):
            with path.open("ab") as file:
                file.write(content.tobytes())
        seen = full & ((table["key_hi"] != EMPTY_HI) | (table["key_lo"] != EMPTY_LO))
        self._spill.append(_near(keys[seen], table[seen]))

    def close(self) -> list[list[int]]:
        """Write what is left and return the index of the buckets."""
        return self._spill.close()


def _near(keys: Keys, rows: Records) -> Records:
    records = np.zeros(keys.size, NEAR)
    records["key_hi"] = keys.ravel()
    records["unit"] = np.repeat(rows["unit"], keys.shape[1])
    records["row"] = np.repeat(rows["row"], keys.shape[1])
    return records


def _path(folder: Path, unit: int, kind: str) -> Path:
    return folder / f"near-{unit:05d}.{kind}"


@dataclass(frozen=True, slots=True)
class Unit:
    """What is needed of one unit: its number, the index of its key records, and its files and splits renumbered."""

    unit: int
    index: Sequence[Sequence[int]]
    files: Indices
    splits: Indices


class Near:
    """The near texts of all units. `across`: pairs in two splits, else pairs in one."""

    def __init__(self, folder: Path, units: Sequence[Unit], similarity: float, across: bool) -> None:
        self._folder, self._units = folder, {each.unit: each for each in units}
        self._similarity, self._across = similarity, across
        self._tables = {unit: _mapped(_path(folder, unit, "rows"), _TABLE) for unit in self._units}
        self._sets = {unit: _mapped(_path(folder, unit, "sets"), np.dtype("<u4")) for unit in self._units}
        self._buckets = {
            unit: _mapped(_path(folder, unit, "buckets"), np.dtype("<u8")).reshape(len(rows), -1)
            for unit, rows in self._tables.items()
            if len(rows)
        }

    def found(self, partition: int) -> tuple[Records, Records]:
        """Return the rows of one partition that are nearly those they are paired with, the best pair for each row."""
        parts = []
        for each in self._units.values():
            for records in read_partition(_path(self._folder, each.unit, "keys"), "near", each.index, partition):
                records["unit"] = each.unit  # it may have had another number when they were written
                parts.append(records)
        empty = np.zeros(0, FOUND)
        if not parts:
            return empty, empty
        rows = self._candidates(np.concatenate(parts))
        pairs = [self._alike(rows[first], rows[later]) for first, later in _pairs(*self._reach(rows))]
        later, first = (np.concatenate([pair[side] for pair in pairs] or [empty]) for side in (0, 1))
        return _best(later, first)

    def _candidates(self, records: Records) -> Records:
        """The rows of buckets with several, in the order in which they are compared."""
        records = records[np.argsort(records["key_hi"], kind="stable")]
        same = records["key_hi"][1:] == records["key_hi"][:-1]
        records = records[np.append(same, False) | np.insert(same, 0, False)]
        rows = np.zeros(len(records), np.dtype([*_TABLE.descr, ("bucket", "<u8")]))
        for unit in np.unique(records["unit"]).tolist():
            here = records["unit"] == unit
            found = self._tables[unit][records["row"][here]]
            for name in _TABLE.names or ():
                rows[name][here] = found[name] if name != "unit" else unit
            rows["file"][here] = self._units[unit].files[found["file"]]
            rows["split"][here] = self._units[unit].splits[found["split"]]
        rows["bucket"] = records["key_hi"]
        # Of equal texts the first: across splits those equal once folded, for the others are SFT403's.
        equal = ("bucket", *KEY) if self._across else ("bucket", "split", *KEY, "exact")
        rows = rows[np.lexsort([rows[name] for name in ("row", "unit", "split", *reversed(equal))])]
        once = np.ones(len(rows), np.bool_)
        once[1:] = np.logical_or.reduce([rows[name][1:] != rows[name][:-1] for name in equal])
        rows = rows[once]
        return np.asarray(rows[np.lexsort([rows["row"], rows["unit"], rows["split"], rows["bucket"]])])

    def _reach(self, rows: Records) -> tuple[Indices, Indices]:
        """For each row where its bucket begins, and before which row its partners end: itself, or its split."""
        if not self._across:
            return _begin(rows, "bucket", "split"), np.arange(len(rows))
        return _begin(rows, "bucket"), _begin(rows, "bucket", "split")

    def _alike(self, first: Records, later: Records) -> tuple[Records, Records]:
        """Of pairs, those that count and are alike enough: the later rows, with how alike they are, and the first."""
        smaller, larger = np.minimum(first["count"], later["count"]), np.maximum(first["count"], later["count"])
        counts = (first["split"] != later["split"]) == self._across
        counts &= smaller >= self._similarity * larger
        first, later = first[counts], later[counts]
        once = self._shared_first(first, later)
        first, later = first[once], later[once]
        alike = self._similarities(first, later)
        enough = alike >= self._similarity
        found = [np.zeros(int(enough.sum()), FOUND) for _ in range(2)]
        for made, rows in zip(found, (later[enough], first[enough]), strict=True):
            for name, _ in PLACE:
                made[name] = rows[name]
        found[0]["name"] = np.char.mod("%.4f", alike[enough])
        return found[0], found[1]

    def _shared_first(self, first: Records, later: Records) -> Flags:
        """Whether the bucket at hand is the first that a pair shares: it is compared there and nowhere else."""
        ours, theirs = self._buckets_of(first), self._buckets_of(later)
        if not len(first):
            return np.zeros(0, np.bool_)
        at = np.argmax(ours == theirs, axis=1)
        return np.asarray(ours[np.arange(len(at)), at] == first["bucket"])

    def _buckets_of(self, rows: Records) -> Keys:
        width = next((each.shape[1] for each in self._buckets.values()), 0)
        found = np.zeros((len(rows), width), np.uint64)
        for unit in np.unique(rows["unit"]).tolist():
            here = rows["unit"] == unit
            found[here] = self._buckets[unit][rows["row"][here]]
        return found

    def _similarities(self, first: Records, later: Records) -> np.ndarray[Any, np.dtype[np.float64]]:
        total = first["count"].astype(np.int64) + later["count"]
        shared = np.zeros(len(first), np.int64)
        start = 0
        while start < len(first):
            stop = max(start + 1, int(np.searchsorted(np.cumsum(total[start:]), AT_ONCE, "right")) + start)
            sets = [self._set(rows[index]) for index in range(start, stop) for rows in (first, later)]
            owners = np.repeat(np.arange(stop - start, dtype=np.uint64), total[start:stop])
            values = np.sort((owners << np.uint64(32)) | np.concatenate(sets))
            twice = values[1:][values[1:] == values[:-1]] >> np.uint64(32)
            shared[start:stop] = np.bincount(twice.astype(np.int64), minlength=stop - start)
            start = stop
        return np.asarray(shared / np.maximum(total - shared, 1))

    def _set(self, row: Any) -> Hashes:
        start = int(row["start"])
        return np.asarray(self._sets[int(row["unit"])][start : start + int(row["count"])])


def _mapped(path: Path, kind: np.dtype[Any]) -> Records:
    """The content of a file, read where it is needed."""
    return np.asarray(np.memmap(path, kind, "r")) if path.stat().st_size else np.zeros(0, kind)


def _begin(rows: Records, *names: str) -> Indices:
    """For each of sorted rows the index of the first that is equal in these fields."""
    begins = np.ones(len(rows), np.bool_)
    begins[1:] = np.logical_or.reduce([rows[name][1:] != rows[name][:-1] for name in names])
    return np.maximum.accumulate(np.where(begins, np.arange(len(rows)), 0))


def _pairs(start: Indices, end: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Yield pairs (first, later): each row with the last before its end, and with those at the start of its bucket."""
    index = np.arange(len(start))
    for back in range(1, COMPARED + 1):
        later = index[end - back >= start]
        if not len(later):
            return
        yield end[later] - back, later
    for ahead in range(COMPARED):
        later = index[end - COMPARED > start + ahead]
        if not len(later):
            return
        yield start[later] + ahead, later


def _best(later: Records, first: Records) -> tuple[Records, Records]:
    """For each later row the pair whose other row comes first: by split, then in the order of the data."""
    order = np.lexsort([first["row"], first["unit"], first["split"], later["row"], later["unit"]])
    later, first = later[order], first[order]
    new = np.ones(len(later), np.bool_)
    new[1:] = (later["unit"][1:] != later["unit"][:-1]) | (later["row"][1:] != later["row"][:-1])
    return later[new], first[new]
