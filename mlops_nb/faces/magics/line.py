"""Line magics: `%runs …`. Each parses its line, calls the verb and returns the result, which shows itself."""

from __future__ import annotations

import inspect
import re
from typing import Any

from IPython.core.error import UsageError

from mlops_nb.errors import InvalidInput, MlopsError, nearest
from mlops_nb.verbs import BY_MAGIC, Verb

# What can be a reference and not a Python expression, unless a variable has that name.
_FILE = r"[\w./~ -]+\.(?:parquet|csv|feather|arrow)"
_REFERENCE = re.compile(rf"(?:last(?:~\d+)?|best:\S+|[0-9A-Za-z]{{4,26}}|[\w. -]+[/@][\w.-]+|{_FILE})")


class LineMagic:
    """One verb as a line magic. `%name?` shows its usage and docstring."""

    # IPython must hand over the line as typed: `{x}` and `$x` in a filter are not variables.
    _ipython_magic_no_var_expand = True

    def __init__(self, verb: Verb, shell: Any) -> None:
        self.verb, self.shell = verb, shell
        self.__name__ = verb.spoken

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        return help_text(self.verb)

    def __call__(self, line: str = "") -> Any:
        """Call the verb with what the line says."""
        from mlops_nb.faces import commands, lines

        try:
            if line.strip() == "-h" or "--help" in line.split():
                print(help_text(self.verb))  # noqa: T201
                return None
            return commands.call(self.verb, lines.parse(self.verb, line, self._evaluate))
        except MlopsError as error:
            raise UsageError(error.line()) from None

    def _evaluate(self, text: str) -> Any:
        """The value of an expression in the user's namespace; a reference stays text."""
        namespace = self.shell.user_ns
        text = text.strip()
        if text in namespace:
            return namespace[text]
        if _REFERENCE.fullmatch(text) and not text.isidentifier():
            try:
                return self._value(text)
            except Exception:  # noqa: BLE001 (`flights/3` divides nothing: it is a reference)
                return text
        if text == "last":
            return text
        try:
            return self._value(text)
        except NameError as error:
            if _REFERENCE.fullmatch(text):
                return text
            missing = getattr(error, "name", "") or ""
            raise InvalidInput(f"{self.verb.spoken}: {error}", nearest=nearest(missing, namespace)) from None
        except SyntaxError as error:
            from mlops_nb.faces import commands

            raise InvalidInput(
                f"{self.verb.spoken}: {text!r} is not a Python expression ({error.msg})",
                fix=commands.usage(self.verb),
            ) from None

    def _value(self, text: str) -> Any:
        return eval(text, self.shell.user_global_ns, self.shell.user_ns)  # noqa: S307 (the user's own code, in the user's own kernel)


class FamilyMagic:
    """Verbs of two words under their first one: `%gates define`, `%mlops doctor`; alone it may be a verb as well."""

    _ipython_magic_no_var_expand = True

    def __init__(self, first: str, shell: Any) -> None:
        self.first, self.shell = first, shell
        self.__name__ = first
        self.further = {s.removeprefix(f"{first} "): v for s, v in BY_MAGIC.items() if s.startswith(f"{first} ")}
        alone = BY_MAGIC.get(first)
        self.alone = LineMagic(alone, shell) if alone is not None else None

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        rows = [f"  %{v.spoken:<20} {summary(v)}" for v in self.further.values()]
        head = help_text(self.alone.verb) if self.alone is not None else f"%{self.first} and one of these words:"
        return f"{head}\n\n" + "\n".join(rows)

    def __call__(self, line: str = "") -> Any:
        """Call the verb that the first words name, with the rest of the line."""
        words = line.split()
        for count in (2, 1):
            verb = self.further.get(" ".join(words[:count])) if len(words) >= count else None
            if verb is not None:
                rest = line.split(None, count)
                return LineMagic(verb, self.shell)(rest[count] if len(rest) > count else "")
        if self.alone is not None:
            return self.alone(line)
        if not words or words[0] in ("help", "-h", "--help"):
            print(self.__doc__)  # noqa: T201
            return None
        error = InvalidInput(
            f"there is no %{self.first} {words[0]}",
            expected=", ".join(self.further),
            nearest=nearest(words[0], self.further),
        )
        raise UsageError(error.line())


class MlopsMagic(FamilyMagic):
    """`%mlops doctor`: the verbs that stand at the top in a shell."""

    def __init__(self, shell: Any) -> None:
        super().__init__("mlops", shell)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        rows = [f"  %{v.spoken:<20} {summary(v)}" for v in BY_MAGIC.values()]
        return "Every verb of mlops_nb; `%NAME?` says more of each.\n\n" + "\n".join(rows)


def summary(verb: Verb) -> str:
    """The first line of a verb's docstring."""
    return (inspect.getdoc(verb.load()) or "").split("\n", 1)[0]


def help_text(verb: Verb) -> str:
    """Usage, docstring and arguments of a verb."""
    from mlops_nb.faces import commands

    shown = [
        f"%{'%' if 'cell magic' in verb.faces else ''}{commands.usage(verb)}",
        "",
        _description(verb),
        "",
    ]
    for a in commands.arguments(verb):
        name = a.name.upper() if a.positional else f"{a.flag}" + (f", -{a.arg.short}" if a.arg.short else "")
        shown.append(f"  {name:<18} {a.arg.help}")
    return "\n".join(shown)


def _description(verb: Verb) -> str:
    """The docstring without its list of arguments, which stands below with flags and all."""
    text = inspect.getdoc(verb.load()) or ""
    return re.sub(r"\n\nArgs:\n.*?(?=\n\n|\Z)", "", text, flags=re.DOTALL)
