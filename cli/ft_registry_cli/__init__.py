"""The command line: parses, calls, renders, exits. typer lives here and nowhere else."""
