"""A finding as a person looks at it: its evidence, in words, in a picture, in a table."""
