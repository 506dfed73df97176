"""What every version must pass: its file opens, its signature holds, and it runs no code when it is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.errors import MlopsError
from mlops_nb.registry.gates.model import Judged

if TYPE_CHECKING:
    from mlops_nb.registry.gates.asking import Asked


def load(asked: Asked) -> Judged:
    """The file is the one that was registered, and opens here."""
    try:
        asked.model()
    except MlopsError as error:
        return Judged("fail", error.what, fix=error.fix)
    return Judged("pass", "the file is whole and opens", digest=asked.version.artifact)


def safe_format(asked: Asked) -> Judged:
    """Opening the file runs no code: it is no pickle."""
    if asked.version.pickled:
        return Judged("fail", f"{asked.version.format} can run any code when it is opened")
    return Judged("pass", f"{asked.version.format} runs no code when it is opened")


def signature(asked: Asked) -> Judged:
    """It takes all that the champion takes and gives all that the champion gives: who calls it need not change."""
    if not asked.version.signature.get("inputs"):
        return Judged("insufficient", "no inputs are known", fix="%register with --example")
    if asked.champion is None:
        return Judged("pass", "nobody is in production to be compatible with")
    broken = _broken(asked.champion.signature, asked.version.signature)
    if broken:
        return Judged("fail", f"{broken}, unlike {asked.champion.ref}")
    return Judged("pass", f"takes and gives what {asked.champion.ref} does")


def _broken(old: Any, new: Any) -> str:
    """The first thing for which a caller of the old one would have to change."""
    if bool(old["named"]) != bool(new["named"]):
        return "it takes columns by name" if new["named"] else "it takes no columns by name"
    before, after = ({one["name"]: one for one in side["inputs"]} for side in (old, new))
    for name, one in after.items():
        if name not in before:
            return f"it needs a column {name!r}"
        if not _accepts(one, before[name]):
            return f"its column {name!r} is {one['logical']}, was {before[name]['logical']}"
        if list(one["shape"]) != list(before[name]["shape"]) and not new["named"]:
            return f"its input has shape {one['shape']}, was {before[name]['shape']}"
    gives = {one["name"]: one for one in new.get("outputs", ())}
    for one in old.get("outputs", ()):
        there = gives.get(one["name"])
        if there is None:
            return f"it gives no {one['name']!r}"
        if list(map(str, there.get("classes") or ())) != list(map(str, one.get("classes") or ())):
            return f"its classes are {there.get('classes')}, were {one.get('classes')}"
        if _kind(there["datatype"]) != _kind(one["datatype"]):
            return f"its {one['name']!r} is {there['datatype']}, was {one['datatype']}"
    return ""


def _accepts(new: Any, old: Any) -> bool:
    return new["logical"] in ("any", old["logical"]) or old["logical"] == "any"


def _kind(datatype: str) -> str:
    return datatype.rstrip("0123456789")
