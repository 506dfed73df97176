"""Models and versions."""

from __future__ import annotations

from typing import Any

from mlops_nb.registry.model import Model, Version
from mlops_nb.show import facts, page
from mlops_nb.show.stages import mark_html, mark_text, stage_html, stage_text
from mlops_nb.show.table import Column, TableView, aligned
from mlops_nb.show.words import cut, digest, short, size, when

PICKLE = "pickle: runs code when loaded"


def _production(model: Model) -> str:
    return f"{model.name}/{model.production} {mark_text(model.mark)}".rstrip() if model.production else ""


def _production_html(model: Model) -> str:
    if not model.production:
        return ""
    return f"{page.strong(f'{model.name}/{model.production}')} {mark_html(model.mark)}".rstrip()


def _since(version: Version) -> str:
    """Since when it stands there, and how it came there where that is not its mark."""
    how = version.how if version.how not in ("", "free", version.mark) else ""
    return ", ".join(part for part in (f"since {when(version.since_us)}", how) if part)


def _aliases(version: Version) -> str:
    return ", ".join(f"@{name}" for name in version.aliases)


_MODELS = (
    Column("model", lambda m: m.name),
    Column("versions", lambda m: str(m.versions), right=True),
    Column("newest", lambda m: f"{m.name}/{m.latest}" if m.latest else ""),
    Column("production", _production, sign=_production_html),
    Column("since", lambda m: when(m.production_us)),
    Column("estimator", lambda m: cut(m.estimator, 40)),
    Column("run", lambda m: short(m.run or ""), mono=True),
    Column("size", lambda m: size(m.bytes), right=True),
    Column("registered", lambda m: when(m.latest_us)),
)
_VERSIONS = (
    Column("version", lambda v: v.ref),
    Column("stage", lambda v: stage_text(v.stage, v.mark), sign=lambda v: stage_html(v.stage, v.mark)),
    Column("aliases", _aliases),
    Column("estimator", lambda v: cut(v.estimator, 40)),
    Column("run", lambda v: short(v.run or ""), mono=True),
    Column("inputs", lambda v: cut(inputs(v), 48)),
    Column("size", lambda v: size(v.bytes), right=True),
    Column("file", lambda v: PICKLE if v.pickled else ""),
    Column("registered", lambda v: when(v.created_us)),
    Column("by", lambda v: v.actor),
    Column("note", lambda v: cut(v.note, 40)),
)


def inputs(version: Version) -> str:
    """What a version takes: its columns by name, or the shape of its array."""
    found = version.signature.get("inputs") or []
    if version.signature.get("named"):
        return ", ".join(str(one["name"]) for one in found)
    return ", ".join(f"{one.get('datatype')} {'×'.join(str(n) for n in one.get('shape', []))}" for one in found)


def list_view(results: Any) -> TableView:
    """Models, or versions of one."""
    columns = _MODELS if isinstance(results.items[0], Model) else _VERSIONS
    return TableView(columns, results.items, results.note)


def view(value: Model | Version) -> Any:
    """One model or version."""
    return VersionView(value) if isinstance(value, Version) else facts.view(value)


class VersionView:
    """A version: what it is, where it came from, what it takes and gives."""

    def __init__(self, version: Version) -> None:
        self.version = version

    def _facts(self) -> list[tuple[str, str]]:
        v = self.version
        outputs = ", ".join(f"{one['name']} {one.get('datatype', '')}" for one in v.signature.get("outputs") or [])
        return [
            ("", "the same model of the same run was registered already" if v.existed else ""),
            ("stage", f"{stage_text(v.stage, v.mark)} {_since(v)}" if v.stage != "none" else ""),
            ("aliases", _aliases(v)),
            ("estimator", v.estimator),
            ("run", short(v.run or "")),
            ("takes", cut(inputs(v), 110)),
            ("gives", outputs),
            ("trained on", ", ".join(digest(d) for d in v.datasets)),
            ("file", f"{PICKLE if v.pickled else v.format}, {size(v.bytes)}, {v.artifact[:12]}"),
            ("made with", ", ".join(f"{name} {number}" for name, number in v.framework.items())),
            ("trusted types", ", ".join(v.trusted)),
            ("registered", f"{when(v.created_us)} by {v.actor}"),
            ("note", v.note),
        ]

    def text(self) -> str:
        """As text."""
        lines = aligned(["", ""], [(n, t) for n, t in self._facts() if t], [False, False])[1:]
        return "\n".join([self.version.ref, *("  " + line for line in lines)])

    def html(self) -> str:
        """As HTML."""
        title = f'<div style="font-weight:600;margin-bottom:4px">{page.escape(self.version.ref)}</div>'
        stage = f"{stage_html(self.version.stage, self.version.mark)} {page.escape(_since(self.version))}"
        shown = ((n, stage if n == "stage" and t else page.escape(t)) for n, t in self._facts())
        return page.frame(title, page.facts(shown))
