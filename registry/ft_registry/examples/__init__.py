"""Examples: the lines of a dataset, one by one: what they say and how they are named."""
