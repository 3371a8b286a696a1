"""What other programs load of us: small, nothing heavy at the top, and no harm to who loads it."""
