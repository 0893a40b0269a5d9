"""Fuzzing: what peers send, in every shape, against what has to hold for all of it."""
