"""TensorBoard's event file, written from the history: what was done twice is in it once, and no clock is in it.

The format is that of TensorFlow: records of length, checksum, an `Event` in protobuf, checksum.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: TensorBoard looks for files with `tfevents` in their name.
EVENTS = "events.out.tfevents.0.sftformat"


def _table() -> Iterator[int]:
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        yield value


_CASTAGNOLI = tuple(_table())


def event_file(history: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the scalars of a history as an event file: by step those of train, by the step it ended with each epoch's
    validation."""
    parts, step = [_record(_event(0, _text(3, "brain.Event:2")))], 0
    for line in history:
        step = line.get("step", step)
        if "step" in line:
            found = {f"train/{name}": line[name] for name in ("loss", "learning_rate", "grad_norm")}
        else:
            found = {f"validation/{name}": value for name, value in (line["validation"] or {}).items()}
        values = b"".join(_bytes(1, _text(1, tag) + _float(2, x)) for tag, x in found.items() if x is not None)
        parts += [_record(_event(step, _bytes(5, values)))] if values else []
    return b"".join(parts)


def _event(step: int, rest: bytes) -> bytes:
    """An `Event` with wall time 0."""
    return b"\x09" + struct.pack("<d", 0.0) + b"\x10" + _varint(step) + rest


def _bytes(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def _float(field: int, value: float) -> bytes:
    return bytes([field << 3 | 5]) + struct.pack("<f", value)


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def _record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return length + struct.pack("<I", _masked(length)) + content + struct.pack("<I", _masked(content))


def _masked(content: bytes) -> int:
    """The CRC-32C of TFRecord, turned by 15 bits and moved."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _CASTAGNOLI[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
