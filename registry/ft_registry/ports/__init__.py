"""Ports: the small protocols through which the actions reach the world."""
