"""Evaluations in one form, whoever measured: pure, and knows the model alone."""
