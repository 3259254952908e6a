"""Bars on disk: chunks, manifests, locks; `store.Store` is the only door."""
