"""What differs between runs: sentences first, then only what differs."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mlops_nb.data.explain import explain
from mlops_nb.data.model import Fingerprint
from mlops_nb.errors import InvalidInput
from mlops_nb.runs import headline
from mlops_nb.runs.card import read_card
from mlops_nb.runs.model import Comparison, DatasetUse, DifferenceRow, MetricDetail, RunCard
from mlops_nb.store.ids import told_apart
from mlops_nb.store.store import Store

_MOST = 20
_LISTED, _OTHERS = 6, 3
_BEFORE = """
SELECT b.ulid FROM run r JOIN run b ON b.experiment = r.experiment AND b.id < r.id
WHERE r.ulid = ? AND b.trashed_us IS NULL AND b.status = 'finished' ORDER BY b.id DESC LIMIT 1
"""
_RECORD = "SELECT record, leaves FROM dataset_version WHERE digest = ?"


def compare_runs(store: Store, ids: Sequence[str]) -> Comparison:
    """Compare two or more runs; the first is the one that others are compared with."""
    chosen = list(dict.fromkeys(ids))
    if not 2 <= len(chosen) <= _MOST:
        number = f"{len(chosen)} different run{'' if len(chosen) == 1 else 's'}"
        raise InvalidInput(f"compare got {number}", expected=f"2 to {_MOST}", fix="%compare last best:auc")
    cards = [read_card(store, ulid) for ulid in chosen]
    verdict = _verdict(cards)
    changes = list(_changes(store, cards))
    sentences = [sentence for sentence in (verdict, _disagreement(cards)) if sentence]
    if changes:
        # Of more than two, none is before and none is after.
        sentences.append(f"{'Changed' if len(cards) == 2 else 'They differ in'}: {'; '.join(changes)}.")
    elif len(cards) > 1:
        sentences.append("Params, data, code and environment are the same.")
    judged = _headline(cards) or ""
    best = _best(cards, judged) if judged else ""
    return Comparison(tuple(card.run for card in cards), tuple(sentences), tuple(_rows(cards)), judged, best)


def changed_since(store: Store, ulid: str) -> tuple[str, str]:
    """What changed since the finished run before this one in its experiment.

    Returns:
        That run's ULID, and one sentence; both empty when this is the first.
    """
    rows = store.query(_BEFORE, (ulid,))
    if not rows:
        return "", ""
    before = str(rows[0][0])
    # The verdict comes first where there is one; what changed is always the last.
    return before, compare_runs(store, [before, ulid]).sentences[-1]


def _short(card: RunCard, cards: Sequence[RunCard]) -> str:
    return told_apart([one.run.id for one in cards])[card.run.id]


def _headline(cards: Sequence[RunCard]) -> str | None:
    """The first metric that all have, on data not trained on, of which it is known what is better."""
    shared = set.intersection(*(set(card.run.metrics) for card in cards))
    found = headline.of_metrics(m for m in cards[0].metrics if m.name in shared)
    return found.name if found is not None else None


def _metric(card: RunCard, name: str) -> MetricDetail:
    return next(m for m in card.metrics if m.name == name)


def _verdict(cards: Sequence[RunCard]) -> str:
    """Who is best, and by how much."""
    name = _headline(cards)
    if name is None:
        failed = [f"{_short(card, cards)} {card.run.status}" for card in cards if card.run.status != "finished"]
        return f"They have no metric in common that says which is better{': ' + ', '.join(failed) if failed else ''}."
    best, second = _ranked(cards, name)[:2]
    gap = abs(best.run.metrics[name] - second.run.metrics[name])
    # What only the order of additions makes is no lead.
    if math.isclose(best.run.metrics[name], second.run.metrics[name], rel_tol=1e-9, abs_tol=1e-12):
        return f"They are equal in {name} ({_number(best.run.metrics[name])})."
    if len(cards) == 2:
        values = f"({_number(best.run.metrics[name])} against {_number(second.run.metrics[name])})"
        return f"{_short(best, cards)} beats {_short(second, cards)} by {_number(gap)} {name} {values}."
    ahead = f"{_number(gap)} ahead of {_short(second, cards)}"
    return f"{_short(best, cards)} is best in {name}: {_number(best.run.metrics[name])}, {ahead}."


def _disagreement(cards: Sequence[RunCard]) -> str:
    """Which other metrics name another run as the best."""
    name = _headline(cards)
    if name is None:
        return ""
    best = _ranked(cards, name)[0]
    shared = set.intersection(*(set(card.run.metrics) for card in cards))
    others = [m.name for m in cards[0].metrics if m.name in shared and m.direction and m.role != "train"]
    said = []
    for other in others:
        first = _ranked(cards, other)[0]
        here, there = best.run.metrics[other], first.run.metrics[other]
        if first is not best and not math.isclose(here, there, rel_tol=1e-9, abs_tol=1e-12):
            said.append(f"in {other} {_short(first, cards)} is better ({_number(there)} against {_number(here)})")
    more = f" and in {len(said) - _OTHERS} more another" if len(said) > _OTHERS else ""
    return f"But {', '.join(said[:_OTHERS])}{more}." if said else ""


def _ranked(cards: Sequence[RunCard], name: str) -> list[RunCard]:
    """The best first."""
    greater = _metric(cards[0], name).direction > 0

    # NaN is never best: it sorts behind everything, whichever way is better.
    def rank(card: RunCard) -> tuple[bool, float]:
        value = card.run.metrics[name]
        return (value == value, value if greater else -value) if value == value else (False, 0.0)

    return sorted(cards, key=rank, reverse=True)


def _best(cards: Sequence[RunCard], name: str) -> str:
    """The ULID of the run that is better than all others; '' when none is."""
    best, second = _ranked(cards, name)[:2]
    value = best.run.metrics[name]
    return "" if value != value or value == second.run.metrics[name] else best.run.id


def _number(value: float) -> str:
    return f"{value:.4g}"


def _changes(store: Store, cards: Sequence[RunCard]) -> Iterator[str]:
    yield from _param_changes(cards)
    if len(cards) == 2:
        yield from _data_changes(store, *cards)
        yield from _code_changes(*cards)
    else:
        yield from _kinds_of_changes(cards)
    yield from _environment_changes(cards)


def _param_changes(cards: Sequence[RunCard]) -> Iterator[str]:
    rows = list(_param_rows(cards))
    everywhere = [row for row in rows if None not in row.values]
    for row in everywhere[:_LISTED]:
        between = " → " if len(cards) == 2 else " | "
        yield f"{row.name} {between.join(str(value)[:40] for value in row.values)}"
    if len(everywhere) > _LISTED:
        yield f"{len(everywhere) - _LISTED} more params"
    for i, card in enumerate(cards if len(cards) == 2 else ()):
        alone = [f"{row.name} = {str(row.values[i])[:40]}" for row in rows if row.values[1 - i] is None]
        if alone:
            more = f" and {len(alone) - _LISTED} more" if len(alone) > _LISTED else ""
            yield f"{', '.join(alone[:_LISTED])}{more} only in {_short(card, cards)}"


def _data_changes(store: Store, before: RunCard, after: RunCard) -> Iterator[str]:
    for role in ("raw", "train", "validation", "test", "reference", "predict"):
        for old, new in _pairs(_uses(before, role), _uses(after, role)):
            name = f"`{(new or old).variable}` ({role})"  # type: ignore[union-attr]
            if old is None or new is None:
                yield f"{name} only in {_short(after if old is None else before, (before, after))}"
            elif old.digest != new.digest:
                yield f"{_difference(store, old.digest, new.digest)} in {name}"


def _uses(card: RunCard, role: str) -> list[DatasetUse]:
    return [use for use in card.run.datasets if use.role == role]


def _pairs(old: list[DatasetUse], new: list[DatasetUse]) -> Iterator[tuple[DatasetUse | None, DatasetUse | None]]:
    """Datasets that stand for each other: same content, else same variable, else the only ones left."""
    left, right = list(old), list(new)
    for same in (_digest, _variable, _stem):
        for a in list(left):
            b = next((b for b in right if same(a) == same(b)), None)
            if b is not None:
                left.remove(a)
                right.remove(b)
                yield a, b
    if len(left) == len(right) == 1:
        yield left[0], right[0]
        return
    yield from ((a, None) for a in left)
    yield from ((None, b) for b in right)


def _digest(use: DatasetUse) -> str:
    return use.digest


def _variable(use: DatasetUse) -> str:
    return use.variable


def _stem(use: DatasetUse) -> str:
    """`X[:2000]` and `X[:2200]` are both `X`."""
    return re.split(r"[\[.(]", use.variable, maxsplit=1)[0]


def _difference(store: Store, before: str, after: str) -> str:
    return explain(_fingerprint(store, before), _fingerprint(store, after)).sentence


def _fingerprint(store: Store, digest: str) -> Fingerprint:
    record, leaves = store.query(_RECORD, (digest,))[0]
    return Fingerprint.from_record(json.loads(record), leaves or b"")


def _code_changes(before: RunCard, after: RunCard) -> Iterator[str]:
    old, new = _body(before), _body(after)
    spans = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            first, last = (j1, j2) if j2 > j1 else (i1, i2)
            spans.append(f"line {first + 1}" if last - first == 1 else f"lines {first + 1} to {last}")
    if spans:
        more = f" and {len(spans) - _LISTED} more places" if len(spans) > _LISTED else ""
        yield ", ".join(spans[:_LISTED]) + more
    changed = [
        name for name, digest in after.modules.items() if name in before.modules and before.modules[name] != digest
    ]
    if changed:
        yield f"imported code of {', '.join(changed[:_LISTED])}"
    if before.commit and after.commit and before.commit != after.commit:
        yield f"commit {before.commit[:8]} → {after.commit[:8]}"


def _body(card: RunCard) -> list[str]:
    """The cell's lines; what stands after `%%track` is no code."""
    return ["%%track" if line.lstrip().startswith("%%track") else line.rstrip() for line in card.source.splitlines()]


def _kinds_of_changes(cards: Sequence[RunCard]) -> Iterator[str]:
    for role in ("train", "validation", "test"):
        if len({frozenset(use.digest for use in _uses(card, role)) for card in cards}) > 1:
            yield f"the {role} data"
    if len({tuple(_body(card)) for card in cards}) > 1:
        yield "the code of the cell"


def _environment_changes(cards: Sequence[RunCard]) -> Iterator[str]:
    known = [card.environment for card in cards if card.environment]
    if len(known) != len(cards):
        return
    if len({str(e["python"]) for e in known}) > 1:
        yield f"Python {' → '.join(str(e['python']) for e in known)}"
    installed: list[dict[str, Any]] = [e["distributions"] for e in known]  # type: ignore[misc]
    names = sorted({name for each in installed for name in each})
    changed = [n for n in names if len({each.get(n) for each in installed}) > 1]
    for name in changed[:_LISTED]:
        yield f"{name} {' → '.join(str(each.get(name, 'absent')) for each in installed)}"
    if len(changed) > _LISTED:
        yield f"{len(changed) - _LISTED} more distributions"


def _rows(cards: Sequence[RunCard]) -> Iterator[DifferenceRow]:
    yield from _differing(cards, "metric", lambda card: dict(card.run.metrics))
    yield from _param_rows(cards)
    yield from _differing(cards, "tag", lambda card: dict(card.run.tags))
    yield from _differing(cards, "value", lambda card: dict(card.run.values))
    yield from _differing(
        cards,
        "data",
        lambda card: {
            f"{d.variable} ({d.role})": f"{d.digest[5:13]} {d.rows:,}×{d.columns}" for d in card.run.datasets
        },
    )
    yield from _differing(cards, "git", lambda card: {"commit": card.commit[:10]} if card.commit else {})
    yield from _differing(cards, "status", lambda card: {"status": card.run.status})


def _param_rows(cards: Sequence[RunCard]) -> Iterator[DifferenceRow]:
    """Params that differ; one that is a default everywhere it stands says nothing that `estimator` does not."""
    for row in _differing(cards, "param", lambda card: dict(card.run.params)):
        if any(row.name in card.run.params and row.name not in card.run.defaults for card in cards):
            yield row


def _differing(cards: Sequence[RunCard], kind: str, of: Callable[[RunCard], dict[str, Any]]) -> Iterator[DifferenceRow]:
    found = [of(card) for card in cards]
    for name in dict.fromkeys(name for each in found for name in each):
        values = tuple(each.get(name) for each in found)
        if len({repr(value) for value in values}) > 1:
            yield DifferenceRow(kind, name, values)
