"""The pages of canvases: all of them, and one as it is read and written."""
