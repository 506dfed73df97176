"""While a tracked cell runs: no frame of ours in its tracebacks, and a way to refuse it."""

from __future__ import annotations

import ast
import sys
from types import TracebackType
from typing import Any

# Modules and the made-up file that stand between a user's call and the library.
_OURS = ("mlops_nb.adapters.patching", "mlops_nb.runs.active")
_MISSING: Any = object()


class Refusal:
    """An AST transformer that puts one refusal in the place of a cell's body.

    IPython knows no other way to stop what `pre_run_cell` saw; a `UsageError` that a cell raises is shown as one line.
    """

    def __init__(self, shell: Any, line: str) -> None:
        self.shell, self.line = shell, line
        shell.ast_transformers.append(self)

    def visit(self, node: Any) -> Any:
        """The refusal, once."""
        self.withdraw()
        error = '__import__("IPython.core.error", fromlist=["UsageError"]).UsageError'
        return ast.parse(f"raise {error}({self.line!r})")

    def withdraw(self) -> None:
        """The cell ended before it came to that (a syntax error)."""
        if self in self.shell.ast_transformers:
            self.shell.ast_transformers.remove(self)


class Tracebacks:
    """Shows tracebacks as they would be without us, from its making until `close`."""

    def __init__(self, shell: Any) -> None:
        self.shell, self.before = shell, vars(shell).get("showtraceback", _MISSING)
        show = shell.showtraceback

        def showtraceback(*args: Any, **kwargs: Any) -> Any:
            prune(sys.exc_info()[1])
            return show(*args, **kwargs)

        self.ours = shell.showtraceback = showtraceback

    def close(self) -> None:
        """Stop, unless somebody else replaced ours."""
        if vars(self.shell).get("showtraceback") is not self.ours:
            return
        if self.before is _MISSING:
            del self.shell.showtraceback
        else:
            self.shell.showtraceback = self.before


def prune(error: BaseException | None) -> None:
    """Take our frames out of the traceback of an error, and of those behind it."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = _pruned(one.__traceback__)
        waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]


def _pruned(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and _is_ours(trace):
        trace = trace.tb_next
    head = trace
    while trace is not None:
        rest = trace.tb_next
        while rest is not None and _is_ours(rest):
            rest = rest.tb_next
        if rest is not trace.tb_next:
            trace.tb_next = rest
        trace = rest
    return head


def _is_ours(trace: TracebackType) -> bool:
    frame = trace.tb_frame
    return frame.f_globals.get("__name__") in _OURS or frame.f_code.co_filename == "<mlops_nb>"
