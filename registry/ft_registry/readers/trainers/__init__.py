"""What trainers leave beside the weights, in one form: `reading.read_training` is the door.

Every file is read as data from a stranger: nothing of it is run, and what has an odd type, size or
depth is told by name, not guessed at.
"""
