"""The page of the audit log: who changed what, when, why, on what evidence, and whether the log holds."""
