"""Secrets are masked before anything is written: source, params, diffs, environment, outputs.

Masking keeps the name and the shape of the text: line count and the words around a secret stay, so that a diff still
reads. `secret_shapes.py` says what secrets look like; tokens that it does not know are left to detect-secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlops_nb.store import secret_shapes as shapes

MASK = "••••••"
_TOKEN = re.compile(r"(?<![\w/+=.:-])(?=[A-Za-z_/+=.:-]{0,200}\d)[\w/+=.:-]{16,}")
_LINE = re.compile(r"[^\n]+")
_LONGEST_LINE = 20_000
_BEFORE = 120


def mask(text: str) -> str:
    """`text` with every secret that can be recognised replaced by dots."""
    text = shapes.PEM.sub(lambda found: found[1] + _lines(found[2]), text)
    lower = text.lower()
    for guards, pattern in shapes.TOKENS:
        # Looking for a literal costs next to nothing; most texts hold none.
        if any(guard in lower for guard in guards):
            text = pattern.sub(_token, text)
    text = _assigned(text)
    # Loading detect-secrets costs 0.3 s: only for texts in which a token could hide.
    if _TOKEN.search(text):
        text = "\n".join(_known(line) for line in text.split("\n"))
    return text


def mask_value(key: str, value: str) -> str:
    """A param's or tag's text: masked whole when its key says that it is secret."""
    speaks = shapes.SPEAKING.search(key)
    return MASK if value and speaks and not _harmless(key, value) else mask(value)


def _harmless(name: str, value: str) -> bool:
    """Whether a value hides nothing though its name says secret: `[PAD]`, `${TOKEN}`, `None`, a count."""
    if shapes.NUMBER.match(value):
        return not shapes.STRONG.search(name) or len(value) < 4
    return shapes.HARMLESS.match(value) is not None


def _token(found: re.Match[str]) -> str:
    if shapes.HARMLESS.match(found["secret"]):
        return found[0]
    start, end = found.span("secret")
    return found[0][: start - found.start()] + MASK + found[0][end - found.start() :]


def _known(line: str) -> str:
    # Its patterns may be slow on what is no line that a person wrote.
    if len(line) > _LONGEST_LINE or not _TOKEN.search(line):
        return line
    for pattern in shapes.known():
        line = pattern.sub(MASK, line)
    return line


def _lines(text: str) -> str:
    """Every line of `text` masked, with the sign that it has in a diff."""
    return _LINE.sub(lambda found: (found[0][0] if found[0][0] in "+- " else "") + MASK, text)


def _assigned(text: str) -> str:
    """`text` with the values masked that are given to names that say secret."""
    parts, at = [], 0
    for start, end in _spans(text):
        secret = text[start:end]
        parts += [text[at:start], _lines(secret) if "\n" in secret else MASK]
        at = end
    return "".join([*parts, text[at:]])


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where values of secrets begin and end, in order."""
    at = 0
    named = [*shapes.NAMED.finditer(text), *shapes.GIVEN.finditer(text)]
    for found in sorted(named, key=lambda one: one.end()):
        if found.start() >= at:
            for span in _quoted(text, found) or _bare(text, found):
                at = span[1]
                yield span


def _quoted(text: str, found: re.Match[str]) -> list[tuple[int, int]]:
    """The quoted value after a name, and those that follow it in a tuple or a list."""
    strong, at = shapes.STRONG.search(found["name"]), found.end()
    if found["op"] in ("==", "!=") and not strong:
        return []
    listed = shapes.LISTED.match(text, at)
    if listed and strong:
        at = listed.end()
    value = shapes.TRIPLE.match(text, at) or shapes.QUOTED.match(text, at)
    spans = []
    for _ in range(50):
        if value is None:
            break
        if not _harmless(found["name"], value["secret"]):
            spans.append(value.span("secret"))
        value = shapes.MORE.match(text, value.end()) if found["op"] else None
    return spans


def _bare(text: str, found: re.Match[str]) -> list[tuple[int, int]]:
    """The value without quotes after a name, unless it reads as code."""
    value = shapes.BARE.match(text, found.end())
    if value is None or value["next"] or found["op"] in ("==", "!=", "=>"):
        return []
    line = text[max(0, found.start() - _BEFORE) : found.start()].rpartition("\n")[2]
    if found["flag"] is not None and not shapes.FLAG.search(line):
        return []
    secret, name = value["secret"], found["name"]
    env = found[0].endswith("=") and name.isupper() and shapes.BEFORE_ENV.match(line)
    alone = env or (found["op"] == ":" and shapes.BEFORE_YAML.match(line) and text[value.end() :][:1] in ("", "\n"))
    if shapes.HARMLESS.match(secret) or (shapes.NUMBER.match(secret) and not env):
        return []
    if shapes.IDENTIFIERS.match(secret):
        read_as_name = "." in secret or shapes.SPEAKING.search(secret) or not re.search(r"\d", secret)
        if read_as_name and not (alone and shapes.STRONG.search(name)):
            return []
    return [value.span("secret")] if len(secret) >= 6 or alone else []
