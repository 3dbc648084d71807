"""Where foreign chat templates run: jinja2's sandbox, with a limit on what one rendering may do and make.

The sandbox of jinja2 keeps a template from files and from what is inside Python, not from running for ever: two nested
loops of a hundred thousand steps do, and `'a' * 10 ** 10` takes all memory. Here every step of a loop and every call is
counted, and no text, list or number that a template makes may be far larger than the row. The limits know no clock: the
same row is refused everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

#: Steps of loops and calls of one rendering; a conversation of a thousand turns takes some ten thousand.
STEPS = 1_000_000
#: Characters of a text, or items of a list, that a template may make of any row, and how often those of the row itself.
MOST, TIMES = 1 << 20, 16
#: Bits of a number.
_BITS = 1024
#: Filters and methods that fill a text up to a width.
_WIDENING = frozenset({"center", "indent", "batch", "slice", "ljust", "rjust", "zfill", "expandtabs"})
_COUNTED = "counted steps"


class RunawayError(TemplateError):
    """A template does more, or makes more, than any row asks for."""


class Budget:
    """What is left to one rendering, which is shown `given`."""

    def __init__(self, given: Any = None) -> None:
        self.steps = STEPS
        self._given, self._room = given, 0

    def spend(self) -> None:
        """Take one step.

        Raises:
            RunawayError: none is left.
        """
        self.steps -= 1
        if self.steps < 0:
            raise RunawayError(f"it takes over {STEPS:,} steps: it has no end, or far too many loops")

    def check(self, length: int) -> None:
        """Allow for a text or a list of this length.

        Raises:
            RunawayError: it is far longer than what the template is shown.
        """
        if length > MOST:
            self._room = self._room or MOST + TIMES * len(json.dumps(self._given, default=str))
            if length > self._room:
                raise RunawayError(f"it makes over {self._room:,} characters of one row")

    def checked(self, value: Any) -> Any:
        """Return a value that is not too large.

        Raises:
            RunawayError: it is.
        """
        if isinstance(value, str | list | tuple | dict):
            self.check(len(value))
        elif isinstance(value, int) and value.bit_length() > _BITS:
            raise RunawayError(f"it makes a number of over {_BITS:,} bits")
        return value


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of chat templates; `budget` is that of the rendering that runs."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.budget = Budget()
        for name, made in self.filters.items():
            self.filters[name] = self._bounded(name, made)
        self.filters[_COUNTED] = self._steps

    def _steps(self, items: Any) -> Iterator[Any]:
        for item in items:
            self.budget.spend()
            yield item

    def _bounded(self, name: str, made: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(made)  # with the marks of those that want the environment first
        def bounded(*given: Any, **named: Any) -> Any:
            self._check_widths(name, *given[1:], *named.values())
            return self.budget.checked(made(*given, **named))

        return bounded

    def _check_widths(self, name: str, *given: Any) -> None:
        if name in _WIDENING:
            for each in given:
                self.budget.check(each if isinstance(each, int) else 0)

    def call(self, context: Context, made: Any, /, *given: Any, **named: Any) -> Any:
        """Call what a template calls: a step, and its value is not too large."""
        self.budget.spend()
        self._check_widths(getattr(made, "__name__", ""), *given, *named.values())
        return self.budget.checked(super().call(context, made, *given, **named))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Work out `+`, `*`, `**` and `%`; what would be too large is not made."""
        if operator == "*":
            for text, times in ((left, right), (right, left)):
                if isinstance(text, str | list | tuple) and isinstance(times, int):
                    self.budget.check(len(text) * times)
        if operator == "**" and isinstance(left, int) and isinstance(right, int) and left.bit_length() * right > _BITS:
            raise RunawayError(f"it makes a number of over {_BITS:,} bits")
        return self.budget.checked(super().call_binop(context, operator, left, right))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Parse a template, and put a filter around what each loop goes over and what each `~` makes."""
        made = super()._parse(source, name, filename)
        for loop in list(made.find_all(nodes.For)):
            loop.iter = _filtered(loop.iter, _COUNTED)
        for joined in list(made.find_all(nodes.Concat)):
            joined.nodes = [_filtered(nodes.Concat(joined.nodes, lineno=joined.lineno), "string")]
        made.set_environment(self)
        return made


def _filtered(node: Any, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
