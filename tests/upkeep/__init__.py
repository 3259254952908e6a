"""A store that keeps itself current for a year, while its provider makes the usual trouble."""
