"""SQL of the room of models: portable to PostgreSQL, every value bound."""

# A rollback asks no gate: what let the version in before is what it stands on.
LET_IN = """(SELECT e.how FROM transition e WHERE e.id = (SELECT max(u.id) FROM transition u
  WHERE u.model = p.model AND u.number = p.number AND u.alias = '' AND u.after = p.stage AND u.how <> 'rollback'))"""
_VERSION = f"""
SELECT m.name, v.number, v.run, v.artifact, a.bytes, v.format, v.signature, v.example, v.trusted, v.framework,
       v.note, v.actor, v.created_us, v.model, v.verified, coalesce(p.stage, 'none'), p.since_us, t.how,
       (SELECT group_concat(l.name, '/') FROM (SELECT name FROM alias b WHERE b.model = v.model AND b.number = v.number
        ORDER BY name) l), {LET_IN}
FROM version v JOIN model m ON m.id = v.model JOIN artifact a ON a.digest = v.artifact
LEFT JOIN placement p ON p.model = v.model AND p.number = v.number
LEFT JOIN transition t ON t.id = (SELECT max(u.id) FROM transition u
  WHERE u.model = v.model AND u.number = v.number AND u.alias = '')
WHERE m.trashed_us IS NULL AND v.trashed_us IS NULL"""

VERSIONS = f"{_VERSION} AND m.name = ? ORDER BY v.number DESC"
VERSION = f"{_VERSION} AND m.name = ? AND v.number = ?"
LATEST = f"{_VERSION} AND m.name = ? ORDER BY v.number DESC LIMIT 1"
IN_STAGE = f"{_VERSION} AND m.name = ? AND p.stage = ? ORDER BY p.since_us DESC, v.number DESC"
ALIASED = f"{_VERSION} AND m.name = ? AND v.number = (SELECT number FROM alias WHERE model = v.model AND name = ?)"
ALIASES = "SELECT a.name FROM alias a JOIN model m ON m.id = a.model WHERE m.name = ? ORDER BY a.name"
CHAMPIONS = f"{_VERSION} AND p.stage = 'production'"
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
                     actor, verified, system, created_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT source FROM run WHERE ulid = ?), ?, ?, ?, ?, ?)"""
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
