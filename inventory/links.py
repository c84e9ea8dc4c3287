#!/usr/bin/env python3
"""Makes xiaogan/links.csv from xiaogan/divisions.csv: a link for each county, township and village of the register, and the first-level
links that no register has. Addresses are sample data: county c, township t and village v are 127.(64+c).t.v, in the order of the register,
with .254 for a place's own router. All of 127/8 answers on any Linux machine; the simulator takes the same numbers under 100.

    inventory/links.py            writes inventory/xiaogan/links.csv
    inventory/links.py --check    writes nothing; exit code 1 if it is out of date
"""

import collections
import csv
import io
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent / "xiaogan"
COLUMNS = ["name", "displayName", "level", "division", "uplinks", "address", "class", "carrier", "bandwidthMbps", "sample"]
# Above the counties: not in any register.
FIRST = [
    ("chutian-cloud", "楚天云(省政务云)", "Interconnect", "127.64.1.1"),
    ("provincial-extranet", "省级电子政务外网", "Interconnect", "127.64.1.2"),
    ("provider-cec", "中电长城网际机房", "Provider", "127.64.2.1"),
    ("provider-inspur", "浪潮机房", "Provider", "127.64.2.2"),
]
ROUTER = 254


def links(divisions):
    for name, shown, level, address in FIRST:
        yield [name, shown, level, "4209", "city-core", address, level.lower(), "", "", "true"]
    place, below = {}, collections.Counter()
    for level, parent_level in [("county", None), ("township", "county"), ("village", "township")]:
        for row in divisions:
            if row["level"] != level:
                continue
            below[row["parent"]] += 1
            number = below[row["parent"]]
            if level == "county":
                place[row["code"]] = (64 + number, 0)
                address = (64 + number, 0, ROUTER)
            elif level == "township":
                county = place[row["parent"]][0]
                place[row["code"]] = (county, number)
                address = (county, number, ROUTER)
            else:
                if number >= ROUTER:
                    sys.exit(f"{row['parent']} has more than {ROUTER - 1} villages: give addresses another layout")
                address = (*place[row["parent"]], number)
            uplink = f"{parent_level}-{row['parent']}" if parent_level else "city-core"
            dotted = "127." + ".".join(map(str, address))
            yield [f"{level}-{row['code']}", row["name"], level.capitalize(), row["code"], uplink, dotted, level, "", "", "true"]


def main():
    with open(FOLDER / "divisions.csv", encoding="utf-8", newline="") as file:
        divisions = list(csv.DictReader(file))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(links(divisions))
    target = FOLDER / "links.csv"
    if "--check" in sys.argv[1:]:
        if target.read_text(encoding="utf-8") != text.getvalue():
            sys.exit("inventory/xiaogan/links.csv is out of date: run inventory/links.py")
        return
    target.write_text(text.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    main()
