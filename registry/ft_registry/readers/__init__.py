"""Readers: from what lies on disk to values of the model."""
