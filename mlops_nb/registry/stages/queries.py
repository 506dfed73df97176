"""SQL of the stages: portable to PostgreSQL, every value bound."""

STAGE_OF = "SELECT stage FROM placement WHERE model = ? AND number = ?"
INCUMBENT = "SELECT number FROM placement WHERE model = ? AND stage = 'production'"
IN_TRASH = """
SELECT 1 FROM version v JOIN model m ON m.id = v.model
WHERE v.model = ? AND v.number = ? AND (v.trashed_us IS NOT NULL OR m.trashed_us IS NOT NULL)"""
POLICY = "SELECT max(revision) FROM document WHERE kind = 'policy' AND model = ? AND number = 0 AND name = ?"
PLACE = """
INSERT INTO placement (model, number, stage, since_us) VALUES (?, ?, ?, ?)
ON CONFLICT (model, number) DO UPDATE SET stage = excluded.stage, since_us = excluded.since_us"""
UNPLACE = "DELETE FROM placement WHERE model = ? AND number = ?"
# The history of a model never goes backwards, whatever the clock does: "at" must have one answer.
LAST_US = "SELECT coalesce(max(at_us), 0) FROM transition WHERE model = ?"
MOVE = """
INSERT INTO transition (model, number, alias, before, after, how, checked, reason, actor, verified, at_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
HOLD = "INSERT INTO hold VALUES (?, ?) ON CONFLICT DO NOTHING"
RELEASE = "DELETE FROM hold WHERE holder = ?"

ALIAS_OF = "SELECT number FROM alias WHERE model = ? AND name = ?"
POINT = """
INSERT INTO alias (model, name, number, since_us) VALUES (?, ?, ?, ?)
ON CONFLICT (model, name) DO UPDATE SET number = excluded.number, since_us = excluded.since_us"""
UNPOINT = "DELETE FROM alias WHERE model = ? AND name = ?"

_MOVES = """
SELECT m.name, t.number, t.alias, t.before, t.after, t.how, r.body, t.actor, t.verified, t.at_us, t.checked
FROM transition t JOIN model m ON m.id = t.model LEFT JOIN reason r ON r.digest = t.reason"""
HISTORY = f"{_MOVES} WHERE t.model = ? AND t.at_us <= ? ORDER BY t.id DESC"
MOVE_AT = f"{_MOVES} WHERE t.model = ? AND t.number = ? AND t.at_us = ?"
# Where every version stood at a moment: its last move until then.
STOOD = f"""{_MOVES}
WHERE t.model = ? AND t.alias = '' AND t.id = (SELECT max(u.id) FROM transition u
  WHERE u.model = t.model AND u.number = t.number AND u.alias = '' AND u.at_us <= ?)
ORDER BY t.number DESC"""
POINTED = """
SELECT t.alias, t.after FROM transition t WHERE t.model = ? AND t.alias <> '' AND t.after <> '' AND t.id =
  (SELECT max(u.id) FROM transition u WHERE u.model = t.model AND u.alias = t.alias AND u.at_us <= ?)
ORDER BY t.alias"""
REGISTERED = (
    "SELECT number FROM version WHERE model = ? AND created_us <= ? AND trashed_us IS NULL ORDER BY number DESC"
)
# What `audit verify` holds against each other.
PLACED = "SELECT m.name, p.number, p.stage, p.since_us FROM placement p JOIN model m ON m.id = p.model"
LAST_STAGES = """
SELECT m.name, t.number, t.after, t.at_us FROM transition t JOIN model m ON m.id = t.model WHERE t.id IN
  (SELECT max(id) FROM transition WHERE alias = '' GROUP BY model, number)"""
ALL_ALIASES = "SELECT m.name, a.name, a.number, a.since_us FROM alias a JOIN model m ON m.id = a.model"
LAST_ALIASES = """
SELECT m.name, t.alias, t.after, t.at_us FROM transition t JOIN model m ON m.id = t.model
WHERE t.after <> '' AND t.id IN (SELECT max(id) FROM transition WHERE alias <> '' GROUP BY model, alias)"""
ALL_MOVES = """
SELECT model, number, alias, before, after, how, reason, actor, verified, at_us FROM transition ORDER BY id"""
IN_PRODUCTION = """
SELECT number, how, before, after FROM transition WHERE model = ? AND alias = ''
AND (after = 'production' OR before = 'production') ORDER BY id"""
