"""Speed and size of the store beside what else one might use: ``python -m benchmarks``."""
