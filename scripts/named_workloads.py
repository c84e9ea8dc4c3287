"""Prints the sample workloads of those applications that the city has named."""

import csv
import pathlib
import sys


def main() -> None:
    inventory = pathlib.Path(sys.argv[1])
    with (inventory / "applications.csv").open(encoding="utf-8", newline="") as file:
        named = {f"app-{row['name']}" for row in csv.DictReader(file) if row["sample"] != "true"}
    with (inventory / "workloads.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        out = csv.DictWriter(sys.stdout, rows.fieldnames or [], lineterminator="\n")
        out.writeheader()
        out.writerows(row for row in rows if row["namespace"] in named)


main()
