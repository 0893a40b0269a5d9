"""Benchmarks: the daemon and its peers side by side."""
