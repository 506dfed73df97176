import dataclasses
import math

import pytest

from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.runs.query import keys, resolve_run, search
from tests.unit.runs.search_world import HOUR, INF, NOVEMBER, Store, fill


def frame(reader, where="", *, limit=100_000, **more):
    return search(reader, where, limit=limit, **more).df


def count(reader, where="", **more):
    return len(search(reader, where, limit=100_000, **more))


@pytest.fixture
def store():
    made = Store()
    yield made
    made.connection.close()


@pytest.fixture
def filled(store):
    return fill(store)


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
