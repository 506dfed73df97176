"""The HTML of the page of one run."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_nb.errors import MlopsError
from mlops_nb.pages import markup
from mlops_nb.pages.site import address_of
from mlops_nb.pages.standing import next_step, score, step
from mlops_nb.runs import headline
from mlops_nb.runs.model import ArtifactUse, MetricDetail, RunCard
from mlops_nb.runs.query import resolve_run
from mlops_nb.show import drawing, page
from mlops_nb.show.card import PARAMS, CardView
from mlops_nb.show.page import escape
from mlops_nb.show.runs import KINDS, mark
from mlops_nb.show.table import TableView
from mlops_nb.show.words import cut, digest, number, seconds, short, signed, size, when
from mlops_nb.store.store import current

if TYPE_CHECKING:
    from mlops_nb.pages.run.view import RunAddress, RunFound
    from mlops_nb.registry.model import Version

_SUFFIXES = {"model": ".skops", "figure": ".png", "table": ".parquet", "file": ""}
_MOST_CELLS = 40
_SAID_ABOVE = ("error", "note", "started")


def series(card: RunCard) -> list[MetricDetail]:
    """The metrics that are curves; the first is the one to show: validation before training."""
    found = [m for m in card.metrics if m.points > 1]
    return sorted(found, key=lambda m: (m.role == "train" or m.name.startswith("train"), not m.direction))


def rival(card: RunCard) -> str:
    """The best other run of the experiment by the headline metric, to compare with; empty when this is the best."""
    head = headline.of_metrics(card.metrics)
    if head is None:
        return ""
    try:
        best = resolve_run(current(), f"best:{head.name}@{card.run.experiment}")
    except MlopsError:  # none is finished, or none has a number: there is nothing to compare with
        return ""
    return "" if best == card.run.id else best


def missing() -> str:
    """There is no such run."""
    return markup.heading("Run") + f"<p>{markup.link('Look for it among all runs', 'runs')}</p>"


def top(found: RunFound, typed: str, *, may_write: bool) -> str:
    """Title, verdict, tiles, and what to do next."""
    card, run = found.card, found.card.run
    status = markup.sign(mark(run.status), KINDS[run.status])
    where = markup.link(escape(run.experiment), address_of("experiment", run.experiment))
    title = f'<span class="mono">{escape(short(run.id))}</span> <small class="muted">in</small> {where}'
    trashed = " It is in the trash." if run.trashed else ""
    above = (
        f'<p class="muted" data-key="state"><span role="status" aria-live="polite">{status}</span>, '
        f"{escape(when(run.started_us))} by {escape(run.actor)}{trashed}</p>"
    )
    head = markup.heading(
        title, _verdict(found), cell=typed, csv=bool(card.metrics), above=above, tools=_actions(found, may_write)
    )
    failed = (
        f'<div class="trouble"><strong>{escape(run.status)}:</strong> {escape(card.error)}</div>' if card.error else ""
    )
    tiles = f'<div class="tiles">{"".join(_tiles(found))}</div>'
    return head + _judged(found) + _changed(found) + failed + tiles + _next(found)


def _verdict(found: RunFound) -> str:
    """Is it any good, in one sentence."""
    card = found.card
    head = headline.of_metrics(card.metrics)
    if head is None:
        return escape(card.run.note)
    value = f"<strong>{escape(head.name)} {escape(number(head.last))}</strong>"
    against = f", {signed(card.delta[1])} against the run before" if card.delta and card.delta[0] == head.name else ""
    if found.best:
        best = markup.link(f'<span class="mono">{escape(short(found.best))}</span>', f"run?run={found.best}")
        return f"{value}{against}. Best of the experiment is {best}."
    if card.run.status == "finished":
        return f"{value}{against}. It is the best of the experiment."
    return f"{value}{against}."


def _judged(found: RunFound) -> str:
    """Whether it is good enough: what its model scored when it was evaluated, against the target and a baseline."""
    if found.standing is None:
        return ""
    ref = found.standing.version.ref
    version = markup.link(f"<strong>{escape(ref)}</strong>", address_of("version", ref))
    said, rests = score(found.standing)
    return f'<p class="lead">Evaluated as {version}: {said} <span class="muted">({rests})</span></p>' if said else ""


def _changed(found: RunFound) -> str:
    """What changed since the run before, in the words of `%compare`."""
    if not found.before:
        return ""
    before = markup.link(f'<span class="mono">{escape(short(found.before))}</span>', f"run?run={found.before}")
    compare = markup.link("side by side", f"compare?runs={found.before},{found.card.run.id}")
    side = "" if markup.still() else f" ({compare})"
    # Names stand in backticks there; what is left out of a long list is a click away.
    said = re.sub("`([^`]*)`", r"<code>\1</code>", escape(cut(found.changed.removeprefix("Changed: "), 260)))
    return f'<p class="lead">Changed since {before}{side}: {said}</p>'


def _tiles(found: RunFound) -> list[str]:
    card = found.card
    tiles = []
    for metric in sorted(card.metrics, key=lambda m: (m.role == "train", not m.direction))[:4]:
        way = {1: "greater is better", -1: "less is better"}.get(metric.direction, "")
        best = metric.greatest if metric.direction > 0 else metric.least
        more = [f"best {number(best)}"] if metric.points > 1 and metric.direction and best is not None else []
        more += [metric.role] if metric.role else []
        curve = drawing.spark(metric.curve, f"{metric.name} along its steps") if len(metric.curve) > 2 else ""
        tiles.append(
            markup.tile(
                metric.name, f"{escape(number(metric.last))} {curve}", escape(", ".join([*more, way] if way else more))
            )
        )
    train = max((d for d in card.run.datasets if d.role == "train"), key=lambda d: d.columns, default=None)
    if train is not None:
        tiles.append(
            markup.tile(
                "trained on", f"{train.rows:,} × {train.columns}", f'<span class="mono">{digest(train.digest)}</span>'
            )
        )
    cost = f"{seconds(card.cpu_s)} CPU" if card.cpu_s is not None else ""
    tiles.append(
        markup.tile(
            "took",
            escape(seconds(card.run.wall_s) or "running"),
            escape(", ".join(c for c in (cost, size(card.peak_bytes) and f"peak {size(card.peak_bytes)}") if c)),
        )
    )
    models = [a for a in card.artifacts if a.kind == "model"]
    if found.versions:
        served = [name for name, status in _served(found) if status == "ready"]
        since = f"serving as {', '.join(served)}" if served else when(found.versions[0].created_us)
        versions = ", ".join(_registered(v) for v in found.versions)
        tiles.append(markup.tile("registered as", versions, escape(since), small=True))
    elif models:
        tiles.append(
            markup.tile(
                "model",
                escape(str(models[0].detail.get("class", models[0].name)).rpartition(".")[2]),
                size(models[0].bytes),
                small=True,
            )
        )
    return tiles


def _registered(version: Version) -> str:
    link = markup.link(escape(version.ref), address_of("version", version.ref))
    return f"{link} {markup.stage(version.stage, version.mark)}".rstrip()


def _next(found: RunFound) -> str:
    """What one would do now, each with the line to type."""
    if markup.still():
        return ""
    card = found.card
    id_ = short(card.run.id)
    steps = []
    if found.best:
        steps.append(markup.link("Compare with the best", f"compare?runs={card.run.id},{found.best}", kind="button"))
    if card.run.status == "finished" and any(a.kind == "model" for a in card.artifacts) and not found.versions:
        steps.append(
            markup.copier(
                f"Copy: %register NAME {id_}", f"%register {card.run.experiment.replace(' ', '-')} {card.run.id}"
            )
        )
    if found.standing is not None:
        steps.append(step(*next_step(found.standing, found.serving)))
    shown = "".join(f"<li>{one}</li>" for one in steps if one)
    return f'<h2>Next</h2><ul class="steps">{shown}</ul>' if shown else ""


def _served(found: RunFound) -> list[tuple[str, str]]:
    """The deployments that serve one of its versions: name and status."""
    refs = {version.ref for version in found.versions}
    return [(deployment.name, status) for deployment, status in found.serving if deployment.version in refs]


def _actions(found: RunFound, may_write: bool) -> str:
    if not may_write or markup.still():
        return ""
    run = found.card.run
    trash = markup.button("Restore", "restore") if run.trashed else markup.button("Move to the trash", "trash")
    models = [a for a in found.card.artifacts if a.kind == "model"]
    variables = "".join(f'<option value="{escape(a.name)}">{escape(a.name)}</option>' for a in models)
    register = (
        '<details class="menu" data-key="register"><summary>Register</summary><div><form data-do="register">'
        f'<label>Model name <input type="text" name="name" required maxlength="128" value="{escape(run.experiment)}">'
        "</label>"
        + (f'<p><label>Which <select name="variable">{variables}</select></label></p>' if len(models) > 1 else "")
        + '<p><button type="submit">Register</button></p></form></div></details>'
        if models
        else ""
    )
    return register + trash


def curve(address: RunAddress, found: RunFound) -> str:
    """The curve as a picture with its sentence: what stands until the chart does, and in a saved file."""
    if found.curve is None:
        return ""
    sentence = f"<p>{escape(drawing.curve_sentence(found.curve))}</p>"
    return series_chips(address, found) + sentence + drawing.curves([found.curve])


def series_chips(address: RunAddress, found: RunFound) -> str:
    """The heading of the curve, and the other metrics that have one."""
    metrics = series(found.card)
    chosen = found.curve.metric if found.curve else ""
    chips = [
        markup.link(escape(m.name), replace(address, metric=m.name).link(), here=True, kind="chip")
        for m in metrics
        if m.name != chosen
    ]
    others = f'<div class="chips">{"".join(chips[:20])}</div>' if chips and not markup.still() else ""
    return f"<h2>{escape(chosen)} along its steps</h2>{others}"


def rest(found: RunFound, *, may_write: bool) -> str:
    """Everything else that is known: the card's tables, code, environment, figures, output."""
    card, view = found.card, CardView(found.card)
    tables = dict(view.tables())
    parts = [_note(card, may_write)]
    parts += [f"<h2>{title}</h2>{tables[title].html()}" for title in ("Metrics", "Params") if title in tables]
    if view.defaults():
        parts.append(
            _opening(f"{len(view.defaults())} params at their defaults", TableView(PARAMS[:2], view.defaults()).html())
        )
    if "Datasets" in tables:
        files = markup.facts(
            (escape(path), f'<span class="mono">{escape(name[:12])}</span>') for path, name in card.files.items()
        )
        parts.append(
            f"<h2>Data</h2>{tables['Datasets'].html()}" + (_opening("Files it came from", files) if files else "")
        )
    if card.artifacts:
        parts.append(f"<h2>Artifacts</h2>{_artifacts(card)}")
    if card.pictures:
        pictures = "".join(page.picture(png, name) for name, png in card.pictures.items())
        parts.append(f'<h2>Figures</h2><div class="figures">{pictures}</div>')
    parts += _code(card)
    parts.append("<h2>Provenance</h2>" + markup.facts((n, escape(v)) for n, v in view.facts() if n not in _SAID_ABOVE))
    parts.append(_environment(card))
    if card.stdout:
        parts.append(f"<h2>Printed</h2>{_pre(card.stdout)}")
    if card.problems:
        parts.append(f"<h2>Not captured</h2>{''.join(f'<p>{escape(what)}</p>' for what in card.problems)}")
    return "".join(parts)


def _note(card: RunCard, may_write: bool) -> str:
    if not may_write or markup.still():
        return f"<h2>Note</h2><p>{escape(card.run.note)}</p>" if card.run.note else ""
    return (
        '<form data-do="note" data-key="note"><h2><label for="note">Note</label></h2>'
        f'<textarea id="note" name="text" rows="2" maxlength="4000">{escape(card.run.note)}</textarea>'
        '<p><button type="submit">Save the note</button></p></form>'
    )


def _pre(text: str) -> str:
    return f'<pre tabindex="0">{escape(text)}</pre>'


def _opening(summary: str, body: str) -> str:
    if markup.still():
        return f"<p>{escape(summary)}</p>{body}"
    return f'<details data-key="{escape(summary)[:60]}"><summary>{escape(summary)}</summary>{body}</details>'


def _code(card: RunCard) -> list[str]:
    parts = [f"<h2>Cell</h2>{_pre(card.source)}"] if card.source else []
    if card.earlier_cells:
        cells = "".join(_pre(source) for source in card.earlier_cells[-_MOST_CELLS:])
        ran = len(card.earlier_cells)
        parts.append(_opening(f"{ran} cell{'' if ran == 1 else 's'} that ran before it, in the order they ran", cells))
    if card.diff:
        parts.append(_opening("Changes since the commit", _pre(card.diff)))
    return parts


def _artifacts(card: RunCard) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in ("name", "kind", "size", "digest", ""))
    rows = (
        f"<tr><td>{escape(a.name)}</td><td>{escape(a.kind)}</td><td>{size(a.bytes)}</td>"
        f'<td class="mono">{escape(a.digest[:12])}</td>'
        f"<td>{markup.button('Save', 'artifact', name=a.name, title=f'Save {a.name}')}</td></tr>"
        for a in card.artifacts
    )
    return markup.table(head, rows, "Artifacts of this run")


def file_name(artifact: ArtifactUse) -> str:
    """A name for a file: nothing in it is a path."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", artifact.name).lstrip(".")[:80] or "artifact"
    suffix = _SUFFIXES.get(artifact.kind, "")
    return plain if plain.endswith(suffix) else plain + suffix


def _environment(card: RunCard) -> str:
    installed = card.environment.get("distributions")
    if not isinstance(installed, dict):
        return ""
    pairs = ((escape(name), escape(version)) for name, version in sorted(installed.items()))
    return _opening(f"{len(installed)} installed distributions", markup.facts(pairs))
