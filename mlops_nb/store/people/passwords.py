"""Passwords at rest: scrypt, with its cost beside each hash, and as slow for a name that nobody has."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import unicodedata

SHORTEST, LONGEST = 10, 1_000
# 32 MB and about a quarter of a second for each guess (OWASP's table has these).
_N, _R, _P = 2**15, 8, 3
_MOST_MEMORY = 512 * 2**20


def hashed(password: str) -> str:
    """A password as it is kept: `scrypt$n$r$p$salt$hash`."""
    salt = os.urandom(16)
    return _written(_N, _R, _P, salt, _scrypt(password, _N, _R, _P, salt))


def matches(password: str, kept: str) -> bool:
    """Whether it is the password that was kept; takes the same time when none was (`kept` is empty)."""
    n, r, p, salt, digest = parsed(kept or _NOBODY)
    found = _scrypt(password[: LONGEST + 1], n, r, p, salt)
    return hmac.compare_digest(found, digest) and bool(kept)


def parsed(kept: str) -> tuple[int, int, int, bytes, bytes]:
    """n, r, p, salt and hash.

    Raises:
        ValueError: It is not what `hashed` writes, or would cost too much to compute.
    """
    try:
        name, n, r, p, salt, digest = kept.split("$")
        found = int(n), int(r), int(p), base64.b64decode(salt, validate=True), base64.b64decode(digest, validate=True)
    except (ValueError, binascii.Error):
        raise ValueError("a password hash is not one") from None
    n_, r_, p_ = found[:3]
    if name != "scrypt" or n_ < 2 or n_ & (n_ - 1) or r_ < 1 or not 1 <= p_ <= 16 or len(found[4]) != 32:
        raise ValueError("a password hash is not one")
    if 128 * n_ * r_ > _MOST_MEMORY:
        raise ValueError("a password hash would take more than 512 MB to check")
    return found


def mark(kept: str) -> str:
    """What a cookie says of the password it was given for: another password makes the cookie nobody's."""
    return hashlib.sha256(kept.encode()).hexdigest()[:16]


def _scrypt(password: str, n: int, r: int, p: int, salt: bytes) -> bytes:
    # One person types é as one character, another's keyboard as two: the same password.
    text = unicodedata.normalize("NFC", password).encode("utf-8", "replace")
    return hashlib.scrypt(text, salt=salt, n=n, r=r, p=p, dklen=32, maxmem=128 * r * (n + p + 2) + 2**20)


def _written(n: int, r: int, p: int, salt: bytes, digest: bytes) -> str:
    return f"scrypt${n}${r}${p}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


_NOBODY = _written(_N, _R, _P, bytes(16), bytes(32))
