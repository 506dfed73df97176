"""The frame of every page: navigation, search, the reader, the status line."""
