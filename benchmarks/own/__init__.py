"""Workloads of the package alone, each in a fresh process: ``python -m benchmarks.own NAME``."""
