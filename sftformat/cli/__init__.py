"""The command line: a command a file, each thin over one library function. Nothing heavy is imported before it runs."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from importlib import import_module
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn

import click

from sftformat import __version__
from sftformat.diagnostics import CODES, visible
from sftformat.errors import InputError, SftformatError
from sftformat.startup import leave, look_for_garbage_later, spare_memory

#: Command -> module here that holds it and, in a few words, what it does; the order is that of `--help`.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Convert, tokenize, train and evaluate in one go."),
    "inspect": ("inspect", "Say what an input is: format, layout, columns, rows, labels, lengths."),
    "validate": ("validate", "Check every row and say what is wrong, where, and how to mend it."),
    "convert": ("convert", "Make the canonical data set, or a file in another format and layout."),
    "tokenize": ("tokenize", "Make tokenized Arrow shards."),
    "verify": ("verify", "Compare every byte of a folder with its manifest."),
    "train": ("train", "Fine-tune BERT on shards; several learning rates are a grid search."),
    "evaluate": ("evaluate", "Measure a run on a split, with intervals and baselines."),
    "compare": ("compare", "Test whether two runs differ on the same rows by more than chance."),
    "predict": ("predict", "Predict for new data, each prediction with its source line."),
    "explain": ("explain", "Follow one row from its bytes to its tokens."),
    "rules": ("rules", "List the rules, or explain one."),
    "layouts": ("layouts", "List the record layouts, or show one."),
    "schema": ("schema", "List the schemas, print one, or infer one from data."),
}


class Lazy(click.Group):
    """A group that imports a command only when it is called; `--help` needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it so
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"sftformat.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {visible(args[0])!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sftformat")
def cli() -> None:
    """Validate, normalize and tokenize input-target pairs; fine-tune and evaluate BERT on them.

    INPUT is a file (CSV, TSV, JSON, JSONL, Parquet, Arrow; also .gz and .zst), a folder, a glob, '-' for stdin, or a
    data set folder, each with train=, validation= or test= in front if you like.

    Exit status: 0 fine, 1 the data has errors, 2 called wrongly or could not run.
    """


class Terminated(BaseException):
    """SIGTERM or SIGHUP came: leave through every `finally`, then exit with 128 and the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _terminate(number: int, _: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    raise Terminated(number)


def main() -> NoReturn:
    """Run the command line; every way out is an exit status and at most one line on stderr."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminate)
    look_for_garbage_later()
    spare_memory()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # LANG=C cannot say every character
    status = _exit_code()
    if os.environ.get("SFTFORMAT_DEBUG"):
        sys.exit(status)  # the usual way out, where profilers wait
    leave(status)


def _exit_code() -> int:
    try:
        result = cli.main(standalone_mode=False)
        _flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except SftformatError as error:
        return _fail(_words(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted; the same command goes on where it stopped", 130, "")
    except Terminated as error:
        return _fail(
            f"ended by signal {error.number}; the same command goes on where it stopped", 128 + error.number, ""
        )
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except MemoryError:
        return _fail("out of memory", 2)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _fail(f"{error.strerror or error}{where}", 2)
    except Exception as error:
        if os.environ.get("SFTFORMAT_DEBUG"):
            traceback.print_exc()
        return _fail(f"this is a bug of sftformat: {type(error).__name__}: {error} (SFTFORMAT_DEBUG=1 shows where)", 2)


def _words(error: SftformatError) -> str:
    """Return what an error says, and the way out that it has of its own."""
    found = error.diagnostic if isinstance(error, InputError) else None
    if found is None or found.code not in CODES or found.hint in ("", CODES[found.code].fix):
        return str(error)
    return f"{error}; {found.hint}"


def _flush() -> None:
    sys.stdout.flush()


def _fail(message: str, code: int, prefix: str = "error: ") -> int:
    try:
        sys.stderr.write(f"{prefix}{visible(' '.join(message.split()))}\n")
        sys.stderr.flush()
    except OSError:
        pass
    return code
