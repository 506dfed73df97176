"""The pages of risks: all versions with theirs, and one as it is read, changed and accepted."""
