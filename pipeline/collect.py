"""Write one version of the labelled examples, or the held-out evaluation set.

Stands for the people who collect and label data: the pipeline starts from its output.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import jsonl
import task


def main(argv: Sequence[str] | None = None) -> None:
    """Write the examples that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--data-version", type=int, choices=(1, 2, 3), help="the data version")
    which.add_argument("--heldout", action="store_true", help="the evaluation set")
    parser.add_argument("--out", type=Path, required=True, help="the JSONL file to write")
    args = parser.parse_args(argv)
    rows = task.heldout() if args.heldout else task.examples(args.data_version)
    jsonl.write(args.out, rows)
    print(f"wrote {len(rows)} examples to {args.out}")


if __name__ == "__main__":
    main()
