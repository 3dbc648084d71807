"""Whether a schema ends: no loop of references that consumes nothing, and no expansion that never comes to an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import SchemaError
from sftformat.schema.walk import IN_PLACE, INSIDE, Tree, children

#: So many subschemas may be about one value, and so many in all about a value and the values in it.
MAX_IN_PLACE = 100_000
MAX_IN_ALL = 1 << 26
#: So many subschemas may be written out.
MAX_WRITTEN = 50_000
#: From so many on only the first error about a record is asked for: to find all of them takes too long.
TAME = 100_000

Node = Mapping[str, Any]


def check_size(found: Tree, name: str) -> None:
    """Refuse a schema of too many subschemas.

    Raises:
        SchemaError: says how many there are.
    """
    if len(found.parts) > MAX_WRITTEN:
        raise SchemaError(f"{name}: holds {len(found.parts):,} subschemas; at most {MAX_WRITTEN:,} are checked")


def check_expansion(found: Tree, name: str) -> None:
    """Refuse a schema that would take for ever.

    Raises:
        SchemaError: a chain of references comes back to itself without stepping into the data, or allOf and $ref
            double what is to be checked over and over; names the pointer.
    """
    _check_loops(found, name)
    starts = [part.node for part in found.parts.values()]
    here = _sizes(found, starts, in_all=False)
    total = _sizes(found, starts)
    for identity, part in found.parts.items():
        for count, limit in ((here[identity], MAX_IN_PLACE), (total[identity], MAX_IN_ALL)):
            if count > limit:
                where = part.pointer or "/"
                raise SchemaError(f"{name}: at {where}: expands to {count:,} subschemas; at most {limit:,} are checked")


def is_tame(found: Tree) -> bool:
    """Whether all errors about a record can be found in reasonable time.

    They cannot where a schema comes back to itself by more than one way: each level of the data doubles them.
    """
    if max(_sizes(found, [found.root]).values()) > TAME:
        return False
    targets = {id(target): target for target in found.targets.values()}
    return all(_ways_back(found, target) <= 1 for target in targets.values())


def _ways_back(found: Tree, node: Node) -> int:
    parts = [child for _, child in in_place(found, node)]
    parts += inside(found, node)
    return _measure(found, node, _sizes(found, parts, {id(node): 1}, own=0), own=0, in_all=True)


def in_place(found: Tree, node: Node) -> Iterator[tuple[str, Node]]:
    """Yield the keyword and the node of everything that is about the same value."""
    yield from found.references(node)
    if not found.alone(node):
        yield from ((tokens[0], child) for tokens, child in children(node, IN_PLACE))


def inside(found: Tree, node: Node) -> Iterator[Node]:
    """Yield the nodes that are about parts of the value."""
    if not found.alone(node):
        yield from (child for _, child in children(node, INSIDE))


def _check_loops(found: Tree, name: str) -> None:
    done: set[int] = set()
    for start in found.parts.values():
        open_nodes: dict[int, None] = {}
        stack: list[tuple[Node, Iterator[tuple[str, Node]]]] = []
        _enter(found, start.node, stack, open_nodes, done)
        while stack:
            node, rest = stack[-1]
            keyword, child = next(rest, ("", None))
            if child is None:
                stack.pop()
                open_nodes.pop(id(node))
                done.add(id(node))
            elif id(child) in open_nodes:
                _refuse_loop(found, node, keyword, name)
            else:
                _enter(found, child, stack, open_nodes, done)


def _enter(found: Tree, node: Node, stack: list[Any], open_nodes: dict[int, None], done: set[int]) -> None:
    if id(node) not in done:
        open_nodes[id(node)] = None
        stack.append((node, in_place(found, node)))


def _refuse_loop(found: Tree, node: Node, keyword: str, name: str) -> None:
    part = found.parts[id(node)]
    said = clip(node[keyword]) if isinstance(node.get(keyword), str) else keyword
    raise SchemaError(f"{name}: at {part.pointer}/{keyword}: {said!r} leads back to itself and consumes nothing")


def _sizes(
    found: Tree, starts: Sequence[Node], known: Mapping[int, int] | None = None, *, own: int = 1, in_all: bool = True
) -> dict[int, int]:
    """Count what nodes expand to, by identity: `own` for each itself, and what is about the same value.

    With `in_all` also what is about parts of the value; each part is looked at by itself, so the largest of them
    counts, not the sum. A node inside itself counts once.
    """
    sizes = dict(known or {})
    for start in starts:
        stack = [(start, False)]
        open_nodes: set[int] = set()
        while stack:
            node, left = stack.pop()
            if left:
                open_nodes.discard(id(node))
                sizes[id(node)] = _measure(found, node, sizes, own, in_all)
            elif id(node) not in sizes and id(node) not in open_nodes:
                open_nodes.add(id(node))
                stack.append((node, True))
                stack.extend((child, False) for _, child in in_place(found, node))
                stack.extend((child, False) for child in inside(found, node) if in_all)
    return sizes


def _measure(found: Tree, node: Node, sizes: Mapping[int, int], own: int, in_all: bool) -> int:
    around = sum(sizes.get(id(child), own) for _, child in in_place(found, node))
    within = max((sizes.get(id(child), own) for child in inside(found, node)), default=0) if in_all else 0
    return own + around + within
