"""Executors: who runs the kernel over the parts of a dataset."""
