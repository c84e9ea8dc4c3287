"""Prints the part of an inventory file that is one pool's: of nodes.yaml its groups, of workloads.csv its rows.

part_of_pool.py FILE POOL
"""

import csv
import pathlib
import re
import sys


def main() -> None:
    path, pool = pathlib.Path(sys.argv[1]), sys.argv[2]
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        rows = csv.DictReader(text.splitlines())
        out = csv.DictWriter(sys.stdout, rows.fieldnames or [], lineterminator="\n")
        out.writeheader()
        out.writerows(row for row in rows if row["pool"] == pool)
        return
    head, *groups = re.split(r"(?m)^(?=- pool: )", text)
    own = [group for group in groups if group.splitlines()[0] == f"- pool: {pool}"]
    if not own:
        sys.exit(f"{path}: no group of nodes is of pool {pool}")
    sys.stdout.write(head + "".join(own))


main()
