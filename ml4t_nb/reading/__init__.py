"""Bars of one dataset or many as a person reads them: adjusted, derived, in a frame."""
