"""git: the carrier of the ledger, and the code around the work."""
