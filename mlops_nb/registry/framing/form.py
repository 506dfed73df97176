"""A canvas as a form in a notebook. Beside it stands the canvas itself, which stays when the notebook is exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.errors import MlopsError
from mlops_nb.registry.framing.blocks import BLOCKS, FRAMING, TASKS, Field

if TYPE_CHECKING:
    from mlops_nb.registry.framing.model import Canvas

_WIDE = "min(100%, 720px)"


class CanvasForm:
    """Widgets for every field, and a button that saves what was changed through the verb `canvas`.

    Displayed as two outputs: the canvas as HTML, which is brought up to date with every save and is what an exported
    notebook shows, and the form under it.

    Args:
        canvas: What the fields begin with.
    """

    def __init__(self, canvas: Canvas) -> None:
        import ipywidgets

        self.canvas = canvas
        self.fields: dict[str, Any] = {one.name: _widget(one, canvas.fields.get(one.name)) for one in FRAMING + BLOCKS}
        self.save = ipywidgets.Button(description="Save canvas", button_style="primary")
        self.save.on_click(self._save)
        self.said = ipywidgets.HTML()
        groups = [ipywidgets.VBox([self.fields[one.name] for one in some]) for some in (FRAMING, BLOCKS)]
        self.widget = ipywidgets.VBox([*groups, ipywidgets.HBox([self.save, self.said])])
        self._twin: Any = None

    def __repr__(self) -> str:
        return f"{self.canvas!r}\n(the form needs a notebook)"

    def _ipython_display_(self) -> None:
        # ipywidgets' own: a room knows no IPython.
        from ipywidgets.widgets.interaction import display

        self._twin = display(self.canvas, display_id=True)
        display(self.widget)

    def _save(self, _: Any) -> None:
        from mlops_nb.registry.framing.verbs import canvas
        from mlops_nb.show.page import escape

        before = {name: _text(self.canvas.fields.get(name)) for name in self.fields}
        changed = {name: one.value for name, one in self.fields.items() if one.value.strip() != before[name]}
        if not changed:
            self.said.value = "nothing was changed"
            return
        try:
            saved = canvas(self.canvas.model, fields=changed)
        except MlopsError as error:
            self.said.value = f"<b>not saved:</b> {escape(error.line())}"
            return
        self._settle(saved)  # type: ignore[arg-type]  # without `form` it is a canvas

    def _settle(self, saved: Canvas) -> None:
        """Show what was saved as it was kept: trimmed, and the metric by its own name."""
        self.canvas = saved
        for name, one in self.fields.items():
            one.value = _text(saved.fields.get(name))
        self.said.value = f"saved as revision {saved.revision}"
        if self._twin is not None:
            self._twin.update(saved)


def _text(value: Any) -> str:
    """A field's value as its widget has it."""
    return "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)


def _widget(asked: Field, value: Any) -> Any:
    import ipywidgets

    from mlops_nb.registry.evaluating.metrics import METRICS

    look: dict[str, Any] = {
        "description": asked.title,
        "layout": ipywidgets.Layout(width=_WIDE),
        "style": {"description_width": "170px"},
    }
    if asked.shape in ("task", "metric"):
        options = TASKS if asked.shape == "task" else tuple(one.name for one in METRICS)
        return ipywidgets.Dropdown(options=["", *options], value=_text(value), **look)
    made = ipywidgets.Textarea if asked.shape == "block" else ipywidgets.Text
    return made(value=_text(value), placeholder=asked.asks, continuous_update=False, **look)
