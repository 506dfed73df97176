"""The HTML of the page of one version: what matters at the top, and what the gates said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import mlops_nb as ml
from mlops_nb.pages import markup
from mlops_nb.pages import standing as steps
from mlops_nb.pages.registry import cells
from mlops_nb.pages.version import deciding, evidence, telling
from mlops_nb.registry.gates.model import GateCheck, GateResult
from mlops_nb.registry.standing import GOAL
from mlops_nb.show import registry
from mlops_nb.show.page import escape
from mlops_nb.show.words import cut, digest, number, short, size, when

if TYPE_CHECKING:
    from mlops_nb.pages.version.view import VersionAddress, VersionFound
    from mlops_nb.pages.visit import Visit

_HEAD = ("verdict", "gate", "says", "value", "threshold", "95 % interval", "n", "evidence")
_NUMBERS = ("value", "threshold", "95 % interval", "n")
_ULID = 26
_SAID = {"approve": ("✓ approved", "good"), "reject": ("✗ rejected", "bad")}


def missing(refused: bool) -> str:
    """There is no such version, or none at all."""
    said = "" if refused else "There is no version of a model yet."
    return markup.heading("Version", said) + f"<p>{markup.link('All models', 'registry')}</p>"


def top(address: VersionAddress, found: VersionFound, typed: str, visit: Visit, *, may_write: bool) -> str:
    """Where it stands and what is next, how good it is, and the parts of the page."""
    version = found.version
    title = f"{cells.model(version.model)}/{version.version} {markup.stage(version.stage, version.mark)}".rstrip()
    above = f'<p class="muted">{markup.link("Registry", "registry")}</p>'
    tools = _links(found) + (deciding.menus(found) if may_write and not markup.still() else "")
    head = markup.heading(title, telling.where(found), cell=typed, csv=True, above=above, tools=tools)
    may_decide = visit.person is not None and not found.why_not
    said, cell = telling.following(found, may_decide=may_decide)
    shown = steps.step(said, cell, "<strong>Next:</strong> ")
    step = f'<div class="after" data-key="next"><ul class="steps"><li>{shown}</li></ul></div>' if said else ""
    return head + step + _overridden(found) + f'<div class="tiles">{_tiles(found)}</div>' + _parts(address, found)


def _links(found: VersionFound) -> str:
    version = found.version
    canvas = markup.link("Canvas", f"canvas?{urlencode({'model': version.model})}", kind="button")
    return canvas + markup.link("Audit", f"audit?{urlencode({'about': version.ref})}", kind="button")


def _overridden(found: VersionFound) -> str:
    """Who let it in past the gates, and why, when that was not its last move: a rollback washes nothing off."""
    version = found.version
    last = next((one for one in found.moves if not one.move.alias), None)
    if not version.mark or (last is not None and last.move.how == version.mark):
        return ""
    let_in = next(
        (one for one in found.moves if one.move.after == version.stage and one.move.how == version.mark), None
    )
    if let_in is None:
        return ""
    move, sign = let_in.move, markup.marked(version.mark)
    who = cells.who(move.actor, move.verified)
    gates = f" {cells.how(let_in).rpartition(', ')[2]}." if move.checked else ""
    said = {
        "overridden": f"{who} let it into {escape(move.after)} although a gate kept closed",
        "ungated": f"{who} let it into {escape(move.after)} while no policy said what is good enough",
    }[version.mark]
    why = f": “{escape(cut(move.reason, 600))}”" if move.reason else ""
    return f'<div class="notice" data-key="mark">{sign}: {said}{why}.{gates}</div>'


def _tiles(found: VersionFound) -> str:
    ready, version = found.ready, found.version
    tiles = []
    if ready.score is not None and ready.score.value is not None:
        said, rests = steps.score(ready)
        target = said.partition("</strong>")[2].removeprefix(", ")
        more = " · ".join(line for line in (target, rests) if line)
        tiles.append(markup.tile(ready.score.name, escape(number(ready.score.value)), more))
    elif ready.evaluation is None:
        tiles.append(
            markup.tile("evaluated", markup.sign("? not yet", "warn"), "nobody can say how good it is", small=True)
        )
    check = ready.check
    if check is not None:
        passed, asked = cells.counted(check)
        stale = ", and something changed since" if ready.stale and version.stage != GOAL else ""
        tiles.append(
            markup.tile(
                f"gates into {GOAL}",
                f"{passed} of {asked}",
                f"{cells.verdict(check.verdict)}, {cells.ago(check.at_us)}{stale}",
            )
        )
    elif not found.guarded:
        tiles.append(
            markup.tile(
                f"gates into {GOAL}", markup.sign("▲ ungated", "warn"), "no policy says what is good enough", small=True
            )
        )
    else:
        tiles.append(markup.tile(f"gates into {GOAL}", markup.sign("? not asked", "warn"), "", small=True))
    run = (
        markup.link(f'<span class="mono">{escape(short(version.run))}</span>', f"run?{urlencode({'run': version.run})}")
        if version.run
        else "unknown"
    )
    tiles.append(markup.tile("trained by run", run, escape(version.estimator), small=True))
    author = cells.who(version.actor, version.verified)
    tiles.append(markup.tile("registered by", author, escape(cells.since(version.created_us)), small=True))
    if found.serving:
        served = ", ".join(f"{escape(d.name)}: {escape(status)}" for d, status in found.serving)
        tiles.append(markup.tile("serving", served, "", small=True))
    return "".join(tiles)


def _parts(address: VersionAddress, found: VersionFound) -> str:
    """What else there is of it, each a state of the address."""
    if markup.still():
        return ""
    tabs = "".join(
        f'<span class="chip" aria-current="true"><strong>{title}</strong></span>'
        if address.part == part
        else markup.link(title, replace(address, part=part, check="", evaluation="").link(), here=True, kind="chip")
        for part, title in evidence.PARTS.items()
    )
    return f'<nav class="chips" data-key="parts" aria-label="Parts of this version">{tabs}</nav>'


def gates(address: VersionAddress, found: VersionFound, decide: str, *, may_write: bool) -> str:
    """What each gate said, who approved, what the version is, and how it came where it stands."""
    asked = _check(address, found, may_write=may_write)
    moves = f"<h2>How it came there</h2>{cells.moves(found.moves, 'Moves')}" if found.moves else ""
    return decide + asked + _approvals(address, found) + "<h2>What it is</h2>" + _facts(found) + moves


def _check(address: VersionAddress, found: VersionFound, *, may_write: bool) -> str:
    stage, check = address.stage, found.check
    other = "staging" if stage == GOAL else GOAL
    switch = markup.link(f"into {other}", replace(address, stage=other, check="").link(), here=True, kind="chip")
    latest = markup.link("the last time", replace(address, check="").link(), here=True, kind="chip")
    ask = (
        markup.button("Ask the gates now", "gates", stage=stage, ref=found.version.ref)
        if may_write and found.version.stage not in (stage, "archived")
        else ""
    )
    chips = "" if markup.still() else f'<div class="chips">{ask}{switch}{latest if address.check else ""}</div>'
    title = f"<h2>What the gates into {stage} said</h2>"
    if check is None:
        return f"{title}<p>{_unasked(found, stage)}</p>{chips}"
    passed, asked = cells.counted(check)
    policy = (
        f"revision {check.policy} of the policy" if check.policy else markup.sign("▲ ungated:", "warn") + " no policy"
    )
    held = f"against {cells.version(f'{check.model}/{check.champion}')} in production" if check.champion else ""
    told = ", ".join(part for part in (policy, held) if part)
    line = (
        f"<p>{cells.verdict(check.verdict)}: {passed} of {asked} pass. Asked {escape(cells.since(check.at_us))} by "
        f"{cells.who(check.actor, check.verified)}; {told}; digest "
        f'<span class="mono">{digest(check.digest)}</span>.</p>'
    )
    head = "".join(f'<th scope="col"{" class=num" if name in _NUMBERS else ""}>{name}</th>' for name in _HEAD)
    # What keeps closed is what somebody must look at.
    ordered = (*check.closed, *(one for one in check.results if one.verdict == "pass"))
    rows = (_result(address, check, one) for one in ordered)
    return title + line + chips + markup.table(head, rows, f"Gates into {stage}")


def _unasked(found: VersionFound, stage: str) -> str:
    if found.policy is None:
        fix = f"%gates define {markup.word(found.version.model)} {stage} --usual"
        return markup.sign("▲ ungated:", "warn") + f" no gates stand there. {markup.copier(f'Copy: {fix}', fix)}"
    count = len(found.policy.gates)
    fix = f"%gates run {markup.word(found.version.ref)} {stage}"
    return f"{count} gates stand there, and nobody has asked them of this version. {markup.copier(f'Copy: {fix}', fix)}"


def _result(address: VersionAddress, check: GateCheck, one: GateResult) -> str:
    ends = f"{number(one.low)} – {number(one.high)}" if one.low is not None and one.high is not None else ""
    fix = f'<div class="muted">try <code>{escape(one.fix)}</code></div>' if one.fix and one.verdict != "pass" else ""
    values = (number(one.value), number(one.threshold), ends, "" if one.n is None else f"{one.n:,}")
    numbers = "".join(f'<td class="num">{escape(value)}</td>' for value in values)
    return (
        f'<tr data-key="g{escape(one.gate)}"><td>{cells.verdict(one.verdict)}</td>'
        f"<td><code>{escape(one.gate)}</code></td>"
        f'<td class="wrap wide">{escape(one.says)}{fix}</td>{numbers}<td>{_evidence(address, check, one)}</td></tr>'
    )


def _evidence(address: VersionAddress, check: GateCheck, one: GateResult) -> str:
    """Where what a gate read is to be seen."""
    part = {"risk": "risk", "card": "card", "fairness": "fairness"}.get(one.gate.partition(" ")[0], "evaluation")
    if part in ("risk", "card"):
        return markup.link(part, replace(address, part=part, check="").link(), here=True)
    named = one.digest or one.evidence
    shown = f'<span class="mono" title="{escape(named)}">{escape(digest(named))}</span>' if named else ""
    if len(one.evidence) != _ULID:
        return shown
    to = replace(address, part=part, check="", evaluation=one.evidence if part == "evaluation" else "").link()
    return f"{markup.link(part, to, here=True)} {shown}"


def _approvals(address: VersionAddress, found: VersionFound) -> str:
    if not found.approvals:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("word", "by", "when", "why", "evaluation seen"))
    rows = (
        f"<tr><td>{markup.sign(*_SAID[one.verdict])}</td><td>{cells.who(one.actor, one.verified)}</td>"
        f'<td>{escape(when(one.at_us))}</td><td class="wrap">{escape(cut(one.reason, 600))}</td>'
        f"<td>{_seen(address, one.evaluation)}</td></tr>"
        for one in found.approvals
    )
    listed = markup.table(head, rows, f"Who approved it for {address.stage}, and who did not")
    return f"<h2>Who said yes or no</h2>{listed}"


def _seen(address: VersionAddress, evaluation: str | None) -> str:
    if not evaluation:
        return '<span class="muted">none</span>'
    to = replace(address, part="evaluation", check="", evaluation=evaluation).link()
    return markup.link(f'<span class="mono">{escape(short(evaluation))}</span>', to, here=True)


def _facts(found: VersionFound) -> str:
    """Run, data, estimator, file, signature."""
    v = found.version
    outputs = ", ".join(f"{one['name']} {one.get('datatype', '')}" for one in v.signature.get("outputs") or [])
    run = (
        markup.link(f'<span class="mono">{escape(short(v.run))}</span>', f"run?{urlencode({'run': v.run})}")
        if v.run
        else ""
    )
    file = markup.sign(f"▲ {registry.PICKLE}", "warn") if v.pickled else escape(v.format)
    pairs = (
        ("run", run),
        ("trained on", ", ".join(f'<span class="mono">{escape(digest(one))}</span>' for one in v.datasets)),
        ("estimator", escape(v.estimator)),
        ("takes", escape(cut(registry.inputs(v), 400))),
        ("gives", escape(outputs)),
        ("file", f'{file}, {size(v.bytes)}, <span class="mono" title="{v.artifact}">{v.artifact[:12]}</span>'),
        ("made with", escape(", ".join(f"{name} {one}" for name, one in v.framework.items()))),
        ("trusted types", escape(", ".join(v.trusted))),
        ("aliases", escape(", ".join(f"@{name}" for name in v.aliases))),
        ("registered", f"{escape(when(v.created_us))} by {cells.who(v.actor, v.verified)}"),
        ("note", escape(v.note)),
    )
    return markup.facts(pairs)


def frame(address: VersionAddress, found: VersionFound) -> Any:
    """What the page lists, as a pandas DataFrame: the gates' answers, else metrics, else what the version is."""
    import pandas as pd

    from mlops_nb.show import plain

    if address.part:
        made = evidence.frame(address.part, found)
        if made is not None:
            return made
    if found.check is not None and not address.part:
        rows: list[Any] = [plain(one) for one in found.check.results]
        return pd.DataFrame(rows)
    return pd.DataFrame([{"fact": one.name, "value": one.value} for one in ml.card(found.version.ref).facts])
