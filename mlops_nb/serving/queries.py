"""SQL of the room of deployments: portable to PostgreSQL, every value bound."""

from mlops_nb.registry.queries import LET_IN

_DEPLOYMENT = f"""
SELECT d.name, m.name, d.number, d.host, d.port, d.pid, d.process_started_us, d.wanted, d.created_us,
       coalesce(p.stage, 'none'), {LET_IN}
FROM deployment d JOIN model m ON m.id = d.model
LEFT JOIN placement p ON p.model = d.model AND p.number = d.number
WHERE d.trashed_us IS NULL"""

DEPLOYMENTS = f"{_DEPLOYMENT} ORDER BY d.wanted DESC, d.name"
DEPLOYMENT = f"{_DEPLOYMENT} AND d.name = ?"
NAMES = "SELECT name FROM deployment WHERE trashed_us IS NULL ORDER BY name"
ROW = """
SELECT model, number, host, port, pid, process_started_us, wanted, restarts, created_us
FROM deployment WHERE name = ?"""

WANT = """
INSERT INTO deployment (name, model, number, host, port, wanted, created_us) VALUES (?, ?, ?, ?, ?, 1, ?)
ON CONFLICT (name) DO UPDATE SET model = excluded.model, number = excluded.number, wanted = 1,
trashed_us = NULL"""
RUNS = "UPDATE deployment SET host = ?, port = ?, pid = ?, process_started_us = ?, restarts = 0 WHERE name = ?"
RESTARTED = "UPDATE deployment SET restarts = ? WHERE name = ?"
UNWANT = "UPDATE deployment SET wanted = 0, pid = NULL, process_started_us = NULL WHERE name = ?"
PUT_BACK = """
UPDATE deployment SET model = ?, number = ?, host = ?, port = ?, pid = ?, process_started_us = ?, wanted = ?,
restarts = ?, created_us = ? WHERE name = ?"""
FORGET = "DELETE FROM deployment WHERE name = ?"

HOLD = "INSERT INTO hold VALUES (?, ?) ON CONFLICT DO NOTHING"
RELEASE = "DELETE FROM hold WHERE holder = ?"
SERVES = "SELECT model, number FROM deployment WHERE name = ?"
