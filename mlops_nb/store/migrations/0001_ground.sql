-- Portable to PostgreSQL: text ULIDs, integer microseconds UTC, JSON as text.
-- SQLite turns NaN into NULL, so every number carries a kind: 0 finite, 1 NaN, 2 +inf, 3 -inf.

CREATE TABLE project (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_us INTEGER NOT NULL
);

CREATE TABLE experiment (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_us INTEGER NOT NULL,
  trashed_us INTEGER
);

-- Text at rest under its digest: cell sources, diffs, environments. Masked before it comes here.
CREATE TABLE text (
  digest TEXT PRIMARY KEY,
  body TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE artifact (
  digest TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL,
  created_us INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  ulid TEXT NOT NULL UNIQUE,
  experiment INTEGER NOT NULL REFERENCES experiment(id),
  parent TEXT,
  status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'failed', 'interrupted')),
  started_us INTEGER NOT NULL,
  ended_us INTEGER,
  heartbeat_us INTEGER NOT NULL,
  origin TEXT NOT NULL,              -- 'cell' or 'script'
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process_started_us INTEGER NOT NULL,
  actor TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  error TEXT,
  session TEXT,
  position INTEGER,
  source TEXT REFERENCES text(digest),
  notebook TEXT,
  cell_id TEXT,
  commit_id TEXT,
  branch TEXT,
  diff TEXT REFERENCES text(digest),
  environment TEXT REFERENCES text(digest),
  modules TEXT REFERENCES text(digest),
  stdout TEXT REFERENCES text(digest),
  wall_us INTEGER,
  cpu_us INTEGER,
  peak_bytes INTEGER,
  rows_read INTEGER,
  capture_us INTEGER,
  trashed_us INTEGER
);
CREATE INDEX run_experiment ON run(experiment, id);
CREATE INDEX run_started ON run(started_us, id);
CREATE INDEX run_status ON run(status) WHERE status = 'running';
CREATE INDEX run_parent ON run(parent) WHERE parent IS NOT NULL;

-- Every executed cell of a kernel session that tracked something, in the order it really ran.
CREATE TABLE cell (
  session TEXT NOT NULL,
  position INTEGER NOT NULL,
  source TEXT NOT NULL REFERENCES text(digest),
  cell_id TEXT,
  started_us INTEGER NOT NULL,
  PRIMARY KEY (session, position)
) WITHOUT ROWID;

CREATE TABLE key (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

CREATE TABLE param (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES key(id),
  text TEXT NOT NULL,
  number REAL,                       -- when the value is a number (or bool: 0, 1)
  source TEXT NOT NULL,              -- 'typed', 'cell', 'earlier cell', 'changed', 'default', 'logged'
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX param_text ON param(key, text, run);
CREATE INDEX param_number ON param(key, number, run) WHERE number IS NOT NULL;

CREATE TABLE tag (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES key(id),
  text TEXT NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX tag_text ON tag(key, text, run);

-- Latest, least and greatest of each metric, kept in the transaction that adds its points: no list reads a series.
CREATE TABLE metric (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES key(id),
  last REAL,
  kind INTEGER NOT NULL DEFAULT 0,
  step INTEGER NOT NULL,
  least REAL,
  greatest REAL,
  points INTEGER NOT NULL,
  role TEXT,                         -- role of the data it was computed on
  provenance TEXT,                   -- 'line 7: roc_auc_score(y_te, p)'
  direction INTEGER NOT NULL DEFAULT 0,  -- 1 greater is better, -1 less is better, 0 not known
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX metric_last ON metric(key, last, run);

CREATE TABLE point (
  run INTEGER NOT NULL,
  key INTEGER NOT NULL,
  step INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  value REAL,
  kind INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  PRIMARY KEY (run, key, step, seq)
) WITHOUT ROWID;

-- Other scalars that the cell computed: searchable as values.NAME, never best:.
CREATE TABLE value (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES key(id),
  number REAL,
  kind INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX value_number ON value(key, number, run);

CREATE TABLE dataset_version (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,       -- 'fp1b:…'; a partial fingerprint is kept as 'partial:…', unique to its sighting
  schema_digest TEXT NOT NULL,
  rows INTEGER NOT NULL,
  columns INTEGER NOT NULL,
  record TEXT NOT NULL,              -- the fingerprint, JSON
  leaves BLOB,
  profile TEXT,                      -- JSON, null until it is computed
  created_us INTEGER NOT NULL,
  trashed_us INTEGER
);

CREATE TABLE dataset (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_us INTEGER NOT NULL,
  trashed_us INTEGER
);

CREATE TABLE dataset_name (
  dataset INTEGER NOT NULL REFERENCES dataset(id),
  number INTEGER NOT NULL,
  version INTEGER NOT NULL REFERENCES dataset_version(id),
  created_us INTEGER NOT NULL,
  PRIMARY KEY (dataset, number)
) WITHOUT ROWID;

CREATE TABLE run_dataset (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  version INTEGER NOT NULL REFERENCES dataset_version(id),
  role TEXT NOT NULL CHECK (role IN ('raw', 'train', 'validation', 'test', 'reference', 'predict')),
  variable TEXT NOT NULL,
  place TEXT NOT NULL,               -- 'line 5: model.fit(X_tr, y_tr)'
  PRIMARY KEY (run, version, role, variable)
) WITHOUT ROWID;
CREATE INDEX run_dataset_version ON run_dataset(version, run);

-- The file that a frame was read from, by the digest of its bytes.
CREATE TABLE dataset_file (
  version INTEGER NOT NULL REFERENCES dataset_version(id),
  digest TEXT NOT NULL,
  path TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  seen_us INTEGER NOT NULL,
  PRIMARY KEY (version, digest, path)
) WITHOUT ROWID;

CREATE TABLE run_artifact (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('model', 'figure', 'table', 'file')),
  artifact TEXT NOT NULL REFERENCES artifact(digest),
  detail TEXT NOT NULL DEFAULT '{}',
  PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE INDEX run_artifact_digest ON run_artifact(artifact);

-- What went wrong inside capture: a recorded fact, never a broken cell.
CREATE TABLE problem (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  what TEXT NOT NULL,
  PRIMARY KEY (run, seq)
) WITHOUT ROWID;

CREATE TABLE model (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_us INTEGER NOT NULL,
  trashed_us INTEGER
);

CREATE TABLE version (
  model INTEGER NOT NULL REFERENCES model(id),
  number INTEGER NOT NULL,
  run TEXT,                          -- the run's ULID
  artifact TEXT NOT NULL REFERENCES artifact(digest),
  format TEXT NOT NULL,              -- 'skops/1'
  signature TEXT NOT NULL,           -- JSON
  example TEXT REFERENCES artifact(digest),
  trusted TEXT NOT NULL,             -- JSON list of types the caller vouched for
  framework TEXT NOT NULL,           -- JSON: library versions
  source TEXT REFERENCES text(digest),
  note TEXT NOT NULL DEFAULT '',
  actor TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  trashed_us INTEGER,
  PRIMARY KEY (model, number)
) WITHOUT ROWID;

CREATE TABLE deployment (
  name TEXT PRIMARY KEY,
  model INTEGER NOT NULL,
  number INTEGER NOT NULL,
  host TEXT NOT NULL,
  port INTEGER NOT NULL,
  pid INTEGER,
  process_started_us INTEGER,
  wanted INTEGER NOT NULL,           -- 1: should be serving
  restarts INTEGER NOT NULL DEFAULT 0,
  created_us INTEGER NOT NULL,
  trashed_us INTEGER,
  FOREIGN KEY (model, number) REFERENCES version(model, number)
) WITHOUT ROWID;

-- child came from parent; references are 'kind:id' ('run:01K…', 'version:7/1' (model's id, number), 'dataset:fp1b:…', 'artifact:…').
CREATE TABLE edge (
  child TEXT NOT NULL,
  parent TEXT NOT NULL,
  kind TEXT NOT NULL,
  PRIMARY KEY (child, parent, kind)
) WITHOUT ROWID;
CREATE INDEX edge_parent ON edge(parent, child);

-- holder needs held: held can't be trashed, purged or collected while the row stands.
CREATE TABLE hold (
  holder TEXT NOT NULL,
  held TEXT NOT NULL,
  PRIMARY KEY (holder, held)
) WITHOUT ROWID;
CREATE INDEX hold_held ON hold(held);

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  time_us INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  previous TEXT NOT NULL,
  digest TEXT NOT NULL
);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- INSERT OR REPLACE would delete a row without asking the trigger above.
CREATE TRIGGER audit_at_end BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq >= NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Documented, read-only views: what %sql and other people's tools may rely on.
CREATE VIEW runs AS
SELECT r.ulid AS run, e.name AS experiment, r.status, r.started_us, r.ended_us, r.wall_us, r.note, r.notebook, r.commit_id
FROM run r JOIN experiment e ON e.id = r.experiment WHERE r.trashed_us IS NULL;
CREATE VIEW metrics AS
SELECT r.ulid AS run, k.name AS metric, m.last AS value, m.least, m.greatest, m.step, m.points, m.role, m.provenance
FROM metric m JOIN run r ON r.id = m.run JOIN key k ON k.id = m.key WHERE r.trashed_us IS NULL;
CREATE VIEW params AS
SELECT r.ulid AS run, k.name AS param, p.text AS value, p.number, p.source
FROM param p JOIN run r ON r.id = p.run JOIN key k ON k.id = p.key WHERE r.trashed_us IS NULL;
CREATE VIEW tags AS
SELECT r.ulid AS run, k.name AS tag, t.text AS value
FROM tag t JOIN run r ON r.id = t.run JOIN key k ON k.id = t.key WHERE r.trashed_us IS NULL;
CREATE VIEW datasets AS
SELECT r.ulid AS run, d.role, d.variable, v.digest, v.rows, v.columns
FROM run_dataset d JOIN run r ON r.id = d.run JOIN dataset_version v ON v.id = d.version WHERE r.trashed_us IS NULL;
CREATE VIEW versions AS
SELECT m.name AS model, v.number AS version, v.run, v.artifact, v.created_us, v.actor
FROM version v JOIN model m ON m.id = v.model WHERE v.trashed_us IS NULL;
