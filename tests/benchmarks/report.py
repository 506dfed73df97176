"""The table: pure functions from measurements to Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.benchmarks.goals import BY_JOB, GOALS, Goal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Entry = dict[str, Any]
OURS = "mlops_nb"
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
_HEAD = ("| job | mlops_nb | rival (version): value | times better | goal | reached |", "|---|---|---|---|---|---|")


def table(entries: Iterable[Entry]) -> str:
    """One row for each job that was tried."""
    by_job: dict[str, list[Entry]] = {}
    for entry in entries:
        by_job.setdefault(entry["job"], []).append(entry)
    rows = [_row(goal, by_job[goal.job]) for goal in GOALS if goal.job in by_job]
    return "\n".join((*_HEAD, *rows))


def _row(goal: Goal, entries: Sequence[Entry]) -> str:
    ours = next((entry for entry in entries if entry["who"] == OURS), None)
    rivals = [entry for entry in entries if entry["who"] != OURS]
    cells = (
        goal.title,
        shown(ours, goal) if ours else "not measured",
        "<br>".join(f"{_name(rival)}: {shown(rival, goal)}" for rival in rivals) or "–",
        "<br>".join(_ratio_text(ours, rival, goal) for rival in rivals) or "–",
        goal_text(goal),
        reached(ours, rivals, goal),
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _name(entry: Entry) -> str:
    return f"{entry['who']} ({entry['version']})" if entry.get("version") else str(entry["who"])


def shown(entry: Entry, goal: Goal) -> str:
    """A value with its unit, and what the reader has to know about it."""
    if entry.get("missing"):
        return f"not measured: {entry['missing']}"
    remarks = [f"{entry['items']:,} runs" if entry.get("items") else "", entry.get("note"), entry.get("broken")]
    said = "; ".join(remark for remark in remarks if remark)
    return amount(entry["value"], goal.unit) + (f" ({said})" if said else "")


def amount(value: float, unit: str) -> str:
    """Three digits and a unit that fits: `1.23 ms`, `312,000/s`, `1.05 ×`."""
    if unit == "/s":
        return f"{_three(value)}/s"
    if unit == "MB":
        return f"{_three(value)} MB"
    if unit == "×":
        return f"{value:.2f} ×"
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1 or name == "µs":
            return f"{_three(value * factor)} {name}"
    raise AssertionError(value)


def _three(value: float) -> str:
    if value >= 100:
        digits = max(0, len(str(int(value))) - 3)
        return f"{int(round(value, -digits)):,}"
    return f"{value:.3g}"


def ratio(ours: Entry | None, rival: Entry, goal: Goal) -> float | None:
    """How many times better ours is, or None when one of them is not there."""
    if not _counts(ours) or not _counts(rival) or ours is None or not ours["value"] or not rival["value"]:
        return None
    found = float(rival["value"] / ours["value"])
    if goal.per_item and ours.get("items") and rival.get("items"):
        found *= ours["items"] / rival["items"]
    return 1 / found if goal.more_is_better else found


def _counts(entry: Entry | None) -> bool:
    return entry is not None and not entry.get("missing") and not entry.get("broken")


def _ratio_text(ours: Entry | None, rival: Entry, goal: Goal) -> str:
    found = ratio(ours, rival, goal)
    return "–" if found is None else f"{_three(found)} ×" + (" a run" if goal.per_item else "")


def goal_text(goal: Goal) -> str:
    """The goal in words: `≤ 25 ms`, `≥ 4 × MLServer`."""
    if goal.limit is not None:
        return f"{'≥' if goal.more_is_better else '≤'} {amount(goal.limit, goal.unit)}"
    if not goal.rival:
        return "–"
    if goal.times == 1:
        return f"{'≥' if goal.more_is_better else '≤'} {goal.rival}"
    return f"{goal.times:g} × better than {goal.rival}"


def reached(ours: Entry | None, rivals: Sequence[Entry], goal: Goal) -> str:
    """`yes`, `no`, or `?` when that can't be told."""
    if goal.limit is None and not goal.rival:
        return "–"
    if ours is None or ours.get("missing"):
        return "?"
    if ours.get("broken"):
        return "no"
    if goal.limit is not None:
        enough = ours["value"] >= goal.limit if goal.more_is_better else ours["value"] <= goal.limit
        return "yes" if enough else "no"
    rival = next((one for one in rivals if one["who"] == goal.rival), None)
    found = ratio(ours, rival, goal) if rival else None
    return "?" if found is None else "yes" if found >= goal.times else "no"


def document(entries: Iterable[Entry], machine: Mapping[str, Any]) -> str:
    """The table under one line that says when and on what."""
    known = [entry for entry in entries if entry["job"] in BY_JOB]
    where = f"{machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, Python {machine['python']}"
    intro = f"Measured in one run on {machine['date']} ({where}); each in a process and a store of its own."
    return f"{intro}\n\n{table(known)}"


def replaced(text: str, new: str) -> str:
    """A README with the text between its two markers replaced.

    Raises:
        ValueError: The markers are not there, each once and in order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"the file needs one {BEGIN} and, below it, one {END}")
    before, after = text.split(BEGIN, maxsplit=1)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{new}\n{END}{after}"
