"""One click command per verb, made from the verb's signature; it serves the shell and the magic alike."""

from __future__ import annotations

import builtins
import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import click
from click.core import ParameterSource

from mlops_nb.arguments import Arg
from mlops_nb.errors import InvalidInput, brief, nearest
from mlops_nb.verbs import Verb


class Argument(typing.NamedTuple):
    """One argument of a verb as its signature describes it."""

    name: str
    arg: Arg
    type: Any
    default: Any
    positional: bool
    many: bool
    pairs: bool

    @property
    def flag(self) -> str:
        """`--no-models` for `no_models`."""
        return "--" + (self.arg.flag or self.name.replace("_", "-"))

    @property
    def expression(self) -> bool:
        """Whether a magic takes a Python expression here."""
        return self.arg.kind == "expression"

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.positional and self.default is None and not self.many and not self.arg.positional

    @property
    def rest(self) -> bool:
        """Whether it takes the rest of the line as text: a note, a query."""
        return self.arg.kind == "rest"


@cache
def arguments(verb: Verb) -> tuple[Argument, ...]:
    """The arguments of a verb on a line, read from its signature on first use."""
    function = verb.load()
    module = vars(sys.modules[function.__module__])
    hints = {n: _hint(h, module) for n, h in inspect.get_annotations(function).items() if n != "return"}
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints.get(name, str)
        extras = getattr(hint, "__metadata__", ())
        arg = next((e for e in extras if isinstance(e, Arg)), Arg(""))
        if arg.python_only:
            continue
        base = typing.get_args(hint)[0] if extras else hint
        origin = typing.get_origin(_without_none(base)) or _without_none(base)
        rest = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        required = parameter.default is inspect.Parameter.empty and not rest
        many = rest or (inspect.isclass(origin) and issubclass(origin, Sequence) and origin is not str)
        pairs = inspect.isclass(origin) and issubclass(origin, Mapping)
        default = None if required or rest else parameter.default
        found.append(Argument(name, arg, _without_none(base), default, required or rest or arg.positional, many, pairs))
    return tuple(found)


def _hint(hint: Any, module: Mapping[str, Any]) -> Any:
    return eval(hint, {"__builtins__": vars(builtins)}, _Spare(module)) if isinstance(hint, str) else hint  # noqa: S307 (our own annotations)


class _Spare(dict[str, Any]):
    """Names that a room imports for type checkers only: their types do not matter to a command line."""

    def __missing__(self, name: str) -> Any:
        return _Anything if name[:1].isupper() else _no_name(name)


def _no_name(name: str) -> Any:
    raise KeyError(name)


class _Anything:
    def __class_getitem__(cls, item: object) -> type:
        return cls


def _without_none(hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [h for h in typing.get_args(hint) if h is not type(None)]
        return rest[0] if len(rest) == 1 else object
    return hint


class _Pair(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """`K=V`, with a value that reads as a number, a bool or text."""

    name = "K=V"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        key, equals, text = str(value).partition("=")
        if not equals or not key:
            raise InvalidInput(f"{brief(value)} is not a pair", expected="K=V")
        return key, literal(text)


def literal(text: str) -> Any:
    """A number, bool or None if the text reads as one, else the text."""
    import ast

    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return value if isinstance(value, str | int | float | bool | type(None)) else text


@cache
def command(verb: Verb) -> click.Command:
    """The click command of a verb. Its callback returns what was parsed: {name: value}."""
    parameters = [_parameter(argument) for argument in arguments(verb)]
    text = inspect.getdoc(verb.load()) or ""
    made = click.Command(
        verb.name.rsplit(" ", 1)[-1], params=parameters, callback=None, help=_help(text), add_help_option=True
    )
    made.short_help = text.split("\n", 1)[0]
    return made


def _help(text: str) -> str:
    # \b keeps the line breaks of the sections of a Google-style docstring.
    return "\n\n".join(
        "\b\n" + part if part.lstrip().startswith(("Args", "Returns", "Raises", "Example")) else part
        for part in text.split("\n\n")
    )


def _parameter(argument: Argument) -> click.Parameter:
    more: dict[str, Any] = {"type": _click_type(argument), "shell_complete": _completer(argument)}
    if argument.positional:
        many = argument.many or argument.rest
        more["required"] = argument.required
        return click.Argument([argument.name], nargs=-1 if many else 1, **more)
    names = [argument.flag, argument.name] + ([f"-{argument.arg.short}"] if argument.arg.short else [])
    if argument.type is bool:
        return click.Option(names, is_flag=True, help=argument.arg.help)
    # The verb itself knows its defaults: click is told only those worth showing.
    if argument.default not in (None, "", ()):
        more |= {"default": argument.default, "show_default": True}
    return click.Option(names, multiple=argument.many or argument.pairs, help=argument.arg.help, **more)


def _completer(argument: Argument) -> Callable[[click.Context, click.Parameter, str], list[str]] | None:
    """What completes an argument in bash, zsh and fish; files are the shell's own business."""
    if isinstance(argument.arg.kind, tuple) or argument.arg.kind in ("", "file", "expression", "rest"):
        return None

    def complete(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
        from mlops_nb.faces.complete import of_kind

        return of_kind(argument.arg.kind, typed)

    return complete


def _click_type(argument: Argument) -> Any:
    if argument.pairs:
        return _Pair()
    if isinstance(argument.arg.kind, tuple):
        return click.Choice(argument.arg.kind)
    return argument.type if argument.type in (int, float) else str


def parse(verb: Verb, words: Sequence[str]) -> dict[str, Any]:
    """The values of a verb's arguments from words as a shell gives them.

    Raises:
        InvalidInput: A word is wrong, missing or too many.
    """
    made = command(verb)
    try:
        with made.make_context(verb.name, list(words)) as context:
            return given(verb, context)
    except click.UsageError as error:
        raise refusal(error, verb.spoken, usage(verb)) from None


def given(verb: Verb, context: click.Context) -> dict[str, Any]:
    """What was typed, in the shapes that the verb takes; what was not typed is left to the verb's defaults."""
    typed = [a for a in arguments(verb) if context.get_parameter_source(a.name) is ParameterSource.COMMANDLINE]
    return {a.name: _shaped(a, context.params[a.name]) for a in typed}


def refusal(error: click.UsageError, spoken: str, fix: str) -> InvalidInput:
    """What click could not make sense of, in the house's words."""
    if isinstance(error, click.NoSuchOption):
        parameters = error.ctx.command.params if error.ctx else []
        flags = [flag for p in parameters if isinstance(p, click.Option) for flag in p.opts if flag.startswith("--")]
        near = nearest(error.option_name, flags)
        return InvalidInput(
            f"{spoken} has no flag {error.option_name}", expected=", ".join(flags) or "no flags", nearest=near
        )
    return InvalidInput(f"{spoken}: {error.format_message().rstrip('.')}", fix=fix)


def _shaped(argument: Argument, value: Any) -> Any:
    if argument.pairs:
        return dict(value)
    if argument.rest:
        return " ".join(value)
    return tuple(value) if argument.many else value


def usage(verb: Verb) -> str:
    """The usage line of a verb: `register NAME MODEL [--note TEXT]`."""
    words = [verb.spoken]
    for a in arguments(verb):
        shown = a.arg.metavar or a.name.upper()
        if a.positional:
            words.append(shown if a.required else f"[{shown}{' …' if a.many else ''}]")
        else:
            value = "" if a.type is bool else " K=V" if a.pairs else f" {a.name.upper().split('_')[-1]}"
            words.append(f"[{a.flag}{value}]")
    return " ".join(words)


def call(verb: Verb, values: Mapping[str, Any]) -> Any:
    """Call the verb with parsed values, positional ones in order."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in inspect.signature(verb.load()).parameters.values():
        if parameter.name not in values:
            continue
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            positional.extend(values[parameter.name])
        elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            positional.append(values[parameter.name])
        else:
            named[parameter.name] = values[parameter.name]
    if positional:
        # Values before *rest must be positional too.
        signature = inspect.signature(verb.load())
        bound = [
            named.pop(n)
            for n, p in signature.parameters.items()
            if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and n in named
        ]
        positional = bound + positional
    return verb.load()(*positional, **named)
