"""The tokenize stage: canonical text to token ids, exactly as the tokenizer gives them, nothing lost silently.

    load      (with hub, wordpiece) a folder or a hub name -> `Reference`: the tokenizer, its files, its ids
    template  where the tokenizer puts special tokens, found by asking it
    proof     a tokenizer's definition -> where it always cuts, if that can be proved
    cut       (with added) bytes of texts -> pieces
    pieces    (with ids) texts -> ids, each distinct piece tokenized once
    encode    texts -> flat arrays of ids, truncated and with special tokens
    exact     the reference library as judge and fallback
    chat_template, templates      chat templates: rendered as transformers does it; found, or built in
    conversation, rendered        rows of text as messages; as texts, with what of them is trained on
    causal, decoded, made, maker  rows for a causal model, for an encoder-decoder; what both give; which is taken
    counting  what the manifest says of the rows of a batch
    labels    targets -> label map and label arrays
    features  the Arrow schema and the three JSON files that `datasets.load_from_disk` wants
    words     rows of words -> the same, and where words begin
    tags      tags -> labels on the first token of each word
    maker     a batch -> `made.Made`: its tokens and labels, by task
    unit      one Parquet file -> one Arrow file, its counts and the rows left out
    outcome   what one unit did, as it is kept beside the unit and summed for the manifest
    standing  shards that an earlier run has finished, kept by their content
    columns   the canonical columns that are needed, and what is wrong with rows left out
    rejects   rows left out, as lines of rejects.jsonl
    request   options, held against data set and tokenizer -> what is to be done
    account   what the manifest says
    report    lengths, rows cut, tokens lost, and what max_length would keep them

Imports neither torch nor transformers.
"""
