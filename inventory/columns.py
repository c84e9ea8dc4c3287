"""The columns of the inventory's files, what each may hold, and how a file is read."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple


def read_table(path: Path, columns: dict[str, Grammar]) -> tuple[list[Row], list[Finding]]:
    file = path.name
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        return [], [Finding(file, 0, "-", f"can't be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        return [], [Finding(file, 0, "-", f"isn't UTF-8 at byte {error.start}")]
    if text.startswith("\ufeff") or "\r" in text:
        return [], [Finding(file, 1, "-", "must be UTF-8 without byte order mark, lines ending in LF")]
    rows, findings = [], []
    try:
        # newline="" keeps the reader's line numbers true; strict refuses a stray quote instead of guessing.
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(reader, [])
        if header != list(columns):
            return [], [Finding(file, 1, "-", "header must be " + ",".join(columns))]
        for cells in reader:
            line = reader.line_num
            if len(cells) != len(columns):
                findings.append(Finding(file, line, "-", f"has {len(cells)} columns instead of {len(columns)}"))
                continue
            rows.append(Row(line, dict(zip(columns, cells))))
            findings += [Finding(file, line, column, f"{cell!r} {rule.words}")
                         for (column, rule), cell in zip(columns.items(), cells) if not rule.pattern.fullmatch(cell)]
    except csv.Error as error:
        findings.append(Finding(file, reader.line_num, "-", f"isn't CSV: {error}"))
    return rows, findings


class Finding(NamedTuple):
    file: str
    row: int
    column: str
    reason: str


class Row(NamedTuple):
    line: int
    value: dict[str, str]


class Grammar(NamedTuple):
    pattern: re.Pattern[str]
    words: str


def grammar(pattern: str, words: str) -> Grammar:
    return Grammar(re.compile(pattern), words)


def name_up_to(limit: int) -> Grammar:
    # Names become namespaces (`dept-…`, `app-…`), which Kubernetes limits to 63 characters.
    return grammar(rf"(?=.{{1,{limit}}}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?",
                   f"must be 1 to {limit} lower-case letters, digits and inner hyphens")


def one_of(*words: str) -> Grammar:
    return grammar("|".join(words), "must be one of " + ", ".join(words))


def optional(inner: Grammar) -> Grammar:
    return grammar(f"({inner.pattern.pattern})?", "may be empty, else " + inner.words)


TEXT = grammar(r"\S(.*\S)?", "must be text without blanks at its ends")
NOTE = grammar(r".*", "may hold any text")
DEPARTMENT = name_up_to(58)
APPLICATION = name_up_to(59)
NAME = name_up_to(63)
CPU = grammar(r"[1-9][0-9]{0,8}", "must be a whole number of cores above zero, like 64")
MEMORY = grammar(r"[1-9][0-9]{0,8}G", "must be a whole number of G above zero, like 128G")
STORAGE = grammar(r"[1-9][0-9]{0,8}[GT]", "must be a whole number of G or T above zero, like 500G or 10T")
CLAIM = grammar(r"0G|[1-9][0-9]{0,8}[GT]", "must be a whole number of G or T, or 0G for no claim")
FLAG = one_of("true", "false")
DATE = grammar(r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", "must be a date like 2020-07-17")
TIER = one_of("NationalProvincial", "Municipal", "County")
ZONE = one_of("InternetZone", "ExtranetZone", "LeasedLineZone", "DMZ")
ROLE = one_of("cloud-admin", "approver-tech", "approver-admin", "auditor", "provider",
              "department-owner", "department-user")
DIVISION = grammar(r"[1-9][0-9]{5}", "must be a division code of six digits")
CREDIT_CODE = grammar(r"[0-9A-HJ-NPQRTUWXY]{18}", "must be a unified social credit code of 18 characters")
PHONE = grammar(r"[0-9]{3,4}-[0-9]{7,8}", "must be a phone number like 0712-0000000")
MEMBERS = grammar(r"[^\s;]+(;[^\s;]+)*", "must be user names or group:<name>, separated by `;`")
CEILINGS = grammar(r"C(;C)*".replace("C", r"[-a-z0-9]+:[1-9][0-9]{0,8}:[1-9][0-9]{0,8}G:[1-9][0-9]{0,8}[GT]"),
                   "must be pool:cpu:memory:storage like cec:400:800G:60T, separated by `;`")

COLUMNS: dict[str, dict[str, Grammar]] = {
    "pools.csv": {
        "name": NAME, "displayName": TEXT, "providerName": TEXT, "providerCode": NAME, "contractId": TEXT,
        "contractStart": DATE, "contractEnd": DATE, "cpu": CPU, "memory": MEMORY, "storage": STORAGE, "text": TEXT,
        "declaredStorage": STORAGE, "sample": FLAG},
    "departments.csv": {
        "name": DEPARTMENT, "displayName": TEXT, "tier": TIER, "division": optional(DIVISION),
        "parent": optional(DEPARTMENT), "code": optional(CREDIT_CODE), "contactName": TEXT, "contactPhone": PHONE,
        "owners": optional(MEMBERS), "users": optional(MEMBERS), "ceilings": optional(CEILINGS), "sample": FLAG},
    "applications.csv": {
        "department": DEPARTMENT, "name": APPLICATION, "displayName": TEXT, "tier": TIER,
        "hosting": one_of("Hosted", "Connected"), "zone": ZONE, "securityGrade": one_of("2", "3"),
        "domesticIt": FLAG, "keyEvent": FLAG, "sample": FLAG, "sampleQuota": FLAG, "pool": NAME, "cpu": CPU,
        "memory": MEMORY, "storage": STORAGE, "description": NOTE},
    "facts.csv": {
        "application": APPLICATION, "label": TEXT, "value": TEXT, "unit": NOTE, "asOf": DATE, "source": TEXT},
    "workloads.csv": {
        "namespace": NAME, "name": NAME, "replicas": one_of(*"123456"), "cpu": CPU, "memory": MEMORY,
        "storage": CLAIM, "pool": NAME},
    "people.csv": {
        "name": NAME, "displayName": TEXT, "role": ROLE, "department": optional(DEPARTMENT)},
}
