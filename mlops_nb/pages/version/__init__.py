"""The page of one version: where it stands, on what evidence, what is next, and who may let it on."""
