"""An encoder-decoder from one BERT checkpoint, and the texts it writes.

Both sides begin with the weights of the checkpoint (Rothe, Narayan and Severyn 2020, "Leveraging Pre-trained
Checkpoints for Sequence Generation Tasks", BERT2BERT): the decoder sees only what it has written, its attention to the
encoder is new, and its output vectors are its input vectors. Transformers' `generate` writes, greedily or with beams.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from sftformat.errors import UsageError
from sftformat.loader import Split, batches, length_order

#: Parts of a decoder that a checkpoint of an encoder has not.
_NEW = (".crossattention.", "cls.", "lm_head.", ".pooler.")


@dataclass(frozen=True, slots=True)
class Decoding:
    """How texts are written: the ids that open and close one, its longest length in tokens, how many beams are kept."""

    start: int
    stop: int
    pad: int
    max_length: int
    beams: int = 1


def decoding_of(manifest: Mapping[str, Any], beams: int = 1, max_length: int | None = None) -> Decoding | None:
    """Return how rows of these shards are written; None where their target is no text.

    Raises:
        UsageError: no beam, or no token.
    """
    if "decoder" not in manifest:
        return None
    if beams < 1 or (max_length is not None and max_length < 1):
        raise UsageError(f"--beams {beams}, --max-target-length {max_length}: at least 1")
    said = manifest["decoder"]
    most = max_length or manifest["max_target_length"]
    return Decoding(said["start_id"], said["stop_id"], manifest["tokenizer"]["pad_id"], most, beams)


def load_pair(folder: Path, options: Mapping[str, Any], *, trained: bool) -> tuple[Any, list[str]]:
    """Return an encoder-decoder and the names of weights that are missing in it; new ones are drawn by torch.

    An encoder-decoder is loaded as it is, anything else as its two sides. Raises whatever a foreign folder provokes.
    """
    library: Any = transformers
    config = library.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    if trained or config.model_type == "encoder-decoder":
        model, report = library.EncoderDecoderModel.from_pretrained(folder, output_loading_info=True, **options)
        return model, _missing(report, ())
    encoder, first = library.AutoModel.from_pretrained(folder, output_loading_info=True, **options)
    config.is_decoder, config.add_cross_attention, config.tie_word_embeddings = True, True, True
    decoder, second = library.AutoModelForCausalLM.from_pretrained(
        folder, config=config, output_loading_info=True, **options
    )
    missing = [*_missing(first, (".pooler.", "pooler.")), *_missing(second, _NEW)]
    return library.EncoderDecoderModel(encoder=encoder, decoder=decoder), missing


def _missing(report: Mapping[str, Any], new: tuple[str, ...]) -> list[str]:
    keys = {*report["missing_keys"], *(key if isinstance(key, str) else key[0] for key in report["mismatched_keys"])}
    return sorted(key for key in keys if not any(part in key or key.startswith(part) for part in new))


def prepare_decoder(model: Any, decoding: Decoding) -> None:
    """Write into the configuration how texts begin, end and are padded, so that others write as we do."""
    for config in (model.config, model.generation_config):
        config.decoder_start_token_id, config.eos_token_id = decoding.start, decoding.stop
        config.pad_token_id, config.bos_token_id = decoding.pad, decoding.start
    model.config.vocab_size = model.config.decoder.vocab_size


def _spoken(ids: list[int], decoding: Decoding) -> list[int]:
    """Return what is written between the token that opens a text and the one that closes it."""
    ids = ids[1:]
    return [each for each in ids[: ids.index(decoding.stop) if decoding.stop in ids else None] if each != decoding.pad]


def write_texts(
    model: Any, split: Split, rows: NDArray[np.int64], decoding: Decoding, batch_size: int = 64
) -> list[str]:
    """Return what the model writes for rows of a split, in batches of like length; [SEP] and its kin are left out."""
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    config: Any = transformers.GenerationConfig
    how = config(
        decoder_start_token_id=decoding.start,
        bos_token_id=decoding.start,
        eos_token_id=decoding.stop,
        pad_token_id=decoding.pad,
        max_new_tokens=decoding.max_length,
        num_beams=decoding.beams,
        do_sample=False,
        early_stopping=decoding.beams > 1,
    )
    texts = [""] * len(rows)
    order = length_order(split.lengths[rows], batch_size)
    with torch.inference_mode():
        for places, batch in zip(order, batches(split, (rows[places] for places in order)), strict=True):
            given = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
            tensors = {name: torch.from_numpy(array).to(device) for name, array in given.items()}
            made = model.generate(**tensors, generation_config=how).cpu().tolist()
            spoken = [_spoken(ids, decoding) for ids in made]
            for place, text in zip(places.tolist(), split.tokenizer.decode_batch(spoken), strict=True):
                texts[place] = text
    model.train(was_training)
    return texts
