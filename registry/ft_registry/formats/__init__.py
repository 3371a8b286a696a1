"""Formats: from values of the model to text that others read."""
