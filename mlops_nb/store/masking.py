"""Secrets are masked before anything is written: source, params, diffs, environment, outputs.

The patterns of known tokens come from detect-secrets; what it leaves out (whole connection strings, assignments to
names that say "password") is added here. Masking keeps the name and the shape of the text: line count and the words
around a secret stay, so that a diff still reads.
"""

from __future__ import annotations

import re
from functools import cache

MASK = "••••••"

_WORDS = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|auth(?:orization)?|bearer)"
_NAMES = rf"{_WORDS}s?(?![a-z])"  # not "author", not "tokenizer", not "passed"
# password = "…", "api_key": "…", --token=…, export SECRET_KEY=…
_ASSIGNED = re.compile(
    rf"""(?ix)
    ({_NAMES}[\w.-]{{0,40}}["']?\s{{0,4}}(?::=|=>|=|:)\s{{0,4}}(?:[rbfu]{{0,2}}(?=["']))?)   # a name that says secret
    (?:(["'])(?!{MASK})((?:\\.|(?!\2)[^\\\n]){{1,4000}}?)\2          # a quoted value
      |(?!{MASK})([^\s"',;)}}\]([{{]{{6,4000}})(?![\w.]*\())     # or a bare one, not a call
    """
)
_ALWAYS = (
    # scheme://user:password@host
    re.compile(r"(?P<keep>\b[a-zA-Z][\w+.-]*://[^\s:/@'\"]*:)(?P<secret>[^\s@'\"]+)(?=@)"),
    re.compile(r"(?P<keep>-----BEGIN [A-Z ]*PRIVATE KEY-----)(?P<secret>.*?)(?=-----END|\Z)", re.DOTALL),
    re.compile(r"(?P<keep>(?i:\b(?:bearer|basic)\s+))(?P<secret>[A-Za-z0-9._~+/=-]{16,})"),
    re.compile(r"(?P<keep>)(?P<secret>\bsk-(?:proj-|ant-|live-)?[A-Za-z0-9_-]{16,})"),
    re.compile(
        r"(?P<keep>)(?P<secret>\b(?:hf|dapi|glpat|xox[abprs]|npm|pypi|shpat|rk_live|sk_live|whsec)[_-][A-Za-z0-9_-]{16,})"
    ),
    re.compile(r"(?P<keep>)(?P<secret>\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"),
    re.compile(r"(?P<keep>)(?P<secret>\bAIza[0-9A-Za-z_-]{35}\b)"),
    re.compile(r"(?P<keep>(?i:AccountKey=|SharedAccessKey=|Password=|Pwd=))(?P<secret>[^;\s'\"]+)"),
)
# These match by entropy or by a keyword, which would mask every digest and every second word.
_TOO_EAGER = frozenset(
    {
        "KeywordDetector",
        "HexHighEntropyString",
        "Base64HighEntropyString",
        "IPPublicDetector",
        "BasicAuthDetector",
        "JwtTokenDetector",
        "PrivateKeyDetector",
    }
)
_TOKEN = re.compile(r"(?<![\w/+=.-])(?=[A-Za-z_/+=.:-]{0,200}\d)[\w/+=.:-]{16,}")
_SPEAKING = re.compile(rf"(?i){_NAMES}")
_CODE_VALUE = re.compile(r"(?:None|True|False|null|self|os|getpass|input|str|int|float|bool)\b|[\w.]+\(|\d+(?:\.\d+)?$")


@cache
def _known() -> tuple[re.Pattern[str], ...]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector

    found: list[re.Pattern[str]] = []
    for plugin in get_mapping_from_secret_type_to_class().values():
        if issubclass(plugin, RegexBasedDetector) and plugin.__name__ not in _TOO_EAGER:
            found.extend(plugin().denylist)
    return tuple(found)


def mask(text: str) -> str:
    """`text` with every secret that can be recognised replaced by dots."""
    for pattern in _ALWAYS:
        text = pattern.sub(lambda m: m["keep"] + MASK, text)
    text = _ASSIGNED.sub(_assigned, text)
    # Loading detect-secrets costs 0.3 s: only for texts in which a token could hide.
    if _TOKEN.search(text):
        for pattern in _known():
            text = pattern.sub(MASK, text)
    return text


def _assigned(found: re.Match[str]) -> str:
    if found[3] is not None:
        return f"{found[1]}{found[2]}{MASK}{found[2]}"
    if _CODE_VALUE.match(found[4]):
        return found[0]
    return f"{found[1]}{MASK}"


def mask_value(key: str, value: str) -> str:
    """A param's or tag's text: masked whole when its key says that it is secret."""
    return MASK if value and _SPEAKING.search(key) and not _CODE_VALUE.match(value) else mask(value)
