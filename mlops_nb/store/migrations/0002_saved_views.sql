-- A filter, an order and columns for lists of runs, under a name that everybody can use.
CREATE TABLE saved_view (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  filter TEXT NOT NULL,
  sort TEXT NOT NULL,
  columns TEXT NOT NULL,             -- JSON list: ["metrics.auc", "params.lr"]
  actor TEXT NOT NULL,
  created_us INTEGER NOT NULL,       -- when it was saved last
  trashed_us INTEGER
);

-- How many runs of an experiment ended how, and its newest finished ones, without a look at the wide rows.
CREATE INDEX run_outcome ON run(experiment, status, trashed_us);
