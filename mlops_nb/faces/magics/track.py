"""`%%track`: the body runs natively, as if the first line were not there.

An input transformer blanks that line, `pre_run_cell` opens the run and `post_run_cell` closes it. Running the body from
inside a cell magic would not do: the outer cell would report success, and `await` would fail.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from mlops_nb.errors import MlopsError, StoreError
from mlops_nb.faces.magics.cells import LINE, blanked, find_line, python_of
from mlops_nb.verbs import Verb

if TYPE_CHECKING:
    from mlops_nb.faces.magics.hiding import Refusal, Tracebacks
    from mlops_nb.faces.magics.outputs import Outputs
    from mlops_nb.runs.capture.session import Session, Tracked


@dataclass(slots=True)
class _Depth:
    """One level of nested cells; the rest is there when the cell of that level is tracked, or refused."""

    tracked: Tracked | None = None
    outputs: Outputs | None = None
    tracebacks: Tracebacks | None = None
    refusal: Refusal | None = None
    dry: bool = False


class _Stack(threading.local):
    """The cells that run now, outermost first. Each subshell of a kernel is a thread with cells of its own."""

    def __init__(self) -> None:
        self.depths: list[_Depth] = []


class TrackMagic:
    """The transformer, the two events, and a real `%%track` for shells without them."""

    _ipython_magic_no_var_expand = True
    __name__ = "track"

    def __init__(self, verb: Verb, shell: Any) -> None:
        self.verb, self.shell = verb, shell
        self._session: Session | None = None
        self._stack = _Stack()

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from mlops_nb.faces.magics.line import help_text

        return help_text(self.verb)

    @property
    def session(self) -> Session:
        """The cells of this kernel."""
        if self._session is None:
            from mlops_nb.runs.capture.session import Session

            self._session = Session(lambda raw: python_of(self.shell, raw))
        return self._session

    def install(self) -> Callable[[], None]:
        """Hook into the shell; returns what undoes it."""
        transformers = self.shell.input_transformers_cleanup
        # Before IPython's own cell magic turns `%%track` into a call, after it removed leading empty lines.
        names = [getattr(t, "__name__", "") for t in transformers]
        transformers.insert(names.index("cell_magic") if "cell_magic" in names else len(names), blanked)
        self.shell.events.register("pre_run_cell", self.before_cell)
        self.shell.events.register("post_run_cell", self.after_cell)

        def undo() -> None:
            transformers.remove(blanked)
            self.shell.events.unregister("pre_run_cell", self.before_cell)
            self.shell.events.unregister("post_run_cell", self.after_cell)
            while self._stack.depths:  # unloaded inside a tracked cell
                self._leave(self._stack.depths.pop(), "finished", None)

        return undo

    def arguments(self, line: str) -> dict[str, Any]:
        """The values in a line `%%track …`."""
        from mlops_nb.faces import lines

        found = LINE.match(line.strip())
        return lines.parse(self.verb, (found["arguments"] or "") if found else "", lambda text: text)

    def before_cell(self, info: Any = None, *_: Any, **__: Any) -> None:
        """A cell begins: note it, and open a run when it is tracked."""
        depth = _Depth()
        self._stack.depths.append(depth)
        try:
            self._begin(depth, getattr(info, "raw_cell", "") or "", getattr(info, "cell_id", None))
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (tracking never breaks the user's cell)
            _warn("this cell is not tracked", error)

    def _begin(self, depth: _Depth, raw: str, cell_id: str | None) -> None:
        outermost = len(self._stack.depths) == 1
        if outermost:
            _settle()
        lines = raw.splitlines()
        number = find_line(lines) if "%%track" in raw else None
        if any(above.tracked for above in self._stack.depths):
            number = None
        if number is None and not outermost:
            return
        position = self.session.executed(raw, cell_id)
        if number is None:
            return
        try:
            self._open(depth, position, self.arguments(lines[number]), cell_id)
        except StoreError:
            raise
        except MlopsError as error:
            from mlops_nb.faces.magics.hiding import Refusal

            depth.refusal = Refusal(self.shell, error.line())

    def _open(self, depth: _Depth, position: int, arguments: dict[str, Any], cell_id: str | None) -> None:
        from mlops_nb.faces.magics.hiding import Tracebacks
        from mlops_nb.faces.magics.location import notebook_path
        from mlops_nb.faces.magics.outputs import Outputs
        from mlops_nb.runs import verbs
        from mlops_nb.runs.capture.place import remember
        from mlops_nb.store.settings import setting
        from mlops_nb.store.store import current

        parent = arguments.get("parent")
        depth.dry = arguments.get("dry", False)
        depth.tracked = self.session.begin(
            verbs.scratch_store() if depth.dry else current(),
            position,
            arguments.get("experiment") or setting("experiment"),
            params=arguments.get("params") or {},
            tags=arguments.get("tags"),
            note=arguments.get("note", ""),
            parent=verbs.full_id(parent) if parent else None,
            snapshot=arguments.get("snapshot", False),
            models=not arguments.get("no_models", False),
            notebook=notebook_path(self.shell, cell_id),
        )
        raw = self.session.cells[position].raw
        if "%%time" in raw:
            # `%%time` compiles the body under these names, and keeps its source from whoever looks for it.
            for name in ("<timed exec>", "<timed eval>"):
                remember(name, python_of(self.shell, raw))
        depth.outputs, depth.tracebacks = Outputs(self.shell), Tracebacks(self.shell)

    def after_cell(self, result: Any = None, *_: Any, **__: Any) -> None:
        """A cell ended: close its run and show one line."""
        raw = getattr(getattr(result, "info", None), "raw_cell", None)
        # For an empty cell IPython says that it ended, but not that it began; or we were loaded in this very cell.
        if (raw is not None and not raw.strip()) or not self._stack.depths:
            return
        depth = self._stack.depths.pop()
        try:
            if depth.refusal is not None:
                depth.refusal.withdraw()
            self._leave(depth, *_outcome(result))
            self._show(depth)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (tracking never breaks the user's cell)
            _warn("the end of this run could not be recorded", error)
        finally:
            if depth.tracked is not None:
                from mlops_nb.runs.capture import finishing

                depth.tracked.run.end("interrupted")  # does nothing when it has ended, as it should
                finishing.begin()

    def _leave(self, depth: _Depth, status: str, error: str | None) -> None:
        if depth.tracebacks is not None:
            depth.tracebacks.close()
        if depth.outputs is not None:
            depth.outputs.close()
        if depth.tracked is not None and depth.outputs is not None:
            self.session.end(
                depth.tracked, status, error, self.shell.user_ns, depth.outputs.stdout(), depth.outputs.figures
            )

    def _show(self, depth: _Depth) -> None:
        if depth.tracked is None:
            return
        from IPython.display import display

        from mlops_nb.runs.line import run_line

        # Shown once and never changed: an update of the output would differ from what nbval runs.
        display(run_line(depth.tracked.run, dry=depth.dry))

    def __call__(self, line: str, cell: str) -> Any:
        """`%%track` reached as a cell magic: it stands where no transformer saw it."""
        try:
            self.arguments(f"%%track {line}")
        except MlopsError as error:
            raise UsageError(error.line()) from None
        result = self.shell.run_cell(f"%%track {line}\n{cell}")
        result.raise_error()
        return result.result


def _settle() -> None:
    """What the last tracked cell made is being saved, and this one may change it."""
    if "mlops_nb.runs.capture.finishing" not in sys.modules:
        return  # nothing was tracked yet
    from mlops_nb.runs import active
    from mlops_nb.runs.capture import finishing

    finishing.wait()
    active.new_cell()


def _outcome(result: Any) -> tuple[str, str | None]:
    if result is None:  # ipykernel: the cell was cancelled
        return "interrupted", None
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        return "finished", None
    from mlops_nb.runs.active_run import describe

    # An interrupt while the cell awaits something cancels it.
    stopped = isinstance(error, KeyboardInterrupt | SystemExit | asyncio.CancelledError)
    return ("interrupted" if stopped else "failed"), describe(error)


def _warn(what: str, error: BaseException) -> None:
    said = error.line() if isinstance(error, MlopsError) else f"{type(error).__name__}: {error}"
    sys.stderr.write(f"mlops_nb: {what}: {said}\n")
