"""Findings as a person looks at them."""
