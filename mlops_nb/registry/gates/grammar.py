"""A gate as it is typed: `metric roc_auc >= 0.75`, `slices roc_auc by=carrier within=0.05`, `size at_most=50MB`."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Callable
from typing import Any, NewType

from mlops_nb.errors import InvalidInput, brief, nearest
from mlops_nb.registry.gates.model import Gate

Bytes = NewType("Bytes", int)
Seconds = NewType("Seconds", float)
Names = NewType("Names", tuple)  # type: ignore[type-arg]  # of texts
Count = NewType("Count", int)  # at least 1
MetricName = NewType("MetricName", str)
FairnessMeasure = NewType("FairnessMeasure", str)

_COMPARED = {">=": "at_least", "<=": "at_most"}
_SIZES = {"b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9}
_TIMES = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
_AMOUNT = re.compile(r"([0-9.eE+-]+)\s*([a-zµ]*)", re.IGNORECASE)
_LONGEST = 500


def parse(text: str) -> Gate:
    """The gate that a text describes; its options are not checked yet.

    Raises:
        InvalidInput: Not a gate's form.
    """
    said = " ".join(str(text).split())
    if not said or len(said) > _LONGEST or not said.isprintable():
        raise InvalidInput(f"{brief(text)} is no gate", expected=f"a line like 'metric roc_auc >= 0.75' (≤ {_LONGEST})")
    try:
        tokens = shlex.split(re.sub(r"\s*(>=|<=)\s*", r" \1 ", said))
    except ValueError as error:
        raise InvalidInput(f"{brief(text)} is no gate: {error}") from None
    words: list[str] = []
    options: dict[str, str] = {}
    i = 1
    while i < len(tokens):
        token = tokens[i]
        key, equals, value = token.partition("=")
        if token in _COMPARED:
            if i + 1 == len(tokens):
                raise InvalidInput(f"{brief(text)} ends with {token}", expected="a number behind it")
            key, value, i = _COMPARED[token], tokens[i + 1], i + 1
        elif token in ("<", ">", "=", "=="):
            raise InvalidInput(f"{brief(text)}: {token} is not understood", expected=">= or <=")
        elif not equals:
            words.append(token)
            i += 1
            continue
        if key in options:
            raise InvalidInput(f"{brief(text)} says {key} twice", expected="it once")
        options[key] = value
        i += 1
    return Gate(tokens[0], tuple(words), options, said)


def bind(gate: Gate, function: Callable[..., Any]) -> dict[str, Any]:
    """The arguments of a gate's function, behind `asked`, from the gate's words and options.

    Raises:
        InvalidInput: A word too many or too few, an option that it does not have, or a value of another kind.
    """
    parameters = list(inspect.signature(function).parameters.values())[1:]
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    known = {p.name: p for p in parameters}
    if len(gate.words) > len(positional):
        extra = gate.words[len(positional)]
        raise InvalidInput(
            f"{brief(gate.text)}: {brief(extra)} is one word too many", expected=usage(gate.name, function)
        )
    given = {p.name: word for p, word in zip(positional, gate.words, strict=False)}
    for key, value in gate.options.items():
        if key in given:
            raise InvalidInput(f"{brief(gate.text)} says {key} twice", expected="it once")
        if key not in known:
            near = nearest(key, known)
            raise InvalidInput(
                f"{brief(gate.text)}: there is no {brief(key)}", expected=usage(gate.name, function), nearest=near
            )
        given[key] = value
    required = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.default is p.empty]
    missing = [p.name for p in required if p.name not in given]
    if missing:
        raise InvalidInput(f"{brief(gate.text)} says no {missing[0]}", expected=usage(gate.name, function))
    return {key: _value(gate, known[key], value) for key, value in given.items()}


def usage(name: str, function: Callable[..., Any]) -> str:
    """How a gate is typed: `metric NAME [>= …] [<= …] [n=…]`."""
    shown = [name]
    for p in list(inspect.signature(function).parameters.values())[1:]:
        if p.kind is p.POSITIONAL_OR_KEYWORD:
            shown.append(p.name.upper() if p.default is p.empty else f"[{p.name.upper()}]")
        else:
            shown.append(f"{p.name}=…" if p.default is p.empty else f"[{p.name}=…]")
    return " ".join(shown)


def _value(gate: Gate, parameter: inspect.Parameter, text: str) -> Any:
    # A notebook's annotations are types where they were not postponed.
    said = parameter.annotation
    kind = said.__name__ if isinstance(said, type) else str(said).partition(" |")[0]
    try:
        return _READ.get(kind, str)(text)
    except (ValueError, KeyError, OverflowError):
        wanted = {
            "Bytes": "a size, like 50MB",
            "Seconds": "a time, like 20ms",
            "int": "a whole number",
            "Count": "a whole number of at least 1",
            "Names": "names with commas between",
            "bool": "true or false",
        }
        expected = wanted.get(kind, "a number")
        raise InvalidInput(f"{brief(gate.text)}: {parameter.name} is {brief(text)}", expected=expected) from None


def _number(text: str) -> float:
    value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return value


def _amount(text: str, units: dict[str, float], unit: str) -> float:
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    value = _number(found[1]) * units[found[2].lower() or unit]
    if value <= 0:
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    # No approvals out of none asked for would open the gate.
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def _metric(text: str) -> str:
    from mlops_nb.registry.evaluating.metrics import metric

    metric(text)
    return text


def _fairness_measure(text: str) -> str:
    from mlops_nb.registry.fairness.judging import MEASURES

    if text not in MEASURES:
        near = nearest(text, MEASURES)
        raise InvalidInput(f"there is no measure {brief(text)}", expected=", ".join(MEASURES), nearest=near)
    return text


def _names(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not found:
        raise ValueError(text)
    return found


_READ: dict[str, Callable[[str], Any]] = {
    "float": _number,
    "int": int,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "Count": _count,
    "MetricName": _metric,
    "FairnessMeasure": _fairness_measure,
    "Bytes": lambda text: int(_amount(text, _SIZES, "b")),
    "Seconds": lambda text: _amount(text, _TIMES, "s"),
    "Names": _names,
}
