"""The audit log: append-only, hash-chained from a genesis row that holds the store's id, anchored outside."""
