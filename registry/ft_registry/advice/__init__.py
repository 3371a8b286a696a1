"""What the usual order of decisions (prompt, retrieval, fine-tune) implies of what was measured."""
