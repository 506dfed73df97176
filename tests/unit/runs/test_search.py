import dataclasses
import math
import sqlite3
from pathlib import Path

import pytest

import mlops_nb
from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.runs.query import keys, resolve_run, search
from mlops_nb.services.process import this


def frame(reader, where="", *, limit=100_000, **more):
    return search(reader, where, limit=limit, **more).df


def count(reader, where="", **more):
    return len(search(reader, where, limit=100_000, **more))


SCHEMA = Path(mlops_nb.__file__).parent / "store" / "migrations" / "0001_ground.sql"
NOVEMBER = 1_793_491_200_000_000  # 2026-11-01T00:00Z
HOUR = 3_600_000_000
NAN, INF = math.nan, math.inf


class Store:
    """A real database, filled by hand, with the one method that the search asks for."""

    def __init__(self):
        self.connection = sqlite3.connect(":memory:")
        self.connection.executescript(SCHEMA.read_text("utf-8"))
        self.asked = 0
        self.number = 0

    def query(self, sql, params=()):
        self.asked += 1
        return self.connection.execute(sql, params).fetchall()

    def id_of(self, table, name):
        columns = "name" if table == "key" else "name, created_us"
        values = (name,) if table == "key" else (name, 0)
        marks = "?" * len(values)
        self.connection.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({', '.join(marks)}) ON CONFLICT DO NOTHING", values
        )
        return self.connection.execute(f"SELECT id FROM {table} WHERE name = ?", (name,)).fetchone()[0]

    def add(self, *, experiment="flights", params=(), metrics=(), tags=(), values=(), datasets=(), **columns):
        self.number += 1
        process = this()
        row = {
            "ulid": f"01K3F9A{self.number:019d}",
            "experiment": self.id_of("experiment", experiment),
            "status": "finished",
            "started_us": NOVEMBER + self.number * HOUR,
            "heartbeat_us": 0,
            "origin": "cell",
            "host": process.host,
            "pid": process.pid,
            "process_started_us": process.started_us,
            "actor": "ana",
            **columns,
        }
        marks = ", ".join("?" * len(row))
        run = self.connection.execute(f"INSERT INTO run ({', '.join(row)}) VALUES ({marks})", [*row.values()]).lastrowid
        for key, value in dict(params).items():
            number = float(value) if isinstance(value, bool | int | float) and math.isfinite(value) else None
            self._put("param", run, key, str(value), number, "typed")
        for key, value in dict(metrics).items():
            points = value if isinstance(value, list) else [value]
            real = [point for point in points if not math.isnan(point)]
            ends = (min(real), max(real)) if real else (None, None)
            self._put("metric", run, key, points[-1], kind(points[-1]), 0, *ends, len(points), "test", None, 0)
        for key, value in dict(tags).items():
            self._put("tag", run, key, value)
        for key, value in dict(values).items():
            self._put("value", run, key, value, kind(value))
        for version in datasets:
            self.connection.execute("INSERT INTO run_dataset VALUES (?, ?, 'train', 'X', 'line 5')", (run, version))
        return row["ulid"]

    def _put(self, table, run, key, *rest):
        row = (run, self.id_of("key", key), *rest)
        self.connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    def dataset(self, digest, name="", number=1):
        version = self.connection.execute(
            "INSERT INTO dataset_version (digest, schema_digest, rows, columns, record, created_us) "
            "VALUES (?, 's', 10, 3, '{}', 0)",
            (digest,),
        ).lastrowid
        if name:
            line = self.id_of("dataset", name)
            self.connection.execute("INSERT INTO dataset_name VALUES (?, ?, ?, 0)", (line, number, version))
        return version


def kind(value):
    return 1 if math.isnan(value) else {INF: 2, -INF: 3}.get(value, 0)


@pytest.fixture
def store():
    made = Store()
    yield made
    made.connection.close()


@pytest.fixture
def filled(store):
    """Six runs, `a` the earliest."""
    raw, cooked = store.dataset("fp1b:3f9a00", "flights", 1), store.dataset("fp1b:77bb00", "flights", 2)
    store.add(
        note="a",
        metrics={"auc": 0.7, "val/loss": [0.9, 0.2, 0.5]},
        params={"model": "hgb", "depth": 8, "fast": True},
        tags={"team": "ops"},
        values={"n": 100.0},
        datasets=[raw],
        wall_us=2_300_000,
        commit_id="abc123",
        notebook="flights.ipynb",
    )
    store.add(
        note="b",
        metrics={"auc": 0.9},
        params={"model": "forest", "depth": 3, "fast": False},
        tags={"team": "o'ps; DROP TABLE run --"},
        datasets=[cooked],
        experiment="ships",
        wall_us=500_000,
        actor="bo",
    )
    store.add(note="c", metrics={"auc": NAN}, params={"depth": "8"}, values={"n": NAN}, status="failed")
    store.add(note="d", metrics={"auc": INF}, params={"depth": "auto"}, tags={"team": "Ops 🛫"})
    store.add(note="e", metrics={"auc": -INF}, values={"n": 5.0}, parent="01K3F9A" + "0" * 18 + "1")
    store.add(note="f 100%")
    return store


def notes(reader, where="", **options):
    return "".join(run.note[0] for run in search(reader, where, **{"sort": "started", **options}))


MATCHES = [
    ("", "abcdef"),
    ("metrics.auc > 0.7", "bd"),
    ("metrics.auc >= 0.7", "abd"),
    ("metrics.auc < 0.9", "ae"),
    ("metrics.auc <= 0.9", "abe"),
    ("metrics.auc = 0.9", "b"),
    ("metrics.auc != 0.9", "ade"),
    ("metrics.auc = nan", "c"),
    ("metrics.auc != nan", "abde"),
    ("metrics.auc = inf", "d"),
    ("metrics.auc < -1e308", "e"),
    ("metrics.auc in (0.7, nan, -inf)", "ace"),
    ("metrics.auc not in (0.7, -inf)", "bd"),
    ("not (metrics.auc = 0.9)", "acdef"),
    ("not metrics.auc > 0.7", "acef"),
    ('metrics."val/loss" = 0.5 and min(metrics.`val/loss`) <= 0.2 and max(metrics.val/loss) = 0.9', "a"),
    ("params.depth = 8", "a"),
    ("params.depth = '8'", "ac"),
    ("params.depth != 8", "bcd"),
    ("params.depth > 2", "ab"),
    ("params.depth in (3, auto)", "bd"),
    ("params.depth not in (3, auto)", "ac"),
    ("params.depth ~ 'AUT'", "d"),
    ("params.depth !~ aut", "abc"),
    ("params.model = hgb", "a"),
    ("params.model < 'g'", "b"),
    ("params.fast = true", "a"),
    ("params.fast != true", "b"),
    ("params.fast = False", "b"),
    ("has(params.depth)", "abcd"),
    ("not has(params.depth)", "ef"),
    ("tags.team = 'ops'", "a"),
    ("tags.team = 'o''ps; DROP TABLE run --'", "b"),
    ('tags.team = "\' OR 1=1 --"', ""),
    ("tags.team ~ 'OPS'", "ad"),
    ("tags.team ~ '🛫'", "d"),
    ("tags.team > 'a'", "ab"),
    ("values.n >= 100", "a"),
    ("values.n = nan", "c"),
    ("dataset = 3f9a", "a"),
    ("dataset = 'fp1b:77bb'", "b"),
    ("dataset = flights", "ab"),
    ("dataset = flights/2", "b"),
    ("dataset != flights/2", "a"),
    ("dataset in (3f9a, 77bb)", "ab"),
    ("dataset ~ LIGHT", "ab"),
    ("dataset = nothing/x", ""),
    ("has(dataset)", "ab"),
    ("experiment = ships", "b"),
    ("experiment != ships", "acdef"),
    ("experiment ~ SHIP", "b"),
    ("experiment in (ships, flights)", "abcdef"),
    ("status = failed", "c"),
    ("status != finished", "c"),
    ("started > 2026-11-01T03:00Z", "def"),
    ("started >= '2026-11-01T05:00:00+02:00'", "cdef"),
    ("started = 2026-11-01", "abcdef"),
    ("started != 2026-11-01", ""),
    ("started < 2026-11-02", "abcdef"),
    ("started > 2026-11-01", "abcdef"),
    ("started < -999999999w", ""),
    ("wall = 2.3", "a"),
    ("wall > 2", "a"),
    ("wall < inf", "ab"),
    ("not has(wall)", "cdef"),
    ("note ~ '%'", "f"),
    ("note = a", "a"),
    ("note != a", "bcdef"),
    ("actor = bo", "b"),
    ("notebook = flights.ipynb", "a"),
    ("notebook != flights.ipynb", ""),
    ("notebook ~ FLIGHTS", "a"),
    ("parent = 01k3f9a", "e"),
    ("id = 01k3f9a0000000000000000002", "b"),
    ("id in (01k3f9a0000000000000000002, 01k3f9a0000000000000000003)", "bc"),
    ("id = ZZ", ""),
    ("commit = ABC1", "a"),
    ("branch = main", ""),
]


@pytest.mark.parametrize(("where", "expected"), MATCHES)
def test_what_a_filter_matches(filled, where, expected):
    assert notes(filled, where) == expected
    assert count(filled, where) == len(expected)
    # The other plans: led by an index, against its direction, with further keys, all at once.
    assert sorted(notes(filled, where, sort="-metrics.auc")) == list(expected)
    assert sorted(notes(filled, where, sort="params.depth, tags.team, -values.n")) == list(expected)
    assert "".join(note[0] for note in frame(filled, where, sort="started")["note"]) == expected


NO_NUMBER = "expected a number"


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (
            "metrics.auc > '0.8'",
            f"'0.8' at position 15 is text, and metrics.auc is a number; {NO_NUMBER}; try: metrics.auc > 0.8",
        ),
        ("values.n = many", f"'many' at position 12 is text, and values.n is a number; {NO_NUMBER}"),
        ("metrics.auc ~ 8", "metrics.auc at position 1 is a number; expected = != < <= > >= in"),
        ("metrics.auc < nan", "nan at position 15 has no order; expected = or !=; try: metrics.auc = nan"),
        ("params.fast < true", "true at position 15 has no order; expected = or !="),
        (
            "tags.year > 2024",
            "2024 at position 13 is a number, and tags.year is text; expected text to compare with; "
            "try: tags.year > '2024'",
        ),
        (
            "status = finishd",
            "unknown status 'finishd' at position 10; expected running, finished, failed, interrupted; "
            "did you mean 'finished'?",
        ),
        ("status > failed", "status at position 1 can't be compared with >; expected = != in"),
        (
            "started > yesterday",
            "'yesterday' at position 11 is not a time; expected an ISO date or time (UTC unless it has an "
            "offset) or a span before now; try: started > '2026-11-01' or started > -7d",
        ),
        ("wall > long", "'long' at position 8 is not a duration; expected seconds; try: wall > 2.5"),
        ("id = ''", "the value at position 6 is empty; expected the beginning of a id"),
        ("dataset > a", "dataset at position 1 can't be compared with >; expected = != in ~ !~"),
    ],
)
def test_a_value_that_does_not_fit(filled, where, line):
    with pytest.raises(InvalidInput) as refusal:
        search(filled, where)
    assert str(refusal.value) == line
    with pytest.raises(InvalidInput):
        count(filled, where)


def test_a_run_holds_what_was_logged(filled):
    (run,) = search(filled, "note = a")
    assert run.params == {"depth": 8, "fast": True, "model": "hgb"}
    assert run.params["fast"] is True
    assert run.metrics == {"auc": 0.7, "val/loss": 0.5}
    assert (run.values, run.tags, run.wall_s, run.experiment) == ({"n": 100}, {"team": "ops"}, 2.3, "flights")
    assert [(use.digest, use.rows, use.role) for use in run.datasets] == [("fp1b:3f9a00", 10, "train")]
    assert run.started_us == NOVEMBER + HOUR
    c, d, e = search(filled, "note in (c, d, e)", sort="started")
    assert math.isnan(c.metrics["auc"])
    assert (d.metrics["auc"], e.metrics["auc"], c.params["depth"]) == (INF, -INF, "8")


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", "fedcba"),
        ("metrics.auc", "eabdcf"),
        ("-metrics.auc", "dbaecf"),
        ("params.depth", "bacdef"),
        ("-params.depth", "abdcfe"),
        ("tags.team", "dba" + "cef"),
        ("wall", "bacdef"),
        ("-wall,-started", "abfedc"),
        ("-min(metrics.val/loss)", "afedcb"),
        ("experiment,-metrics.auc", "daecfb"),
        ("params.fast,values.n", "baecdf"),
        ("-id", "fedcba"),
    ],
)
def test_order_with_missing_ones_last(filled, sort, expected):
    assert notes(filled, sort=sort) == expected
    walked, after = "", ""
    while True:
        page = search(filled, sort=sort, limit=2, after=after)
        walked += "".join(run.note[0] for run in page)
        after = page.next_page
        if not after:
            break
    assert walked == expected
    assert "".join(note[0] for note in frame(filled, sort=sort)["note"]) == expected


def test_pages_are_stable_while_runs_are_added(store):
    for number in range(30):
        store.add(note=f"{number}", metrics={"auc": number % 3})
    page = search(store, sort="-metrics.auc", limit=7)
    seen = [run.note for run in page]
    while page.next_page:
        store.add(note="new", metrics={"auc": 2.5})
        page = search(store, sort="-metrics.auc", limit=7, after=page.next_page)
        seen += [run.note for run in page]
    assert sorted(seen, key=int) == [str(number) for number in range(30)]
    assert len(search(store, "metrics.auc = 2.5", limit=100)) == 4


def test_a_window_that_does_not_fill_the_page(store):
    for number in range(900):
        store.add(
            note=str(number),
            metrics={"loss": number, "auc": number},
            params={"model": "rare" if number > 880 else "x"},
        )
    found = search(store, "params.model = rare", sort="metrics.loss", limit=10)
    assert [run.note for run in found] == [str(number) for number in range(881, 891)]
    rest = search(store, "params.model = rare", sort="metrics.loss", limit=10, after=found.next_page)
    assert ([run.note for run in rest], rest.next_page) == (
        [str(number) for number in range(891, 900)],
        "",
    )


def test_a_page_asks_as_often_as_a_small_one(filled):
    def asked(limit):
        filled.asked = 0
        search(filled, "has(metrics.auc)", sort="started", limit=limit)
        return filled.asked

    assert asked(5) == asked(1)


@pytest.mark.parametrize(
    "change", [lambda c: c[:-4], lambda c: "x" + c, lambda c: "é", lambda c: "W10", lambda c: c * 500]
)
def test_a_damaged_cursor(filled, change):
    cursor = search(filled, limit=2).next_page
    with pytest.raises(InvalidInput, match=r"is not the next page of this search; expected `next_page` of the same"):
        search(filled, limit=2, after=change(cursor))


def test_a_cursor_of_another_search(filled):
    cursor = search(filled, "has(metrics.auc)", limit=2).next_page
    assert search(filled, " has(metrics.auc) ", limit=3, after=cursor)
    for options in ({"where": ""}, {"sort": "wall"}, {"trashed": True}):
        with pytest.raises(InvalidInput, match="is not the next page"):
            search(filled, after=cursor, **{"where": "has(metrics.auc)", **options})


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "5", 100_001])
def test_a_limit_that_is_none(filled, limit):
    with pytest.raises(InvalidInput, match=r"limit is .*; expected a whole number from 1 to 100,000; try: limit=50"):
        search(filled, limit=limit)


def test_unknown_keys_match_nothing_and_name_the_nearest(filled):
    found = search(filled, "metrics.acu > 0.8 or params.auc = 1", sort="-tags.tem")
    assert found.note == (
        "no run has metrics.acu, did you mean metrics.auc?; no run has params.auc; "
        "no run has tags.tem, did you mean tags.team?"
    )
    assert len(found) == 0
    assert search(filled, "not metrics.acu > 0.8").note
    assert search(filled, "metrics.auc > 2 and note = a").note == ""


def test_trashed_runs_and_those_of_trashed_experiments_are_hidden(filled):
    filled.connection.execute("UPDATE run SET trashed_us = 1 WHERE note = 'a'")
    filled.connection.execute("UPDATE experiment SET trashed_us = 1 WHERE name = 'ships'")
    assert notes(filled) == "cdef"
    assert notes(filled, "has(tags.team)", trashed=True) == "abd"
    assert (count(filled), count(filled, trashed=True), len(frame(filled))) == (4, 6, 4)
    with pytest.raises(NotFound):
        resolve_run(filled, "best:auc@ships")


def test_a_run_whose_process_is_gone_is_interrupted(store):
    store.add(note="lives", status="running")
    store.add(note="dead", status="running", process_started_us=1)
    store.add(note="far", status="running", host="elsewhere")
    store.add(note="old", status="interrupted")
    by_note = {run.note: run.status for run in search(store)}
    assert by_note == {"lives": "running", "dead": "interrupted", "far": "interrupted", "old": "interrupted"}
    assert notes(store, "status = interrupted") == "dfo"
    assert notes(store, "status = running") == notes(store, "status != interrupted") == "l"
    assert frame(store, "status in (running, finished)")["status"].tolist() == ["running"]
    assert {row[0] for row in store.query("SELECT status FROM run")} == {"running", "interrupted"}


def test_frame_and_page_have_one_layout(filled):
    whole = frame(filled, sort="-metrics.auc")
    assert whole["id"].tolist() == [run.id for run in search(filled, sort="-metrics.auc")]
    assert list(whole.columns[:6]) == ["id", "experiment", "status", "started", "wall_s", "note"]
    assert list(whole.columns[6:9]) == ["params.depth", "params.fast", "params.model"]
    assert str(whole["started"].dtype) == "datetime64[us, UTC]"
    assert whole["metrics.auc"].tolist()[:4] == [INF, 0.9, 0.7, -INF]
    assert whole["params.depth"].tolist()[:3] == ["auto", 3, 8]
    few = frame(filled, "note in (a, b)", sort="started")
    assert (few["params.depth"].dtype, few["params.fast"].dtype) == ("float64", "bool")


def test_frame_of_nothing_and_with_a_limit(store, filled):
    assert len(frame(filled, limit=2)) == 2
    empty = frame(filled, "note = zzz")
    assert list(empty.columns) == ["id", "experiment", "status", "started", "wall_s", "note"]


def test_frame_of_more_runs_than_are_looked_up(store):
    store.connection.execute("INSERT INTO experiment VALUES (1, 'many', 0, NULL)")
    store.connection.executemany(
        "INSERT INTO run (id, ulid, experiment, status, started_us, heartbeat_us, origin, host, pid, "
        "process_started_us, actor) VALUES (?, ?, 1, 'finished', ?, 0, 'cell', 'h', 1, 1, 'ana')",
        [(3 * i, f"{i:026d}", i) for i in range(1, 5_101)],
    )
    key = store.id_of("key", "auc")
    store.connection.executemany(
        "INSERT INTO metric VALUES (?, ?, ?, 0, 0, 0, 0, 1, NULL, NULL, 0)",
        [(3 * i, key, i) for i in range(2, 5_101, 2)],
    )
    made = frame(store, "started > 1970-01-01T00:00:00.000010", sort="started")
    assert len(made) == 5_090
    assert made["metrics.auc"].tolist()[1:4:2] == [12, 14]
    assert math.isnan(made["metrics.auc"][0])
    assert len(search(store, limit=5_100)) == 5_100


def test_references(filled):
    earliest, latest = (search(filled, sort=sort, limit=1)[0].id for sort in ("started", "-started"))
    assert resolve_run(filled, "last") == latest
    assert resolve_run(filled, earliest.lower()) == earliest
    filled.connection.execute("UPDATE run SET ulid = '7ZZZ' || substr(ulid, 5), trashed_us = 1 WHERE note = 'a'")
    assert resolve_run(filled, " 7zzz ").startswith("7ZZZ")


RUN = "expected a run's id or the first 4 or more characters of it, last, or best:METRIC"
THREE = ", ".join(f"01K3F9A000000000000000000{number}" for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("reference", "refusal", "line"),
    [
        ("lst", InvalidInput, f"'lst' is not a reference to a run; {RUN}; did you mean 'last'?"),
        ("01K", InvalidInput, f"'01K' is too short for a run; {RUN}"),
        ("ZZZZ", NotFound, f"no run 'ZZZZ'; {RUN}; try: %runs"),
        ("01k3", InvalidInput, f"'01k3' begins several runs: {THREE}, …; expected more of its characters"),
        (
            "best:acu",
            NotFound,
            "no run has the metric 'acu'; did you mean 'auc'?; try: %runs --where 'has(metrics.NAME)'",
        ),
        ("best:auc@shps", NotFound, "no experiment 'shps'; did you mean 'ships'?"),
        ("best:", InvalidInput, "best: names no metric; expected best:METRIC; try: best:auc"),
        ("' OR 1=1", InvalidInput, f'"\' OR 1=1" is not a reference to a run; {RUN}'),
    ],
)
def test_references_that_are_none(filled, reference, refusal, line):
    with pytest.raises(refusal) as raised:
        resolve_run(filled, reference)
    assert str(raised.value) == line


def test_last_in_an_empty_store(store):
    with pytest.raises(NotFound, match="there is no run yet"):
        resolve_run(store, "last")
    assert (len(search(store)), count(store), len(frame(store))) == (0, 0, 0)


def test_the_best_run(store):
    first = store.add(metrics={"auc": 0.9, "loss": 0.5, "odd": 1.0, "p@5": 1.0})
    store.add(metrics={"auc": 0.9, "loss": 0.9, "odd": 2.0})
    store.add(metrics={"auc": NAN, "loss": NAN})
    store.add(metrics={"auc": 1.0, "loss": 0.0}, status="failed")
    low = store.add(metrics={"auc": 0.1, "loss": 0.7, "odd": 3.0}, experiment="other")
    assert resolve_run(store, "best:auc") == resolve_run(store, "best:loss") == first
    assert resolve_run(store, "best:auc@other") == resolve_run(store, "best:auc:min") == low
    assert resolve_run(store, "best:odd:max") == resolve_run(store, "best:odd:max@other") == low
    assert resolve_run(store, "best:p@5:max") == first
    with pytest.raises(InvalidInput) as refusal:
        resolve_run(store, "best:odd")
    assert str(refusal.value) == (
        "whether a greater or a lesser 'odd' is better is not known; expected max or min; "
        "try: best:odd:max or best:odd:min"
    )
    store.connection.execute("UPDATE metric SET direction = -1 WHERE key = (SELECT id FROM key WHERE name = 'odd')")
    assert resolve_run(store, "best:odd") == first


def test_best_where_nothing_finished(store):
    store.add(metrics={"auc": 1.0}, status="failed")
    with pytest.raises(NotFound, match="no finished run has a value of 'auc'; try: %runs"):
        resolve_run(store, "best:auc")


def test_keys_of_a_namespace(filled):
    assert keys(filled, "metrics") == ["auc", "val/loss"]
    assert keys(filled, "params", "d") == ["depth"]
    assert keys(filled, "params", limit=2) == ["depth", "fast"]
    assert keys(filled, "tags", "%") == []
    with pytest.raises(InvalidInput, match="unknown namespace 'metric'; expected metrics, params, tags, values; did"):
        keys(filled, "metric")


def test_runs_are_frozen(filled):
    with pytest.raises(dataclasses.FrozenInstanceError):
        search(filled)[0].note = "x"
