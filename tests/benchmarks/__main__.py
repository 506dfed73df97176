"""`python -m tests.benchmarks`: our jobs beside the rivals', in one table."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.environments import BENCH, ROOT
from tests.benchmarks.report import document, replaced
from tests.benchmarks.running import measure
from tests.benchmarks.steps import GROUPS, STEPS, Step


def main(arguments: list[str] | None = None) -> int:
    """Measure, keep the results, print the table."""
    asked = _parser().parse_args(arguments)
    target = None if asked.write is None else _target(asked.write)
    if target is not None:
        _refuse_unmarked(target)
    chosen = [step for step in STEPS if not asked.only or step.group in asked.only]
    entries = _measure_all([step for step in chosen if step.place == "ours" or not asked.no_rivals])
    machine = _machine()
    _keep(entries, machine)
    made = document(entries, machine)
    print(made)
    if target is not None:
        target.write_text(replaced(target.read_text("utf-8"), made), "utf-8")
    ours_missing = any(entry.get("missing") for entry in entries if entry["who"] == "mlops_nb")
    return 1 if ours_missing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=GROUPS, metavar="NAME", help=f"some of {', '.join(GROUPS)}")
    parser.add_argument("--no-rivals", action="store_true", help="measure mlops_nb alone")
    parser.add_argument("--write", metavar="FILE", help="also put the table between the markers of this file")
    return parser


def _target(name: str) -> Path:
    return ROOT / "README.md" if name == "README" else Path(name)


def _refuse_unmarked(target: Path) -> None:
    # Better said now than after ten minutes.
    try:
        replaced(target.read_text("utf-8"), "")
    except (OSError, ValueError) as error:
        raise SystemExit(f"{target.name}: {error}") from None


def _measure_all(steps: list[Step]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for number, step in enumerate(steps, 1):
        start = time.perf_counter()
        found = measure(step)
        entries += found
        missing = [f"{entry['job']}: {entry['missing']}" for entry in found if entry.get("missing")]
        said = f"[{number}/{len(steps)}] {step.group}: {step.who}, {time.perf_counter() - start:.1f} s"
        print("; ".join((said, *missing)), file=sys.stderr, flush=True)
    return entries


def _machine() -> dict[str, Any]:
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "system": platform.system(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
    }


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text("utf-8").splitlines() if facts.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _keep(entries: list[dict[str, Any]], machine: dict[str, Any]) -> None:
    versions = {entry["who"]: entry["version"] for entry in entries if entry.get("version")}
    kept = {"machine": machine, "versions": versions, "results": entries}
    BENCH.mkdir(exist_ok=True)
    (BENCH / "results.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
