"""The HTML of Home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.pages import markup
from mlops_nb.pages.runs.content import begin
from mlops_nb.pages.site import PHASES, address_of
from mlops_nb.pages.standing import next_step, score, step
from mlops_nb.registry.model import Model
from mlops_nb.registry.standing import GOAL
from mlops_nb.runs.model import Experiment, Run
from mlops_nb.show import drawing
from mlops_nb.show.page import escape
from mlops_nb.show.runs import KINDS, mark
from mlops_nb.show.words import cut, number, short, when
from mlops_nb.store.describe import count
from mlops_nb.store.ids import now_us
from mlops_nb.store.store import Store

if TYPE_CHECKING:
    from mlops_nb.pages.home.view import HomeAddress, HomeFound, ModelFacts
    from mlops_nb.registry.standing import Standing

_COUNTS = """
SELECT (SELECT count(DISTINCT d.model) FROM document d JOIN model m ON m.id = d.model
        WHERE d.kind = 'canvas' AND m.trashed_us IS NULL),
       (SELECT count(*) FROM evidence e JOIN model m ON m.id = e.model
        WHERE e.kind = 'evaluation' AND m.trashed_us IS NULL)"""
_DAY_US = 86_400_000_000
_STEPS = 8
_HEALTH = {
    "ready": ("● serving", "good"),
    "starting": ("◌ starting", "busy"),
    "down": ("✕ down", "bad"),
    "stopped": ("○ stopped", "muted"),
}


def counts(store: Store) -> dict[str, int]:
    """How much there is of what has no page of its own to count it: dataset versions, canvases, evaluations."""
    canvases, evaluations = store.query(_COUNTS)[0]
    return {"dataset_version": count(store, "dataset_version"), "canvas": canvases, "evaluation": evaluations}


def _some(number_: int, word: str, several: str = "") -> str:
    return f"{number_:,} {word if number_ == 1 else several or word + 's'}"


def age(moment_us: int, now: int) -> str:
    """How long ago: `today`, `yesterday`, `12 days ago`."""
    days = max(0, now - moment_us) // _DAY_US
    return "today" if days == 0 else "yesterday" if days == 1 else f"{days:,} days ago"


def body(address: HomeAddress, found: HomeFound | None, typed: str) -> str:
    """The whole page."""
    if found is None:
        return markup.heading("Home")
    if found.places:
        links = [f"<li>{markup.link(f'{kind} {escape(name)}', to)}</li>" for kind, name, to in found.places]
        return markup.heading("Found") + f"<ul>{''.join(links)}</ul>"
    if not found.experiments and not found.models:
        return markup.heading("Welcome", "This project is empty.") + begin()
    head = markup.heading("Home", _lead(found), cell=typed, csv=True)
    return (
        head + _line(found) + _attention(found) + _steps(found) + _models(found) + _experiments(found) + _newest(found)
    )


def _lead(found: HomeFound) -> str:
    """What a manager wants to hear first."""
    now = now_us()
    champions = [m for m in found.models if m.model.production]
    if len(champions) == 1:
        return f"In production is {_champion(champions[0].model, now)}."
    if champions:
        return f"{_some(len(champions), 'model')} of {len(found.models) + found.more} in production."
    runs = sum(e.runs for e in found.experiments)
    parts = [f"{_some(runs, 'run')} in {_some(len(found.experiments), 'experiment')}"]
    parts += [f"{_some(len(found.models) + found.more, 'model')}, none in production"] if found.models else []
    return escape(", ".join(parts)) + "."


def _line(found: HomeFound) -> str:
    """The lifecycle; a phase that no room knows anything of yet stands there without a word."""
    runs = sum(e.runs for e in found.experiments)
    running = sum(e.running for e in found.experiments)
    serving = sum(status == "ready" for _, status in found.deployments)
    versions = sum(m.model.versions for m in found.models)
    known = {
        "framing": (_some(found.canvases, "canvas", "canvases") if found.canvases else "", "canvas"),
        "data": (_some(found.datasets, "dataset version") if found.datasets else "", ""),
        "experimentation": (_some(runs, "run") + (f", {running} running" if running else ""), "runs"),
        "training": (_some(versions, "model version") if found.models else "", "registry"),
        "evaluation": (_some(found.evaluations, "evaluation") if found.evaluations else "", "registry"),
        "deployment": (f"{serving} of {len(found.deployments)} serving" if found.deployments else "", ""),
    }
    items = []
    for phase in PHASES:
        fact, to = known.get(phase, ("", ""))
        shown = markup.link(escape(fact), to) if to and fact else escape(fact)
        look = ' class="known"' if fact else ""
        items.append(f'<li{look}><div class="name">{phase.capitalize()}</div><div class="fact">{shown}</div></li>')
    return f'<ol class="line" aria-label="The lifecycle" tabindex="0">{"".join(items)}</ol>'


def _attention(found: HomeFound) -> str:
    """What somebody should look at, each with the page or the line that helps."""
    lines = []
    for deployment, status in found.deployments:
        if status == "down":
            said = f"Deployment <strong>{escape(deployment.name)}</strong> is down."
            lines.append(said + f" {markup.copier('Copy: %logs', f'%logs {deployment.name}')}")
    if found.failed:
        link = markup.link(
            _some(found.failed, "run") + " failed", "runs?where=status+%3D+%27failed%27+and+started+%3E+-7d"
        )
        lines.append(f"{link} in the last 7 days.{''.join(_reason(run, error) for run, error in found.why.items())}")
    lines += [line for facts in found.models if (line := _worry(facts))]
    if not lines:
        return ""
    return "<h2>Needs attention</h2>" + "".join(f'<div class="notice">{line}</div>' for line in lines)


def _worry(facts: ModelFacts) -> str:
    """What is wrong with a champion: how it was let in, and a target that it misses."""
    champion = facts.champion
    if champion is None:
        return ""
    found = []
    if champion.version.mark:
        how = {"overridden": "against its gates", "ungated": "with no gates before it"}[champion.version.mark]
        found.append(f"was let in {how} ({markup.marked(champion.version.mark)})")
    if champion.reached is False and champion.score is not None and champion.score.value is not None:
        found.append(f"misses its target ({escape(champion.score.name)} {number(champion.score.value)})")
    return f"{_version(champion.version.ref)} is in production and {' and '.join(found)}." if found else ""


def _reason(run: str, error: str) -> str:
    link = markup.link(f'<span class="mono">{escape(short(run))}</span>', f"run?run={run}")
    return f"<div>{link} {escape(cut(error or 'no error was recorded', 160))}</div>"


def _steps(found: HomeFound) -> str:
    """What to do next: what each model's champion and newest version need, then what else waits for a person."""
    lines, told = [], set()
    for facts in found.models:
        for standing in (facts.champion, facts.newest):
            if standing is None or standing.version.ref in told:
                continue
            told.add(standing.version.ref)
            sentence, cell = next_step(standing, facts.serving)
            lines.append(step(sentence, cell, f"{_version(standing.version.ref)}: "))
    for one in found.waiting:
        if one.ref not in told or one.stage != GOAL:
            said = f"it waits to enter {one.stage}: {one.says}."
            lines.append(
                step(said, f"%approve {markup.word(one.ref)} --stage {one.stage} --reason …", f"{_version(one.ref)}: ")
            )
    shown = [line for line in lines if line][:_STEPS]
    if not shown:
        return ""
    return f'<h2>Next</h2><ul class="steps">{"".join(f"<li>{line}</li>" for line in shown)}</ul>'


def _version(ref: str) -> str:
    return markup.link(f"<strong>{escape(ref)}</strong>", address_of("version", ref))


def _models(found: HomeFound) -> str:
    if not found.models:
        return ""
    more = f"<p>{markup.link(f'{found.more} more in the registry', 'registry')}</p>" if found.more else ""
    return f'<h2>Models</h2><div class="cards">{"".join(_model(m) for m in found.models)}</div>{more}'


def _model(facts: ModelFacts) -> str:
    name = markup.link(escape(facts.model.name), address_of("model", facts.model.name))
    newest, now = facts.newest, now_us()
    if newest is None:
        return f'<div class="card"><h3>{name}</h3><p class="muted">no version</p></div>'
    health = "".join(
        f"<div>{markup.sign(*_HEALTH.get(status, (status, 'muted')))} as {escape(d.name)} "
        f"({f'{escape(d.version)} {markup.stage(d.stage, d.mark)}'.rstrip()})</div>"
        for d, status in facts.serving
    )
    version = newest.version
    pairs = [("production", _stands(_champion(facts.model, now), facts.champion))]
    if facts.champion is not newest:
        stands = f"{_version(version.ref)} {markup.stage(version.stage, version.mark)}".rstrip()
        pairs.append(("newest", _stands(stands, newest)))
    pairs += [
        ("registered", f"{escape(age(version.created_us, now))} by {escape(version.actor.removeprefix('person:'))}"),
        ("estimator", escape(version.estimator)),
        ("service", health),
    ]
    return f'<div class="card"><h3>{name}</h3>{markup.facts(pairs)}</div>'


def _stands(version: str, found: Standing | None) -> str:
    """A version and how good it is."""
    if found is None:
        return '<span class="muted">nothing yet</span>'
    said, rests = score(found)
    return version + (f'<div>{said}</div><div class="muted">{rests}</div>' if said else "")


def _champion(model: Model, now: int) -> str:
    """The version in production, since when, and what must be said of how it came there."""
    if not model.production:
        return ""
    since = escape(age(model.production_us or 0, now))
    return f"{_version(f'{model.name}/{model.production}')}, since {since} {markup.marked(model.mark)}".rstrip()


def _experiments(found: HomeFound) -> str:
    if not found.experiments:
        return ""
    names = ("experiment", "runs", "best", "by run", "trend", "last run")
    head = "".join(f'<th scope="col"{" class=num" if name in ("runs", "best") else ""}>{name}</th>' for name in names)
    said = "The best of each experiment, by its own metric on its own data: compare within one."
    listed = markup.table(head, (_experiment(e) for e in found.experiments), "Experiments")
    return f'<h2>Experiments</h2><p class="muted">{said}</p>{listed}'


def _experiment(experiment: Experiment) -> str:
    name = markup.link(escape(experiment.name), address_of("experiment", experiment.name))
    states = [markup.sign(f"{_signs['running']} {experiment.running} running", "busy")] if experiment.running else []
    states += [markup.sign(f"{_signs['failed']} {experiment.failed:,} failed", "bad")] if experiment.failed else []
    best = (
        f"{escape(experiment.metric)} <strong>{escape(number(experiment.best))}</strong>" if experiment.best_run else ""
    )
    by = (
        markup.link(f'<span class="mono">{escape(short(experiment.best_run))}</span>', f"run?run={experiment.best_run}")
        if experiment.best_run
        else ""
    )
    trend = (
        drawing.spark(experiment.trend, f"{experiment.metric} of the newest runs") if len(experiment.trend) > 2 else ""
    )
    return (
        f"<tr><td>{name}</td><td class=num>{experiment.runs:,}<div>{' '.join(states)}</div></td>"
        f"<td class=num>{best}</td><td>{by}</td>"
        f"<td>{trend}</td><td>{escape(when(experiment.last_us))}</td></tr>"
    )


_signs = {status: mark(status).partition(" ")[0] for status in KINDS}


def _newest(found: HomeFound) -> str:
    if not found.newest:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("run", "experiment", "status", "started", "result"))
    judged = {e.name: e.metric for e in found.experiments}
    rows = (_run(run, judged.get(run.experiment, "")) for run in found.newest)
    more = f"<p>{markup.link('All runs', 'runs')}</p>"
    return "<h2>Newest runs</h2>" + markup.table(head, rows, "Newest runs") + more


def _run(run: Run, metric: str) -> str:
    result = f"{escape(metric)} {escape(number(run.metrics[metric]))}" if metric in run.metrics else ""
    link = markup.link(f'<span class="mono">{escape(short(run.id))}</span>', f"run?run={run.id}", title=run.id)
    return (
        f'<tr data-key="{run.id}"><td>{link}</td><td>{escape(run.experiment)}</td>'
        f"<td>{markup.sign(mark(run.status), KINDS[run.status])}</td>"
        f"<td>{escape(when(run.started_us))}</td><td>{result}</td></tr>"
    )
