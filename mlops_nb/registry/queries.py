"""SQL of the room of models: portable to PostgreSQL, every value bound."""

_VERSION = """
SELECT m.name, v.number, v.run, v.artifact, a.bytes, v.format, v.signature, v.example, v.trusted, v.framework,
       v.note, v.actor, v.created_us, v.model
FROM version v JOIN model m ON m.id = v.model JOIN artifact a ON a.digest = v.artifact
WHERE m.trashed_us IS NULL AND v.trashed_us IS NULL"""

VERSIONS = f"{_VERSION} AND m.name = ? ORDER BY v.number DESC"
VERSION = f"{_VERSION} AND m.name = ? AND v.number = ?"
LATEST = f"{_VERSION} AND m.name = ? ORDER BY v.number DESC LIMIT 1"
LATEST_OF_ALL = f"""{_VERSION}
AND v.number = (SELECT max(w.number) FROM version w WHERE w.model = v.model AND w.trashed_us IS NULL) ORDER BY m.name"""

MODELS = """
SELECT m.name, m.created_us, count(v.number)
FROM model m LEFT JOIN version v ON v.model = m.id AND v.trashed_us IS NULL
WHERE m.trashed_us IS NULL GROUP BY m.id, m.name, m.created_us"""
MODEL_NAMES = "SELECT name FROM model WHERE trashed_us IS NULL ORDER BY name"
MODEL = "SELECT id, trashed_us FROM model WHERE name = ?"
NUMBERS = "SELECT number FROM version WHERE model = ? AND trashed_us IS NULL ORDER BY number DESC"

SAME = """
SELECT v.number FROM version v WHERE v.model = ? AND v.artifact = ? AND coalesce(v.run, '') = ?
AND v.trashed_us IS NULL ORDER BY v.number LIMIT 1"""
NEXT_NUMBER = "SELECT coalesce(max(number), 0) + 1 FROM version WHERE model = ?"

ADD_MODEL = "INSERT INTO model (name, created_us) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
ADD_ARTIFACT = "INSERT INTO artifact VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING"
ADD_VERSION = """
INSERT INTO version (model, number, run, artifact, format, signature, example, trusted, framework, source, note,
                     actor, created_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT source FROM run WHERE ulid = ?), ?, ?, ?)"""
ADD_EDGE = "INSERT INTO edge VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
ADD_HOLD = "INSERT INTO hold VALUES (?, ?) ON CONFLICT DO NOTHING"

MODELS_OF_RUN = """
SELECT a.name, a.artifact, a.detail FROM run_artifact a JOIN run r ON r.id = a.run
WHERE r.ulid = ? AND a.kind = 'model' ORDER BY a.name"""
RUN_OF_MODEL = """
SELECT r.ulid, a.detail FROM run_artifact a JOIN run r ON r.id = a.run
WHERE a.artifact = ? AND a.kind = 'model' AND r.trashed_us IS NULL ORDER BY r.started_us DESC, r.id DESC LIMIT 1"""
DATASETS_OF_RUN = """
SELECT DISTINCT d.digest FROM run_dataset u JOIN run r ON r.id = u.run JOIN dataset_version d ON d.id = u.version
WHERE r.ulid = ? ORDER BY d.digest"""
TRAINED_ON = """
SELECT DISTINCT d.digest FROM run_dataset u JOIN run r ON r.id = u.run JOIN dataset_version d ON d.id = u.version
WHERE r.ulid = ? AND u.role = 'train' ORDER BY d.digest"""
