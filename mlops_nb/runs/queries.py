"""SQL of the room of runs: portable, every value bound."""

EXPERIMENT_ADD = "INSERT INTO experiment(name, created_us) VALUES (?, ?) ON CONFLICT(name) DO NOTHING"
EXPERIMENT_ID = "SELECT id FROM experiment WHERE name = ?"
KEY_ID = "SELECT id FROM key WHERE name = ?"
KEY_ADD = "INSERT INTO key(name) VALUES (?) RETURNING id"
TEXT_ADD = "INSERT INTO text(digest, body) VALUES (?, ?) ON CONFLICT(digest) DO NOTHING"

RUN_ADD = """
INSERT INTO run(ulid, experiment, parent, status, started_us, heartbeat_us,
  origin, host, pid, process_started_us, actor, note)
VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
RUN_END = """
UPDATE run SET status = ?, ended_us = ?, error = ?, wall_us = ?, cpu_us = ?, peak_bytes = ?, rows_read = ?,
  capture_us = ? WHERE id = ?
"""
RUN_HEARTBEAT = "UPDATE run SET heartbeat_us = ? WHERE id = ? AND status = 'running'"
RUN_NOTE = "UPDATE run SET note = ? WHERE ulid = ?"

PARAM_PUT = """
INSERT INTO param(run, key, text, number, source) VALUES (?, ?, ?, ?, ?)
ON CONFLICT(run, key) DO UPDATE SET text = excluded.text, number = excluded.number, source = excluded.source
"""
TAG_PUT = "INSERT INTO tag(run, key, text) VALUES (?, ?, ?) ON CONFLICT(run, key) DO UPDATE SET text = excluded.text"
VALUE_PUT = """
INSERT INTO value(run, key, number, kind) VALUES (?, ?, ?, ?)
ON CONFLICT(run, key) DO UPDATE SET number = excluded.number, kind = excluded.kind
"""
# Other processes may log to the same run (a forked worker does): what is there already is read in the transaction.
POINTS = "SELECT points FROM metric WHERE run = ? AND key = ?"
POINT_ADD = "INSERT INTO point(run, key, step, seq, value, kind, time_us) VALUES (?, ?, ?, ?, ?, ?, ?)"
METRIC_PUT = """
INSERT INTO metric(run, key, last, kind, step, least, greatest, points, role, provenance, direction)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT(run, key) DO UPDATE SET last = excluded.last, kind = excluded.kind, step = excluded.step,
  least = CASE WHEN metric.least IS NULL OR excluded.least < metric.least THEN excluded.least ELSE metric.least END,
  greatest = CASE WHEN metric.greatest IS NULL OR excluded.greatest > metric.greatest
    THEN excluded.greatest ELSE metric.greatest END,
  points = metric.points + excluded.points,
  role = excluded.role, provenance = excluded.provenance, direction = excluded.direction
"""
ARTIFACT_ADD = "INSERT INTO artifact(digest, bytes, created_us) VALUES (?, ?, ?) ON CONFLICT(digest) DO NOTHING"
RUN_ARTIFACT_PUT = """
INSERT INTO run_artifact(run, name, kind, artifact, detail) VALUES (?, ?, ?, ?, ?)
ON CONFLICT(run, name) DO UPDATE SET kind = excluded.kind, artifact = excluded.artifact, detail = excluded.detail
"""
PROBLEM_ADD = """
INSERT INTO problem(run, seq, time_us, what)
SELECT ?, coalesce(max(seq), 0) + 1, ?, ? FROM problem WHERE run = ?
"""
CELL_ADD = """
INSERT INTO cell(session, position, source, cell_id, started_us) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
DATASET_ADD = """
INSERT INTO dataset_version(digest, schema_digest, rows, columns, record, leaves, created_us)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(digest) DO NOTHING
"""
DATASET_ID = "SELECT id FROM dataset_version WHERE digest = ?"
DATASET_PROFILE = "UPDATE dataset_version SET profile = ? WHERE digest = ? AND profile IS NULL"
ROW_SAMPLED = "SELECT 1 FROM row_sample s JOIN dataset_version d ON d.id = s.version WHERE d.digest = ?"
ROW_SAMPLE_PUT = """
INSERT INTO row_sample (version, format, rows, below, sampled, twins, hashes)
SELECT id, ?, ?, ?, ?, ?, ? FROM dataset_version WHERE digest = ? ON CONFLICT (version) DO NOTHING
"""
DATASET_FILE_PUT = """
INSERT INTO dataset_file(version, digest, path, bytes, seen_us) VALUES (?, ?, ?, ?, ?)
ON CONFLICT(version, digest, path) DO UPDATE SET seen_us = excluded.seen_us
"""
RUN_DATASETS_CLEAR = "DELETE FROM run_dataset WHERE run = ?"
RUN_DATASET_PUT = """
INSERT INTO run_dataset(run, version, role, variable, place) VALUES (?, ?, ?, ?, ?)
ON CONFLICT(run, version, role, variable) DO UPDATE SET place = excluded.place
"""
EDGE_ADD = "INSERT INTO edge(child, parent, kind) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
