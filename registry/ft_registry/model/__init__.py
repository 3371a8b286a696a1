"""Nouns and laws: frozen values, no IO, no clock, no environment."""
