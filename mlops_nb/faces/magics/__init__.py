"""`%load_ext mlops_nb`: a line magic for each verb, `%%track`, and completion; `%unload_ext` leaves no trace."""

from __future__ import annotations

import sys
from typing import Any

from mlops_nb.faces.magics.complete import Matcher
from mlops_nb.faces.magics.line import FamilyMagic, LineMagic, MlopsMagic
from mlops_nb.faces.magics.track import TrackMagic
from mlops_nb.verbs import BY_NAME, VERBS

_loaded: dict[int, list[Any]] = {}


def load(shell: Any) -> None:
    """Register everything with `shell` and print one line."""
    if id(shell) in _loaded:
        return
    undo: list[Any] = []
    spoken = [verb for verb in VERBS if "magic" in verb.faces and not verb.magic]
    families = {verb.name.split(" ", 1)[0] for verb in spoken if " " in verb.name}
    for verb in spoken:
        if " " not in verb.name and verb.name not in families:
            _register(shell, "line", verb.name, LineMagic(verb, shell), undo)
    for first in sorted(families):
        _register(shell, "line", first, FamilyMagic(first, shell), undo)
    _register(shell, "line", "mlops", MlopsMagic(shell), undo)
    track = TrackMagic(BY_NAME["track"], shell)
    _register(shell, "cell", "track", track, undo)
    undo.append(track.install())
    completer = getattr(shell, "Completer", None)
    if completer is not None:
        matcher = Matcher(shell)
        completer.custom_matchers.append(matcher)
        undo.append(lambda: completer.custom_matchers.remove(matcher))
    _loaded[id(shell)] = undo
    print(_greeting())  # noqa: T201 (the one line that loading prints)


def unload(shell: Any) -> None:
    """Take everything back."""
    for action in reversed(_loaded.pop(id(shell), [])):
        action()
    if "mlops_nb.runs.capture.finishing" in sys.modules:
        from mlops_nb.runs.capture import finishing

        finishing.wait()


def _register(shell: Any, kind: str, name: str, magic: Any, undo: list[Any]) -> None:
    table = shell.magics_manager.magics[kind]
    table[name] = magic
    undo.append(lambda: table.pop(name, None))


def _greeting() -> str:
    from mlops_nb.errors import MlopsError
    from mlops_nb.store.verbs import greeting

    try:
        return greeting()
    except MlopsError as error:
        return f"mlops_nb: {error.line()}"
