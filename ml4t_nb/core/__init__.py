"""Pure functions on bars, stamps and values: no file, no network, no clock."""
