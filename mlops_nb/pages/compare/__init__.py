"""The page that compares runs: what differs, in sentences first."""
