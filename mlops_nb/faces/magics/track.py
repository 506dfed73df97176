"""`%%track`: the body runs natively, as if the first line were not there.

An input transformer blanks that line, `pre_run_cell` opens the run and `post_run_cell` closes it. Running the body from
inside a cell magic would not do: the outer cell would report success, and `await` would fail.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import Any

from IPython.core.error import UsageError

from mlops_nb.errors import MlopsError
from mlops_nb.faces import lines
from mlops_nb.faces.magics.location import notebook_path
from mlops_nb.faces.magics.outputs import Outputs
from mlops_nb.runs.active_run import describe
from mlops_nb.runs.capture import finishing
from mlops_nb.runs.capture.session import Session, Tracked
from mlops_nb.verbs import Verb

_LINE = re.compile(r"%%track(?:\s+(?P<arguments>.*))?\s*$")


def find_line(text_lines: list[str]) -> int | None:
    """Which line is `%%track`: the first one below comments, or below other cell magics."""
    for number, line in enumerate(text_lines):
        stripped = line.strip()
        if _LINE.match(stripped):
            return number
        if stripped and not stripped.startswith(("#", "%%")):
            return None
    return None


@dataclass(slots=True)
class _Depth:
    """One level of nested cells: the tracked cell of that level, if it is one."""

    cell: Any
    tracked: Tracked | None
    outputs: Outputs | None
    dry: bool = False


@dataclass(slots=True)
class _Kernel:
    session: Session = field(default_factory=Session)
    stack: list[_Depth] = field(default_factory=list)


class TrackMagic:
    """The transformer, the two events, and a real `%%track` for shells without them."""

    _ipython_magic_no_var_expand = True
    __name__ = "track"

    def __init__(self, verb: Verb, shell: Any) -> None:
        self.verb, self.shell = verb, shell
        self.kernel = _Kernel()

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from mlops_nb.faces.magics.line import help_text

        return help_text(self.verb)

    def install(self) -> Any:
        """Hook into the shell; returns what undoes it."""
        transformers = self.shell.input_transformers_cleanup
        # Before IPython's own cell magic turns `%%track` into a call, after it removed leading empty lines.
        names = [getattr(t, "__name__", "") for t in transformers]
        transformers.insert(names.index("cell_magic") if "cell_magic" in names else len(names), self.transform)
        self.shell.events.register("pre_run_cell", self.before_cell)
        self.shell.events.register("post_run_cell", self.after_cell)

        def undo() -> None:
            transformers.remove(self.transform)
            self.shell.events.unregister("pre_run_cell", self.before_cell)
            self.shell.events.unregister("post_run_cell", self.after_cell)

        return undo

    def transform(self, text_lines: list[str]) -> list[str]:
        """Blank the line `%%track`. Pure: completeness checks call it too."""
        number = find_line(text_lines)
        if number is None or self._parse(text_lines[number]) is None:
            return text_lines  # with wrong arguments the real magic below says so, and the body does not run
        below = text_lines[number + 1 :]
        first = next((line for line in below if line.strip()), "")
        if first.startswith("%%"):
            return below[below.index(first) :]  # another cell magic has to stand in the first line
        return [*text_lines[:number], "\n", *below]

    def _parse(self, line: str) -> dict[str, Any] | None:
        try:
            return self.arguments(line)
        except MlopsError:
            return None

    def arguments(self, line: str) -> dict[str, Any]:
        """The values in a line `%%track …`."""
        found = _LINE.match(line.strip())
        return lines.parse(self.verb, (found["arguments"] or "") if found else "", lambda text: text)

    def before_cell(self, info: Any = None, *_: Any, **__: Any) -> None:
        """A cell begins: note it, and open a run when it is tracked."""
        # What the last cell made is being saved; this one may change it.
        finishing.wait()
        raw = getattr(info, "raw_cell", "") or ""
        kernel = self.kernel
        nested = bool(kernel.stack)
        kernel.stack.append(_Depth(None, None, None))
        try:
            python = self.shell.transform_cell(raw)
            cell = kernel.session.executed(raw, python, getattr(info, "cell_id", None)) if not nested else None
            kernel.stack[-1].cell = cell
            number = find_line(raw.splitlines())
            outer = any(depth.tracked for depth in kernel.stack[:-1])
            if number is not None and not outer:
                arguments = self._parse(raw.splitlines()[number])
                if arguments is not None:
                    cell = cell or kernel.session.executed(raw, python, None)
                    self._open(cell, arguments)
        except Exception as error:  # noqa: BLE001 (tracking never breaks the user's cell)
            _warn(f"this cell is not tracked: {error}")

    def _open(self, cell: Any, arguments: dict[str, Any]) -> None:
        from mlops_nb.runs import verbs
        from mlops_nb.store.settings import setting
        from mlops_nb.store.store import current

        dry = arguments.get("dry", False)
        store = verbs.scratch_store() if dry else current()
        parent = arguments.get("parent")
        tracked = self.kernel.session.begin(
            store,
            cell,
            arguments.get("experiment") or setting("experiment"),
            params=arguments.get("params") or {},
            tags=arguments.get("tags"),
            note=arguments.get("note", ""),
            parent=verbs.full_id(parent) if parent else None,
            snapshot=arguments.get("snapshot", False),
            models=not arguments.get("no_models", False),
            notebook=notebook_path(self.shell, cell.cell_id),
        )
        depth = self.kernel.stack[-1]
        depth.cell, depth.tracked, depth.outputs, depth.dry = cell, tracked, Outputs(self.shell), dry

    def after_cell(self, result: Any = None, *_: Any, **__: Any) -> None:
        """A cell ended: close its run and show one line."""
        if not self.kernel.stack:
            return  # loaded in this very cell
        depth = self.kernel.stack.pop()
        try:
            if depth.tracked is not None:
                self._close(depth, result)
            elif depth.cell is not None:
                self.kernel.session.learn(depth.cell)
        except Exception as error:  # noqa: BLE001 (tracking never breaks the user's cell)
            _warn(f"the end of this run could not be recorded: {type(error).__name__}: {error}")

    def _close(self, depth: _Depth, result: Any) -> None:
        from IPython.display import display

        from mlops_nb.runs.line import run_line

        tracked = depth.tracked
        assert tracked is not None and depth.outputs is not None  # noqa: S101 (set together)
        depth.outputs.close()
        status, error = _outcome(result)
        self.kernel.session.end(
            tracked, status, error, self.shell.user_ns, depth.outputs.stdout(), depth.outputs.figures
        )
        display(run_line(tracked.run, dry=depth.dry))

    def __call__(self, line: str, cell: str) -> Any:
        """`%%track` reached as a cell magic: its arguments are wrong, or the shell has no transformers."""
        try:
            self.arguments(f"%%track {line}")
        except MlopsError as error:
            raise UsageError(error.line()) from None
        result = self.shell.run_cell(f"%%track {line}\n{cell}")
        result.raise_error()
        return result.result


def _outcome(result: Any) -> tuple[str, str | None]:
    if result is None:  # ipykernel: the cell was cancelled
        return "interrupted", None
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        return "finished", None
    stopped = isinstance(error, KeyboardInterrupt | SystemExit)
    return ("interrupted" if stopped else "failed"), describe(error)


def _warn(line: str) -> None:
    sys.stderr.write(f"mlops_nb: {line}\n")
