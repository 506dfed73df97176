"""What secrets look like: tokens with a shape of their own, and names that say that a secret follows.

Every repetition is bounded or begins at a literal, so that a megabyte of anything is read in linear time.
"""

from __future__ import annotations

import re
from functools import cache

# Tokens that can be known by their shape alone: words of which a text must hold one, in lower case, and the pattern.
# `secret` is what goes; what else the pattern reads stays.
_TOKENS = (
    ("akia asia abia acca", r"\b(?P<secret>(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})\b"),
    ("ghp_ gho_ ghu_ ghs_ ghr_", r"\b(?P<secret>gh[pousr]_[A-Za-z0-9]{30,300})"),
    ("mlnb_", r"\b(?P<secret>mlnb_[0-9A-Za-z]{20,200})"),
    ("github_pat_", r"\b(?P<secret>github_pat_\w{22,300})"),
    ("glpat- gldt- glrt- glptt- glft- gloas-", r"\b(?P<secret>gl(?:pat|dt|rt|ptt|ft|oas)-[\w-]{16,300})"),
    ("xox", r"\b(?P<secret>xox[abeoprs]-[\w-]{10,300})"),
    ("xapp-", r"\b(?P<secret>xapp-[\w-]{20,300})"),
    ("hooks.slack.com", r"hooks\.slack\.com/services/(?P<secret>[\w/]{16,200})"),
    ("sk_ rk_", r"\b(?P<secret>(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,300})"),
    ("whsec_", r"\b(?P<secret>whsec_[A-Za-z0-9+/=]{16,300})"),
    # OpenAI, Anthropic and those who follow them; not `sk-learn-contrib-2`.
    ("sk-", r"(?<![\w-])(?P<secret>sk-(?=[\w-]{0,40}[A-Za-z0-9]{8})(?=[A-Za-z_-]{0,60}\d)[\w-]{20,300})"),
    ("aiza", r"\b(?P<secret>AIza[\w-]{35})"),
    ("gocspx-", r"\b(?P<secret>GOCSPX-[\w-]{20,100})"),
    ("ya29.", r"\b(?P<secret>ya29\.[\w.-]{20,2000})"),
    ("eyj", r"\b(?P<secret>eyJ[\w-]{8,4000}\.[\w-]{8,8000}\.[\w-]{0,2000})"),
    ("npm_", r"\b(?P<secret>npm_[A-Za-z0-9]{30,100})"),
    ("pypi-", r"\b(?P<secret>pypi-[\w-]{40,1000})"),
    ("hf_", r"\b(?P<secret>hf_[A-Za-z0-9]{30,100})"),
    ("dapi", r"\b(?P<secret>dapi[0-9a-f]{32}(?:-\d)?)"),
    ("_v1_", r"\b(?P<secret>do[opr]_v1_[0-9a-f]{64})"),
    (
        "gsk_ r8_ nvapi- pplx- xai- tvly- shpat_ shpss_ lin_api_ ntn_ key- tgp_v1_ fw_",
        r"\b(?P<secret>(?:gsk|r8|nvapi|pplx|xai|tvly|shpat|shpss|lin_api|ntn|key|tgp_v1|fw)[_-](?=[A-Za-z_-]{0,60}\d)"
        r"[A-Za-z0-9_-]{32,300})",
    ),
    ("sg.", r"\b(?P<secret>SG\.[\w-]{16,64}\.[\w-]{16,64})"),
    (":aa", r"\b(?P<secret>\d{8,10}:AA[\w-]{30,40})"),
    ("signature= sig=", r"[?&](?:sig|X-Amz-Signature|X-Goog-Signature)=(?P<secret>[^&\s'\"]{16,500})"),
    (
        "accountkey= accesskey= password= pwd=",
        r"(?i:AccountKey=|SharedAccessKey=|;\s{0,2}(?:Password|Pwd)=)(?P<secret>[^;\s'\"]{1,500})",
    ),
    (
        "bearer basic",
        r"\b(?i:bearer|basic)\s{1,4}(?P<secret>(?=[A-Za-z._~+/-]{0,200}[\d=])[A-Za-z0-9._~+/=-]{16,4000})",
    ),
    # scheme://user:password@host, whose password may hold an '@'; that of a database, a '/' too
    ("://", r"://[^\s:/@'\"]{0,200}:(?P<secret>[^\s/'\"]{1,300})(?=@)"),
    (
        "://",
        r"(?i:postgres|mysql|mariadb|mongodb|redis|amqp|mssql|oracle|clickhouse|snowflake)[\w+.]{0,30}"
        r"://[^\s:/@'\"]{0,200}:(?P<secret>[^\s'\"]{1,300})(?=@)",
    ),
    # curl -u user:password, mysql -ppassword
    ("curl", r"\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[ =]{1,2}[\"']?[^\s:]{1,100}:(?P<secret>[^\s\"']{1,200})"),
    ("mysql", r"\bmysql(?:dump)?\b[^\n]{0,200}?\s-p(?P<secret>[^\s-][^\s]{1,200})"),
    ("login(", r"\blogin\([^\"'()\n]{0,80}[\"'](?P<secret>[^\"'\s]{16,500})[\"']"),
)
TOKENS = tuple((tuple(guards.split()), re.compile(pattern)) for guards, pattern in _TOKENS)
PEM = re.compile(r"(-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)(.*?)(?=-----END|\Z)", re.DOTALL)

# Names that leave no doubt; a token may also be a word of a language.
STRONG = re.compile(r"(?i)pass(?:word|wd|phrase)|pwd|secret|credential|(?:api|access|private|account)[_-]?key")
# Not "author", "compass", "passed", "tokenizer", "token_pattern".
_NAME = (
    r"(?:(?i:password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|credential"
    r"|authorization|auth[_-]?token)|(?<![a-zA-Z])(?i:pass|pwd|auth)|Pass|Pwd|PASS|PWD"
    r"|(?i:token)(?!(?i:s?[_-]?(?:patterns?|types?|ids?|counts?|limits?|len\w*|budget|sizes?|ind\w+|dims?|emb\w+"
    r"|class\w*|levels?|freq\w*|per|prob\w*|scores?|usage)(?![a-z]))))(?i:s?)(?![a-z])"
)
SPEAKING = re.compile(_NAME)
# The name, the rest of it, and what stands between it and its value: `=`, `: str =`, `"] =`, `": `, `--token `.
NAMED = re.compile(
    rf"(?P<name>{_NAME})[\w.-]{{0,40}}+"
    r"(?:[\"']?\]?[ \t]{0,4}(?P<op>:[ \w.|\[\]]{1,40}=(?!=)|:=|=>|[=!]?=|:)[ \t]{0,4}|(?P<flag>[ ]{1,2})(?=[^\s=:-]))"
)
FLAG = re.compile(r"--[\w-]{0,40}\Z")
# setdefault("DB_PASSWORD", "…"), getenv("TOKEN", "…")
GIVEN = re.compile(
    rf"\b(?:set|put|add|get|pop)\w{{0,20}}\(\s{{0,4}}[\"'][\w.-]{{0,60}}?(?P<name>{_NAME})[\w.-]{{0,40}}[\"']"
    r"\s{0,4},\s{0,4}(?P<op>)(?P<flag>)"
)
TRIPLE = re.compile(r"""[rRbBfFuU]{0,2}("{3}|'{3})(?P<secret>.{1,2000}?)\1""", re.DOTALL)
QUOTED = re.compile(r"""[rRbBfFuU]{0,2}(["'])(?P<secret>(?:\\.|(?!\1)[^\\\n]){1,4000})\1""")
MORE = re.compile(r"""[ \t]{0,4},[ \t]{0,4}(["'])(?P<secret>(?:\\.|(?!\1)[^\\\n]){1,400})\1(?![ \t]{0,4}:)""")
LISTED = re.compile(r"[\[(]\s{0,4}(?=[\"'])")
BARE = re.compile(r"(?P<secret>[^\s\"',;)}\](\[{&]{3,4000})(?P<next>[\[(]?)")
# A value that hides nothing: a placeholder, or a word of the language.
HARMLESS = re.compile(
    r"(?:<[^<>]*>|\[[^\[\]]*\]|\{[^{}]*\}|\$\{[^{}]*\}|\$[A-Z_]{2,}|\$\([^()]*\)|%(?:\(\w*\))?s|%[A-Z_]{2,}%|[*•.…-]+"
    r"|None|True|False|null|true|false|self|cls|str|int|float|bool|bytes|string|number|Any|required)\Z"
)
NUMBER = re.compile(r"[\d.,_+-]+\Z")
IDENTIFIERS = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z")
# What stands before the name in `NAME=value` (also exported, or in a diff), and on a line `name: value`.
BEFORE_ENV = re.compile(r"(?:.{0,120}[\s:;&|+-])?[A-Z0-9_]{0,60}\Z")
BEFORE_YAML = re.compile(r"[+-]?[\s-]{0,40}[\"']?[\w.-]{0,60}\Z")

# These match by entropy or by a keyword, which would mask every digest and every second word, or are above.
_TOO_EAGER = frozenset({"KeywordDetector", "HexHighEntropyString", "Base64HighEntropyString", "IPPublicDetector"}) | {
    "BasicAuthDetector",
    "JwtTokenDetector",
    "PrivateKeyDetector",
}


@cache
def known() -> tuple[re.Pattern[str], ...]:
    """The patterns of detect-secrets; loading them takes 0.3 s."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector

    found: list[re.Pattern[str]] = []
    for plugin in get_mapping_from_secret_type_to_class().values():
        if issubclass(plugin, RegexBasedDetector) and plugin.__name__ not in _TOO_EAGER:
            found.extend(plugin().denylist)
    return tuple(found)
