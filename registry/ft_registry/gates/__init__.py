"""What a gate's checks decide: pure functions from facts to answers."""
