"""Masking: secrets go, ordinary lines stay, in linear time, and what was masked stays as it is."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.store.masking import MASK, mask, mask_value

from .secrets import ORDINARY, SAMPLES

MEGABYTE = 1_000_000
SHAPES = [
    "a", "A", "a.", "pass", "password", "password=", 'password="', 'password=\'"', 'password = """', 'password="\\',
    'password=["', 'password=["a",', "token_", "tokens: ", "token ", "a://b:", "a://b:c@", "postgres://a:",
    "-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "eyJ", "eyJaaaaaaaa.", "sk-", "sk-aaaaaaaaaaaaaaaaaaaa ", "curl ",
    "mysql ", "login(", 'set("', 'get("token', "bearer ", "\n", " ", "\\", '"', "0123456789abcdef", "ghp_", "ya29.",
    "pypi-a", "--token ", "aGVsbG8gd29ybGQ1", "?sig=", "=", ":", "SG.", "ibm_key=", "hf_", "AKIA", "1:", "x1/",
    "cloudant://", "-", "_", "9",
]  # fmt: skip
PARTS = [
    "password", "token", "SECRET_KEY", "api_key", "=", ": ", '"', "'", '"""', " ", "\n", "abc1", "://", "@", "sk-",
    "eyJ", ".", "_", "-", "[", "]", ",", "(", ")", "\\", "+", "hunter2", MASK, "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----", "get(", "--", "export ", "Bearer ", "{", "}", "$",
]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_secret_goes_and_the_rest_stays(kind: str):
    text, secrets = SAMPLES[kind]
    masked = mask(f"first line\n{text}\nlast line")
    assert MASK in masked
    assert [secret for secret in secrets if secret in masked] == []
    assert masked.startswith("first line\n")
    assert masked.endswith("\nlast line")
    assert masked.count("\n") == text.count("\n") + 2
    assert mask(masked) == masked


def test_there_are_enough_kinds():
    assert len(SAMPLES) >= 50
    assert len(ORDINARY) >= 80


@pytest.mark.parametrize("line", ORDINARY)
def test_an_ordinary_line_stays(line: str):
    assert mask(line) == line
    assert mask(f"+{line}\n") == f"+{line}\n"


def test_the_words_around_a_secret_stay():
    assert mask('connect("ada", password="hunter2", port=5432)') == f'connect("ada", password="{MASK}", port=5432)'
    assert mask("postgres://ada:hunter2@db:5432/x") == f"postgres://ada:{MASK}@db:5432/x"
    assert mask("-API_KEY=old12345\n+API_KEY=new12345\n") == f"-API_KEY={MASK}\n+API_KEY={MASK}\n"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_megabyte_of_anything_takes_less_than_two_seconds(shape: str):
    text = (shape * (MEGABYTE // len(shape) + 1))[:MEGABYTE]
    mask("warm " + "x1" * 10)
    begun = time.process_time()
    masked = mask(text)
    assert time.process_time() - begun < 2.0
    assert masked.count("\n") == text.count("\n")


def test_a_megabyte_of_a_mixture():
    pieces = random.Random(7)
    text = "".join(pieces.choice([p for p in PARTS if "BEGIN" not in p]) for _ in range(250_000))
    begun = time.process_time()
    mask(text)
    assert time.process_time() - begun < 2.0


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(PARTS), max_size=30).map("".join), st.text(max_size=200)))
def test_masking_is_idempotent_and_keeps_the_lines(text: str):
    masked = mask(text)
    assert masked.count("\n") == text.count("\n")
    assert mask(masked) == masked


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(
        [
            'password = "{}"',
            "password='{}'",
            '{{"client_secret": "{}"}}',
            "os.environ['DB_PASSWORD'] = '{}'",
            'connect(api_key="{}")',
            "mysql://root:{}@host/db",
        ]
    ),
    st.text(st.sampled_from("abcdefghijkXYZ0123456789!#%^*_+-."), min_size=8, max_size=40).filter(
        lambda s: any(c.isalpha() for c in s)
    ),
)
def test_any_password_goes(shape: str, secret: str):
    assert secret not in mask(shape.format(secret))


@given(st.text(max_size=50), st.text(max_size=100))
def test_values_by_key(key: str, value: str):
    masked = mask_value(key, value)
    assert mask_value(key, masked) == masked
