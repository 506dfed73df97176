-- How the registrant's name was checked ('key', 'basic auth'); empty: it is the system's word.
ALTER TABLE version ADD COLUMN verified TEXT NOT NULL DEFAULT '';
-- The system's user whose process it was: an unchecked name may be anybody's, this one is not chosen.
ALTER TABLE version ADD COLUMN system TEXT NOT NULL DEFAULT '';

-- Why somebody did something, under the digest that the audit log has: it can be erased and the chain stays whole.
-- The digest covers a random salt as well, or a short text could be guessed from it after it was erased.
CREATE TABLE reason (
  digest TEXT PRIMARY KEY,
  salt TEXT NOT NULL,
  body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER reason_no_update BEFORE UPDATE ON reason
BEGIN SELECT RAISE(ABORT, 'a reason can be erased, not rewritten'); END;

-- Where each version stands now; no row: stage 'none'. `transition` says how it came there.
CREATE TABLE placement (
  model INTEGER NOT NULL,
  number INTEGER NOT NULL,
  stage TEXT NOT NULL CHECK (stage IN ('staging', 'production', 'archived')),
  since_us INTEGER NOT NULL,
  PRIMARY KEY (model, number),
  FOREIGN KEY (model, number) REFERENCES version(model, number)
) WITHOUT ROWID;
-- One champion a model, whoever promotes at the same time.
CREATE UNIQUE INDEX one_champion ON placement(model) WHERE stage = 'production';

CREATE TABLE alias (
  model INTEGER NOT NULL,
  name TEXT NOT NULL,
  number INTEGER NOT NULL,
  since_us INTEGER NOT NULL,
  PRIMARY KEY (model, name),
  FOREIGN KEY (model, number) REFERENCES version(model, number)
) WITHOUT ROWID;

-- Every move of a version between stages and of an alias between versions, for ever. A version with a row here is
-- never purged. `at_us` never goes backwards within a model, whatever the clock does.
CREATE TABLE transition (
  id INTEGER PRIMARY KEY,
  model INTEGER NOT NULL,
  number INTEGER NOT NULL,
  alias TEXT NOT NULL DEFAULT '',    -- empty: a stage
  before TEXT NOT NULL,              -- the stage it left; the number of the version that the alias left, or ''
  after TEXT NOT NULL,               -- the stage it entered; the number of the version that the alias has now, or ''
  how TEXT NOT NULL CHECK (how IN ('gated', 'ungated', 'overridden', 'rollback', 'replaced', 'free')),
  checked TEXT,                      -- the gate check that let it in
  reason TEXT NOT NULL,              -- digest
  actor TEXT NOT NULL,
  verified TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  FOREIGN KEY (model, number) REFERENCES version(model, number)
);
CREATE INDEX transition_model ON transition(model, id);
CREATE INDEX transition_version ON transition(model, number, id);

-- What people wrote, each saved state a new revision: canvas, gate policy, risk, the human part of a card.
CREATE TABLE document (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('canvas', 'policy', 'risk', 'card')),
  model INTEGER NOT NULL REFERENCES model(id),
  number INTEGER NOT NULL DEFAULT 0, -- 0: of the model as a whole
  name TEXT NOT NULL DEFAULT '',     -- of a policy: the stage
  revision INTEGER NOT NULL,
  body TEXT NOT NULL,                -- JSON with its own format number
  digest TEXT NOT NULL,
  actor TEXT NOT NULL,
  verified TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  UNIQUE (kind, model, number, name, revision)
);

-- What was computed about a version: evaluations, and what rests on one.
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  ulid TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('evaluation', 'explanation', 'fairness')),
  model INTEGER NOT NULL,
  number INTEGER NOT NULL,
  dataset TEXT NOT NULL,             -- fingerprint of inputs and truth together
  evaluation TEXT,                   -- the evaluation that it rests on
  body TEXT NOT NULL,                -- JSON with its own format number
  digest TEXT NOT NULL,
  predictions TEXT REFERENCES artifact(digest),
  sample TEXT REFERENCES artifact(digest),
  actor TEXT NOT NULL,
  verified TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  FOREIGN KEY (model, number) REFERENCES version(model, number)
);
CREATE INDEX evidence_version ON evidence(model, number, kind, id);

-- One run of the gates before a stage, and what each gate said.
CREATE TABLE gate_check (
  ulid TEXT PRIMARY KEY,
  model INTEGER NOT NULL,
  number INTEGER NOT NULL,
  stage TEXT NOT NULL,
  policy INTEGER REFERENCES document(id),  -- null: no policy, only what every version must pass
  champion INTEGER,                  -- the version in production when it ran
  verdict TEXT NOT NULL CHECK (verdict IN ('pass', 'fail', 'insufficient')),
  digest TEXT NOT NULL,
  actor TEXT NOT NULL,
  verified TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  FOREIGN KEY (model, number) REFERENCES version(model, number)
) WITHOUT ROWID;
CREATE INDEX gate_check_version ON gate_check(model, number, stage, at_us);
CREATE TABLE gate_result (
  checked TEXT NOT NULL REFERENCES gate_check(ulid) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  gate TEXT NOT NULL,                -- as the policy has it: 'metric roc_auc >= 0.75'
  verdict TEXT NOT NULL CHECK (verdict IN ('pass', 'fail', 'insufficient')),
  says TEXT NOT NULL,
  value REAL,
  threshold REAL,
  n INTEGER,
  low REAL,
  high REAL,
  dataset TEXT,
  evidence TEXT,                     -- what it read: an evaluation, a document's digest
  digest TEXT,                       -- of that
  took_us INTEGER NOT NULL,
  fix TEXT NOT NULL DEFAULT '',      -- the way out, as it was told then
  PRIMARY KEY (checked, position)
) WITHOUT ROWID;

CREATE TABLE approval (
  id INTEGER PRIMARY KEY,
  model INTEGER NOT NULL,
  number INTEGER NOT NULL,
  stage TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('approve', 'reject')),
  reason TEXT NOT NULL,              -- digest
  evaluation TEXT,                   -- the newest evaluation that the person could see
  actor TEXT NOT NULL,
  verified TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  FOREIGN KEY (model, number) REFERENCES version(model, number)
);
CREATE INDEX approval_version ON approval(model, number, stage, id);

-- Rows of training data by 64 bits each, so that evaluation data can be held against them; at most 1 MiB a dataset.
CREATE TABLE row_sample (
  version INTEGER PRIMARY KEY REFERENCES dataset_version(id) ON DELETE CASCADE,
  format INTEGER NOT NULL,
  rows INTEGER NOT NULL,             -- of the whole dataset
  below TEXT NOT NULL,               -- rows whose hash is below this u64 (decimal) are in the sample
  sampled INTEGER NOT NULL,          -- how many of them are
  twins INTEGER NOT NULL,            -- of these, how many have an equal one in the dataset
  hashes BLOB NOT NULL               -- sorted little-endian u64, each once
);

CREATE TRIGGER transition_no_update BEFORE UPDATE ON transition
BEGIN SELECT RAISE(ABORT, 'the history of stages is append-only'); END;
CREATE TRIGGER transition_no_delete BEFORE DELETE ON transition
BEGIN SELECT RAISE(ABORT, 'the history of stages is append-only'); END;
CREATE TRIGGER approval_no_update BEFORE UPDATE ON approval
BEGIN SELECT RAISE(ABORT, 'approvals are append-only'); END;
CREATE TRIGGER approval_no_delete BEFORE DELETE ON approval
BEGIN SELECT RAISE(ABORT, 'approvals are append-only'); END;
CREATE TRIGGER document_no_update BEFORE UPDATE ON document
BEGIN SELECT RAISE(ABORT, 'documents are kept revision by revision'); END;
CREATE TRIGGER evidence_no_update BEFORE UPDATE ON evidence
BEGIN SELECT RAISE(ABORT, 'evidence is kept as it was found'); END;
CREATE TRIGGER gate_check_no_update BEFORE UPDATE ON gate_check
BEGIN SELECT RAISE(ABORT, 'gate results are kept as they were'); END;
CREATE TRIGGER gate_result_no_update BEFORE UPDATE ON gate_result
BEGIN SELECT RAISE(ABORT, 'gate results are kept as they were'); END;

CREATE VIEW stages AS
SELECT m.name AS model, v.number AS version, coalesce(p.stage, 'none') AS stage, p.since_us
FROM version v JOIN model m ON m.id = v.model LEFT JOIN placement p ON p.model = v.model AND p.number = v.number
WHERE v.trashed_us IS NULL AND m.trashed_us IS NULL;
CREATE VIEW transitions AS
SELECT m.name AS model, t.number AS version, t.alias, t.before, t.after, t.how, t.actor, t.verified, t.at_us,
       r.body AS reason
FROM transition t JOIN model m ON m.id = t.model LEFT JOIN reason r ON r.digest = t.reason;
CREATE VIEW gate_results AS
SELECT m.name AS model, c.number AS version, c.stage, g.gate, g.verdict, g.says, g.value, g.threshold, g.n, g.low,
       g.high, c.at_us
FROM gate_result g JOIN gate_check c ON c.ulid = g.checked JOIN model m ON m.id = c.model;
CREATE VIEW approvals AS
SELECT m.name AS model, a.number AS version, a.stage, a.verdict, a.actor, a.verified, a.at_us, r.body AS reason
FROM approval a JOIN model m ON m.id = a.model LEFT JOIN reason r ON r.digest = a.reason;
-- What each row of the audit log concerns: its subject, the model of a version, and the things that its detail names.
-- Found from the rows themselves, and held against them by `audit verify`; an auditor's question must not read a log
-- of a million rows.
CREATE TABLE audit_node (
  node TEXT NOT NULL,                -- 'version:7/1'
  seq INTEGER NOT NULL,
  PRIMARY KEY (node, seq)
) WITHOUT ROWID;
CREATE TRIGGER audit_node_no_update BEFORE UPDATE ON audit_node
BEGIN SELECT RAISE(ABORT, 'what the audit log concerns is found from its rows'); END;

CREATE INDEX audit_actor ON audit(actor, seq);
CREATE INDEX audit_action ON audit(action, actor, seq);
CREATE INDEX audit_time ON audit(time_us, seq);
