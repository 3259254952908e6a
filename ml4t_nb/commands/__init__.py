"""Commands: verbs as they are declared, typed, spelled and completed."""
