"""The first page: the lifecycle as a line, and what needs attention."""
