"""Translation on Django's own catalogues and answers of a chat corpus: a small model made here learns to write them.

200 pairs are learned by heart, which shows that decoder, loss and decoding are one; on pairs never seen its Russian is
nearer to the translation than the English source is.
"""

from __future__ import annotations

import gettext
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sftformat.tasks.texts import BEST

from ..conftest import Call
from .archives import archive, member

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow

Pairs = list[tuple[str, str]]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Small matrices are fastest on one thread, and many times as slow on two when both cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def shuffled(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """Return pairs in an order that has nothing to do with where they stood."""
    return sorted(pairs, key=lambda pair: hashlib.sha256(pair[0].encode()).digest())


def catalogue(language: str) -> Pairs:
    """Return short messages of Django's catalogues with their translations, each message once."""
    found = dict[str, str]()
    with zipfile.ZipFile(archive("django-5.2.19")) as opened:
        names = sorted(opened.namelist())
    for name in names:
        if name.endswith(f"/locale/{language}/LC_MESSAGES/django.mo"):
            translations = gettext.GNUTranslations(io.BytesIO(member("django-5.2.19", name)))
            for source, target in translations._catalog.items():  # type: ignore[attr-defined]
                if isinstance(source, str) and source and target and not set(source) & {"\x04", "\n"}:
                    found.setdefault(source, target)
    return shuffled(pair for pair in found.items() if len(pair[0]) <= 80)


def word_pieces(texts: Iterable[str]) -> Any:
    """Train the tokenizer that BERT has: words apart from signs, and blanks forgotten."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=False)
    made.pre_tokenizer, made.decoder = pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
    made.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=2000, special_tokens=SPECIAL))
    return made


def byte_pairs(texts: Iterable[str]) -> Any:
    """Train a tokenizer of bytes, which gives every text back as it was."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=2000, special_tokens=SPECIAL, initial_alphabet=alphabet)
    )
    return made


def small_bert(folder: Path, made: Any) -> Path:
    """Write a random BERT of two layers with this tokenizer."""
    from tokenizers import processors
    from transformers import BertConfig, BertModel

    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    torch.manual_seed(0)
    sizes = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 512}
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.08}
    BertModel(BertConfig(vocab_size=made.get_vocab_size(), **sizes, **still)).save_pretrained(folder)
    made.save(str(folder / "tokenizer.json"))
    keys = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    config = {"tokenizer_class": "PreTrainedTokenizerFast", **dict(zip(keys, SPECIAL, strict=True))}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def write(path: Path, records: Iterable[Any]) -> None:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")


def learn(call: Call, folder: Path, split: str, *more: str) -> Any:
    """Train on what lies there and return the metrics of a split."""
    options = ("--epochs", "30", "--batch-size", "10", "--learning-rate", "1e-3", "--weight-decay", "0")
    quiet = ("--ignore", "SFT", "--fail-on", "error", "-q", "--max-length", "128")
    done = call("run", *more, "-o", "out", "--model", "bert", "--eval-split", split, *options, *quiet, cwd=folder)
    assert "chrf of the copy of the source" in done.out, done.err
    return json.loads((folder / f"out/model/evaluations/shards-{split}/metrics.json").read_text())


def test_translation(call_here: Call, tmp_path: Path) -> None:
    pairs = catalogue("ru")
    assert len(pairs) == 678
    small_bert(tmp_path / "bert", word_pieces(text for pair in pairs[:200] for text in pair))
    for name, part in (("train", pairs[:200]), ("test", pairs[200:300])):
        write(tmp_path / f"{name}.jsonl", ({"translation": {"en": source, "ru": target}} for source, target in part))
    unseen = learn(call_here, tmp_path, "test", "train.jsonl", "test.jsonl")
    assert unseen["intervals"]["chrf"][0] > unseen["baselines"]["copy of the source"]["chrf"]
    done = call_here("evaluate", "out/model", "out/shards", "--eval-split", "train", "--output-format", "json")
    learned = json.loads(done.out)
    assert learned["metrics"]["bleu"] >= 90
    assert learned["metrics"]["bleu"] > 2 * learned["baselines"]["copy of the source"]["bleu"]


def test_chat(call_here: Call, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    found = dict[str, str]()
    for name in ("ai", "food", "emotion", "humor", "psychology", "science"):
        held = yaml.safe_load(member("chatterbot_corpus-1.3.3", f"chatterbot_corpus/data/english/{name}.yml"))
        for question, answer, *_ in (map(str, turns) for turns in held["conversations"]):
            found.setdefault(question, answer)
    pairs = [pair for pair in shuffled(found.items()) if max(map(len, pair)) <= 120][:200]
    assert len(pairs) == 200
    small_bert(tmp_path / "bert", byte_pairs(text for pair in pairs for text in pair))
    said = ([{"role": "user", "content": one}, {"role": "assistant", "content": two}] for one, two in pairs)
    write(tmp_path / "train.jsonl", ({"messages": turns} for turns in said))
    learned = learn(call_here, tmp_path, "train", "train.jsonl")
    assert BEST not in learned["baselines"]  # every target is written as it stands
    assert learned["metrics"]["bleu"] >= 90
    assert learned["metrics"]["token_accuracy"] >= 0.99
    assert learned["metrics"]["chrf"] > 2 * learned["baselines"]["most frequent target"]["chrf"]
