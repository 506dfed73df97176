"""Runs measuring scripts, each in a fresh process with an empty folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.environments import BENCH, ROOT, NotMeasured, python_of

if TYPE_CHECKING:
    from tests.benchmarks.steps import Step

HERE = Path(__file__).parent
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "PYTHONWARNINGS": "ignore",
}
_THEIR_FOLDERS = ("WANDB_DIR", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "TRACKIO_DIR", "HF_HOME")
_ERROR = re.compile(r"^(?:\w+\.)*(\w+(?:Error|Exception|Warning|Refused|NotFound|InvalidInput))\b", re.MULTILINE)


def measure(step: Step) -> list[dict[str, Any]]:
    """What a step measured: the median of its processes; what is missing comes with the reason."""
    rounds: list[list[dict[str, Any]]] = []
    problem = ""
    try:
        command = _command(step)
        for _ in range(step.times):
            found, problem = _once(step, command)
            rounds.append(found)
            if problem:
                break
    except NotMeasured as error:
        problem = str(error)
    made = _medians(rounds)
    known = {entry["job"] for entry in made}
    missing = [job for job in step.jobs if job not in known]
    return made + [{"job": job, "who": step.who, "missing": problem or "it measured nothing"} for job in missing]


def _medians(rounds: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    entries = [entry for found in rounds for entry in found]
    alike: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in entries:
        alike.setdefault((entry["job"], entry["who"]), []).append(entry)
    return [{**several[0], "value": statistics.median(e["value"] for e in several)} for several in alike.values()]


def _command(step: Step) -> list[str]:
    if step.place == "ours":
        return [sys.executable, "-m", f"tests.benchmarks.ours.{step.script}", *step.arguments]
    return [str(python_of(step.place)), str(HERE / step.file), *step.arguments]


def _once(step: Step, command: list[str]) -> tuple[list[dict[str, Any]], str]:
    log = BENCH / f"{step.place}-{step.script}.log"
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        out = Path(folder) / "measured.jsonl"
        out.touch()
        BENCH.mkdir(exist_ok=True)
        with log.open("w", encoding="utf-8") as file:
            code = _wait(command, _environment(step, folder), folder, file, step.limit_s)
        lines = out.read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines], _problem(code, step, log)


def _environment(step: Step, folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLOPS_NB_", "PYTHONPATH"))}
    kept |= _QUIET | dict.fromkeys(_THEIR_FOLDERS, folder)
    kept |= {"BENCH_OUT": f"{folder}/measured.jsonl", "TMPDIR": folder}
    return kept | ({"PYTHONPATH": str(ROOT)} if step.place == "ours" else {})


def _wait(command: list[str], environment: dict[str, str], folder: str, log: Any, limit: float) -> int | None:
    """The exit code, or None when it took too long."""
    started = subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )
    try:
        return started.wait(limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if started.poll() is None:
            _end(started)


def _end(process: subprocess.Popen[bytes]) -> None:
    # First as Ctrl-C, so that servers which it started are ended by it.
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
            return


def _problem(code: int | None, step: Step, log: Path) -> str:
    if code is None:
        return f"not done within {step.limit_s:g} s"
    if code == 0:
        return ""
    # The kind of error alone: messages name paths and hosts.
    kinds = _ERROR.findall(log.read_text("utf-8", "replace"))
    return f"failed with {kinds[-1]}" if kinds else f"ended with exit code {code}"
