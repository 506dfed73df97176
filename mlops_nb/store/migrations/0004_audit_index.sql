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
