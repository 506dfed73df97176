"""Writes the generated parts of README.md, and says whether they are as they should be.

`python -m tests.readme` checks, `python -m tests.readme --write` writes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from mlops_nb.faces.magics.line import summary
from mlops_nb.verbs import VERBS, Verb

README = Path(__file__).parents[1] / "README.md"
GROUPS = {"runs": "Runs", "data": "Data", "registry": "Registry", "serving": "Serving", "project": "Project"}


def verbs_table() -> str:
    """The table of verbs, a row each, by group."""
    lines = ["| | notebook | Python | shell | does |", "|---|---|---|---|---|"]
    shown = ""
    for verb in sorted(VERBS, key=lambda v: list(GROUPS).index(v.group)):
        group = GROUPS[verb.group] if verb.group != shown else ""
        shown = verb.group
        lines.append(f"| {group} | {_magic(verb)} | {_api(verb)} | {_shell(verb)} | {_first(verb)} |")
    return "\n".join(lines)


def _magic(verb: Verb) -> str:
    if "cell magic" in verb.faces:
        return f"`%%{verb.spoken}`"
    return f"`%{verb.spoken}`" if "magic" in verb.faces else ""


def _api(verb: Verb) -> str:
    return f"`ml.{verb.name.replace(' ', '.')}`"


def _shell(verb: Verb) -> str:
    return f"`mlops-nb {verb.name}`" if "cli" in verb.faces else ""


def _first(verb: Verb) -> str:
    return summary(verb).rstrip(".").replace("|", "\\|")


def generated(text: str) -> str:
    """The README with its generated part as it should be."""
    return re.sub(
        r"(<!-- verbs -->\n).*?(<!-- /verbs -->)", lambda m: f"{m[1]}{verbs_table()}\n{m[2]}", text, flags=re.DOTALL
    )


if __name__ == "__main__":
    now = README.read_text("utf-8")
    made = generated(now)
    if "--write" in sys.argv:
        README.write_text(made, "utf-8")
    elif now != made:
        sys.exit("README.md is not as generated; run: make docs")
