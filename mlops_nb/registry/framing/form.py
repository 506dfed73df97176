"""A canvas as a form in a notebook. Beside it stands the canvas itself, which stays when the notebook is exported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import MlopsError
from mlops_nb.registry.framing.blocks import BLOCKS, FRAMING, TASKS, Field, typed

if TYPE_CHECKING:
    from mlops_nb.registry.framing.model import Canvas

_WIDE = "min(100%, 720px)"
_LOOK = "mlops-nb-canvas-form"
# In JupyterLab's dark theme, what ipywidgets draws by itself can hardly be seen: questions in empty texts, and arrows.
_STYLE = f"""<style>.{_LOOK} textarea {{ font-family: var(--jp-ui-font-family, system-ui, sans-serif) }}
.{_LOOK} textarea::placeholder, .{_LOOK} input::placeholder {{ color: var(--jp-ui-font-color2, #666); opacity: 1 }}
.{_LOOK} select {{ appearance: auto; background-image: none }}</style>"""


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
        parts = [ipywidgets.HTML(_STYLE)]
        for title, some in (("The problem in numbers and names", FRAMING), ("The ten blocks", BLOCKS)):
            parts += [ipywidgets.HTML(f"<b>{title}</b>"), ipywidgets.VBox([self.fields[one.name] for one in some])]
        self.widget = ipywidgets.VBox([*parts, ipywidgets.HBox([self.save, self.said])])
        self.widget.add_class(_LOOK)
        self._twin: Any = None

    def __repr__(self) -> str:
        return f"{self.canvas!r}\n(the form needs a notebook)"

    def _ipython_display_(self) -> None:
        # ipywidgets' own: a room knows no IPython.
        from ipywidgets.widgets.interaction import display

        self._twin = display(self.canvas, display_id=True)
        display(self.widget)

    def _save(self, _: Any) -> None:
        from mlops_nb.registry.framing.saving import ChangedMeanwhile
        from mlops_nb.registry.framing.verbs import canvas
        from mlops_nb.show.page import escape

        before = {name: typed(self.canvas.fields.get(name)) for name in self.fields}
        changed = {name: one.value for name, one in self.fields.items() if one.value.strip() != before[name]}
        if not changed:
            self.said.value = "nothing was changed"
            return
        try:
            saved = canvas(self.canvas.model, fields=changed, revision=self.canvas.revision)
        except ChangedMeanwhile as error:
            self.said.value = (
                f"<b>not saved:</b> {escape(error.what)}. Above is what it says now; saving again saves over it."
            )
            self._catch_up(before)
            return
        except MlopsError as error:
            self.said.value = f"<b>not saved:</b> {escape(error.line())}"
            return
        self._settle(saved)  # type: ignore[arg-type]  # without `form` it is a canvas

    def _catch_up(self, before: Mapping[str, str]) -> None:
        """Show what somebody else saved, but for what was typed here."""
        from mlops_nb.registry.framing.verbs import canvas

        self.canvas = canvas(self.canvas.model)  # type: ignore[assignment]  # without `form` it is a canvas
        for name, one in self.fields.items():
            if one.value.strip() == before[name]:
                one.value = typed(self.canvas.fields.get(name))
        if self._twin is not None:
            self._twin.update(self.canvas)

    def _settle(self, saved: Canvas) -> None:
        """Show what was saved as it was kept: trimmed, and the metric by its own name."""
        self.canvas = saved
        for name, one in self.fields.items():
            one.value = typed(saved.fields.get(name))
        self.said.value = f"saved as revision {saved.revision}"
        if self._twin is not None:
            self._twin.update(saved)


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
        return ipywidgets.Dropdown(
            options=[("not said", ""), *zip(options, options, strict=True)], value=typed(value), **look
        )
    made = ipywidgets.Textarea if asked.shape == "block" else ipywidgets.Text
    return made(value=typed(value), placeholder=asked.asks, continuous_update=False, **look)
