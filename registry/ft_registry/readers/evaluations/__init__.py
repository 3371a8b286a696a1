"""Outputs of evaluators, each read into one normal form: `reading.read_evaluation` is the door."""
