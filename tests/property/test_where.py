import math
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mlops_nb
from mlops_nb.errors import InvalidInput
from mlops_nb.runs.query import search

SCHEMA = (Path(mlops_nb.__file__).parent / "store" / "migrations" / "0001_ground.sql").read_text("utf-8")
KEYS = ["a", "val/loss", "f[X]", "größe", "it's", 'say "x"', "missing"]
NUMBERS = st.sampled_from([0.0, 1.0, -1.5, 8.0, 1e300, math.inf, -math.inf])
TEXTS = st.sampled_from(["hgb", "HGB", "8", "", "a%b", "a_b", "x'); DROP TABLE run; --", "🛫 é", "True", "nan", "!"])
COMPARE = {
    "=": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
}


def some(values):
    return st.dictionaries(st.sampled_from(KEYS[:-1]), values, max_size=4)


RUNS = st.lists(
    st.fixed_dictionaries(
        {
            "metrics": some(st.one_of(NUMBERS, st.just(math.nan))),
            "values": some(st.one_of(NUMBERS, st.just(math.nan))),
            "params": some(st.one_of(NUMBERS.filter(math.isfinite), TEXTS, st.booleans())),
            "tags": some(TEXTS),
            "note": TEXTS,
            "notebook": st.one_of(st.none(), TEXTS),
        }
    ),
    max_size=8,
)


class Reader:
    def __init__(self):
        self.connection = sqlite3.connect(":memory:")
        self.connection.executescript(SCHEMA)
        self.connection.execute("INSERT INTO experiment VALUES (1, 'e', 0, NULL)")
        self.connection.executemany("INSERT INTO key VALUES (?, ?)", enumerate(KEYS))

    def query(self, sql, params=()):
        return self.connection.execute(sql, params).fetchall()

    def fill(self, runs):
        self.connection.execute("DELETE FROM run")
        for table in ("metric", "param", "tag", "value"):
            self.connection.execute(f"DELETE FROM {table}")
        for number, run in enumerate(runs):
            self.connection.execute(
                "INSERT INTO run (id, ulid, experiment, status, started_us, heartbeat_us, origin, host, pid, "
                "process_started_us, actor, note, notebook) "
                "VALUES (?, ?, 1, 'finished', ?, 0, '', '', 1, 1, '', ?, ?)",
                (number, f"{number:026d}", number, run["note"], run["notebook"]),
            )
            for table, row in rows(number, run):
                self.connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def rows(number, run):
    for key, value in run["metrics"].items():
        yield "metric", (number, KEYS.index(key), value, kind(value), 0, value, value, 1, None, None, 0)
    for key, value in run["values"].items():
        yield "value", (number, KEYS.index(key), value, kind(value))
    for key, value in run["params"].items():
        stored = None if isinstance(value, str) else float(value)
        yield "param", (number, KEYS.index(key), str(value), stored, "typed")
    for key, value in run["tags"].items():
        yield "tag", (number, KEYS.index(key), value)


def kind(value):
    return 1 if math.isnan(value) else {math.inf: 2, -math.inf: 3}.get(value, 0)


@pytest.fixture(scope="module")
def reader():
    made = Reader()
    yield made
    made.connection.close()


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def lowered(text):
    return "".join(c.lower() if c.isascii() else c for c in text)


def key_text(draw_quote, key):
    return key if key.isidentifier() else {'"': '"' + key.replace('"', '""') + '"', "`": f"`{key}`"}[draw_quote]


@st.composite
def terms(draw):
    """The text of a comparison, and what it means for a run."""
    space = draw(st.sampled_from(["metrics", "values", "params", "tags", "note", "notebook"]))
    if space in ("note", "notebook"):
        field, get = space, (lambda run: run[space])
    else:
        key = draw(st.sampled_from(KEYS))
        field, get = (
            f"{space}.{key_text(draw(st.sampled_from(['`', chr(34)])), key)}",
            lambda run: run[space].get(key),
        )
    if space not in ("note", "notebook") and draw(st.integers(0, 5)) == 0:
        return f"has({field})", lambda run: get(run) is not None
    return draw(number_terms(field, get) if space in ("metrics", "values") else text_terms(space, field, get))


@st.composite
def number_terms(draw, field, get):
    wanted = draw(st.lists(st.one_of(NUMBERS, st.just(math.nan)), min_size=1, max_size=3))
    shape = draw(st.sampled_from(["in", "not in", *COMPARE]))
    real = {value for value in wanted if not math.isnan(value)}
    if shape in ("in", "not in"):

        def within(value):
            return value in real or (math.isnan(value) and any(map(math.isnan, wanted)))

        text = f"{field} {shape} ({', '.join(map(repr, wanted))})"
        if shape == "in":
            return text, lambda run: get(run) is not None and within(get(run))
        return text, lambda run: get(run) is not None and not math.isnan(get(run)) and not within(get(run))
    value = draw(NUMBERS)

    def holds(run):
        return get(run) is not None and not math.isnan(get(run)) and COMPARE[shape](get(run), value)

    return f"{field}{shape}{value!r}", holds


@st.composite
def text_terms(draw, space, field, get):
    if space == "params" and draw(st.booleans()):
        shape, value = draw(st.sampled_from(list(COMPARE))), draw(NUMBERS)

        def number(run):
            stored = get(run)
            if stored is None or (isinstance(stored, str) and shape != "!="):
                return False
            return isinstance(stored, str) or COMPARE[shape](float(stored), value)

        return f"{field} {shape} {value!r}", number
    shape, value = draw(st.sampled_from([*COMPARE, "~", "!~"])), draw(TEXTS)
    if shape in ("~", "!~"):

        def contains(run):
            stored = get(run)
            return stored is not None and (lowered(value) in lowered(str(stored))) == (shape == "~")

        return f"{field} {shape} {quoted(value)}", contains
    # UTF-8, which SQLite compares, sorts as code points do.
    return (
        f"{field} {shape} {quoted(value)}",
        lambda run: get(run) is not None and COMPARE[shape](str(get(run)), value),
    )


def both(parts):
    (a, f), (b, g) = parts
    return f"({a}) and {b}", lambda run: f(run) and g(run)


def either(parts):
    (a, f), (b, g) = parts
    return f"({a} OR ({b}))", lambda run: f(run) or g(run)


def neither(part):
    text, holds = part
    return f"not ({text})", lambda run: not holds(run)


EXPRESSIONS = st.recursive(
    terms(),
    lambda inner: st.one_of(st.tuples(inner, inner).map(both), st.tuples(inner, inner).map(either), inner.map(neither)),
    max_leaves=8,
)
SORTS = st.sampled_from(
    ["started", "-metrics.a", "metrics.`val/loss`,-params.a", "-params.a", "tags.`f[X]`", "-notebook"]
)
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@RELAXED
@given(runs=RUNS, expression=EXPRESSIONS, sort=SORTS, size=st.integers(1, 4))
def test_sql_and_a_plain_evaluator_agree_page_by_page(reader, runs, expression, sort, size):
    text, holds = expression
    reader.fill(runs)
    expected = [number for number, run in enumerate(runs) if holds(run)]
    whole = [int(run.id) for run in search(reader, text, sort=sort)]
    assert sorted(whole) == expected
    walked, after = [], ""
    while len(walked) <= len(whole):
        page = search(reader, text, sort=sort, limit=size, after=after)
        walked += [int(run.id) for run in page]
        after = page.next_page
        if not after:
            break
    assert walked == whole


PARTS = """metrics.a params. tags.'x and or not in has ( ) , = !~ <> ' " ` nan -7d 1e5 started status min(
dataset id wall '' running é ;"""
WORDS = st.sampled_from([*PARTS.split(), "\0", "\ud800"])
GARBAGE = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join), st.lists(WORDS).map("".join))


@RELAXED
@given(text=GARBAGE)
def test_garbage_is_refused_in_one_line_or_searched(reader, text):
    for options in ({"where": text}, {"sort": text}, {"after": text}):
        line = ""
        try:
            search(reader, **options)
        except InvalidInput as refusal:
            line = str(refusal)
        assert not line or line.isprintable()
