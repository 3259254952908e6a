"""Commands carried out: watched, logged, in the background if wanted."""
