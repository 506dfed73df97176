"""`mlops-nb VERB`: the table of verbs as a command line."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from mlops_nb import __version__
from mlops_nb.errors import InvalidInput, MlopsError, nearest
from mlops_nb.faces import commands
from mlops_nb.verbs import VERBS, Verb


class _Group(click.Group):
    """Commands that are made when they are asked for."""

    def __init__(self, prefix: str = "", **more: Any) -> None:
        super().__init__(**more)
        self.prefix = prefix

    def _verbs(self) -> dict[str, Verb]:
        return {v.name[len(self.prefix) :]: v for v in VERBS if "cli" in v.faces and v.name.startswith(self.prefix)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({name.split(" ", 1)[0] for name in self._verbs()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        alone, further = self._named(cmd_name)
        if alone is None and further:
            return _Group(f"{cmd_name} ", name=cmd_name, help=f"{cmd_name}: {', '.join(further)}")
        if alone is not None and further:
            alone.help = f"{alone.help}\n\nBesides: {', '.join(f'{cmd_name} {word}' for word in further)}."
        return alone

    def _named(self, word: str) -> tuple[click.Command | None, list[str]]:
        """The command of a word alone, and the second words that it has."""
        verbs = self._verbs()
        further = [name.split(" ")[1] for name in verbs if name.startswith(f"{word} ")]
        return _runnable(verbs[word]) if word in verbs else None, further

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            known = self.list_commands(ctx)
            raise InvalidInput(f"there is no verb {args[0]!r}", nearest=nearest(args[0], known), fix="mlops-nb --help")
        if args:
            # `people` lists, `people add` adds: the word alone is a verb too, and may take words of its own.
            alone, further = self._named(args[0])
            if alone is not None and further and ((args[1:2] and args[1] in further) or ctx.resilient_parsing):
                return args[0], _Group(f"{args[0]} ", name=args[0]), args[1:]
        return super().resolve_command(ctx, args)


def _runnable(verb: Verb) -> click.Command:
    made = commands.command(verb)
    as_json = click.Option(["--json", "as_json"], is_flag=True, help="print the result as one JSON document")
    return click.Command(
        made.name,
        params=[*made.params, as_json],
        callback=_caller(verb),
        help=made.help,
        short_help=made.short_help,
    )


def _caller(verb: Verb) -> Any:
    @click.pass_context
    def run(context: click.Context, /, as_json: bool, **_: Any) -> None:
        from mlops_nb.show import json_document, text

        result = commands.call(verb, commands.given(verb, context))
        secret = "" if as_json else _confided(result)
        # A script that takes over a key gets the key alone.
        print(json_document(result) if as_json else text(result), flush=True, file=sys.stderr if secret else None)
        if secret:
            print(secret, flush=True)  # noqa: T201
        # A result that goes on by itself has the shell stay with it: it is shown, and then attended.
        attend = getattr(result, "attend", None)
        if attend is not None:
            attend()
        raise SystemExit(getattr(result, "exit_code", 0))

    return run


def _confided(result: Any) -> str:
    """What is for the eyes of whoever typed it: a new key. `!mlops-nb …` in a notebook has a terminal that is kept."""
    confided = getattr(result, "confided", None)
    eyes_only = sys.stdout.isatty() and "JPY_PARENT_PID" not in os.environ
    return str(confided(eyes_only)) if confided is not None else ""


cli = _Group(
    name="mlops-nb",
    help="MLOps where data scientists live. Every verb is also a magic (%VERB) and a function (ml.VERB).",
)
cli.params.append(
    click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=lambda ctx, _, on: _version(ctx) if on else None,
        help="print the version",
    )
)


def _version(context: click.Context) -> None:
    click.echo(f"mlops_nb {__version__}")
    context.exit()


def main(words: list[str] | None = None) -> None:
    """Run the command line. Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 refused, 130 interrupted."""
    try:
        cli.main(args=words, prog_name="mlops-nb", standalone_mode=False)
    except MlopsError as error:
        _leave(error.line(), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "mlops-nb"
        _leave(commands.refusal(error, path.removeprefix("mlops-nb "), f"{path} --help").line(), 2)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _leave("interrupted", 130)
    except BrokenPipeError:  # `mlops-nb runs | head`
        sys.stderr.close()
        sys.exit(0)


def _leave(line: str, code: int) -> None:
    sys.stderr.write(f"mlops-nb: {line}\n")
    sys.exit(code)
