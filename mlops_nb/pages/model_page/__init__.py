"""The page of one model: where its versions stand or stood, and how they came there."""
