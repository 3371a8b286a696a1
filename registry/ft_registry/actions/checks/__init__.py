"""The checks of a gate: each finds its facts, and asks `ft_registry.gates` what they say."""
