"""One command a module: its options, its call, its text."""
