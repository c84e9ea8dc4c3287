#!/usr/bin/env python3
"""Breaks copies of the inventory, one place at a time, and expects check.py to name the place.

    python3 inventory/test_check.py
"""

import contextlib
import io
import shutil
import tempfile
import unittest
from pathlib import Path

import check

INVENTORY = Path(__file__).parent / "xiaogan"

# file, text that stands there, text put in its place (first occurrence only), what the check must print
BREAKS = [
    ("pools.csv", "contractStart,", "", "pools.csv:1: -: header must be name,"),
    ("pools.csv", ",14251,", ",14250,", "pools.csv:0: cpu: sum is 23750 cores, the city's contract 23751 cores"),
    ("pools.csv", '"14251核', '"14252核', "pools.csv:2: text: "),
    ("pools.csv", "18812G,1286T", "18812GB,1286T", "pools.csv:2: memory: '18812GB' must be a whole number of G"),
    ("departments.csv", "data-bureau,", "Data.Bureau,", "departments.csv:2: name: 'Data.Bureau' must be 1 to 58"),
    ("departments.csv", ",420984,", ",420985,", "departments.csv:0: division: 420984 has no unit"),
    ("departments.csv", ",420900,public-security,", ",420900,exit-entry,", ": parent: exit-entry is its own ancestor"),
    ("departments.csv", ",420900,public-security,", ",420900,nobody,", ": parent: nobody isn't in departments.csv"),
    ("departments.csv", "cec:400:800G:60T", "cec:100:800G:60T", ": ceilings: granted out of cec: cpu 164 cores is"),
    ("departments.csv", "cec:400:800G:60T", "cec:400:800G:60T;cec:1:1G:1T", ": ceilings: names a pool twice"),
    ("departments.csv", "yunheng-people:zhang", "yunheng-people:zhao", ": department: civil-affairs doesn't list"),
    ("applications.csv", ",10T,婚姻", ",1.5T,婚姻", ": storage: '1.5T' must be a whole number of G or T"),
    ("applications.csv", ",64,128G,10T,婚姻", ",64,128,10T,婚姻", ": memory: '128' must be a whole number of G"),
    ("applications.csv", ",64,128G,10T,婚姻", ",64,9000G,10T,婚姻", ": memory: 108.3 % of the contract is granted"),
    ("applications.csv", ",64,128G,10T,婚姻", ",9000,128G,10T,婚姻", "pools.csv:2: cpu+memory+storage: granted cpu"),
    ("applications.csv", "Municipal,Hosted", "County,Hosted", ": tier: 128 are Municipal instead of 129"),
    ("applications.csv", "Municipal,Hosted", "Municipal,Connected", ": hosting: must be Hosted for tier Municipal"),
    ("applications.csv", ",elder-care,", ",marriage-registry,", ": name: marriage-registry stands in row"),
    ("applications.csv", ",base-geo,", ",base-geography,", ": name: base-geo, named in the source, is missing"),
    ("applications.csv", "false,true,cec,64,128G", "false,false,cec,64,128G", ": sampleQuota: must be true"),
    ("applications.csv", "false,true,true,cec,64,128G", "false,false,true,cec,64,128G", ": sample: must be true"),
    ("applications.csv", "ExtranetZone,3", "ExtranetZone,4", ": securityGrade: '4' must be one of 2, 3"),
    ("facts.csv", "base-geo,数据量,18,", "base-geo,数据量,18万,", ": value: must stay 18 条, as in the source"),
    ("facts.csv", "rural-items,乡村,", "rural-items,村,", "facts.csv:0: label: rural-items's 乡村 is missing"),
    ("facts.csv", "2020-07-17,市政", "2020-7-17,市政", ": asOf: '2020-7-17' must be a date"),
    ("workloads.csv", "registry,4,10,20G", "registry,4,17,20G", ": cpu+memory+storage: up to this row cpu 68 cores is"),
    ("workloads.csv", "registry,4,10,20G", "registry,9,10,20G", ": replicas: '9' must be one of"),
    ("workloads.csv", "app-marriage-registry", "app-divorce-registry", ": namespace: app-divorce-registry belongs"),
    ("workloads.csv", "20G,6T,cec", "20G,6T,inspur", ": pool: the application's grant is in cec"),
    ("people.csv", "department-user,education", "auditor,education", ": department: is for the two department roles"),
    ("people.csv", "\n", "\r\n", "people.csv:1: -: must be UTF-8 without byte order mark, lines ending in LF"),
    ("people.csv", "chen,", '"chen"x,', ": -: isn't CSV: "),
    ("people.csv", "auditor,审计人员,auditor,", "auditor,审计人员", ": -: has 2 columns instead of 4"),
]


def run(folder: Path) -> tuple[int, str]:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = check.main([str(folder)])
    return code, printed.getvalue()


class CheckTest(unittest.TestCase):
    def test_shipped_inventory_passes(self) -> None:
        code, printed = run(INVENTORY)
        self.assertEqual((0, f"inventory: {len(check.COLUMNS) + len(check.CHECKS)} checks passed, 0 failed\n"),
                         (code, printed))

    def test_each_break_is_named(self) -> None:
        for file, old, new, expected in BREAKS:
            with self.subTest(file=file, new=new), tempfile.TemporaryDirectory() as copy:
                folder = shutil.copytree(INVENTORY, Path(copy) / "broken")
                text = (folder / file).read_bytes().decode()
                self.assertIn(old, text, "the text to break isn't in the file any more")
                (folder / file).write_bytes(text.replace(old, new, 1).encode())
                code, printed = run(folder)
                self.assertEqual(1, code)
                self.assertIn(expected, printed)

    def test_missing_file_is_named(self) -> None:
        with tempfile.TemporaryDirectory() as copy:
            folder = shutil.copytree(INVENTORY, Path(copy) / "broken")
            (folder / "facts.csv").unlink()
            code, printed = run(folder)
            self.assertEqual(1, code)
            self.assertIn("facts.csv:0: -: can't be read", printed)


if __name__ == "__main__":
    unittest.main()
