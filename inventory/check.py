#!/usr/bin/env python3
"""Checks that an inventory folder holds together before it is imported.

    python3 inventory/check.py [FOLDER]          (default: inventory/xiaogan)

Every finding is printed as `file:row: column: reason`; the row is the line of the file, 1 being the header.
Exit code 0: no finding. 1: findings. 2: wrong call. Needs Python 3.11 and nothing else.
"""

import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Callable, Iterator

from columns import COLUMNS, Finding, Row, read_table


def main(arguments: list[str]) -> int:
    if len(arguments) > 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    folder = Path(arguments[0]) if arguments else Path(__file__).parent / "xiaogan"

    tables: dict[str, list[Row]] = {}
    passed = failed = 0
    for file, columns in COLUMNS.items():
        tables[file], findings = read_table(folder / file, columns)
        passed, failed = report(findings, passed, failed)
    # Sums and references over rows that can't be read would only repeat the findings above.
    if failed == 0:
        for check in CHECKS:
            passed, failed = report(list(check(tables)), passed, failed)
    else:
        print(f"inventory: {len(CHECKS)} checks over several files not run, because of the findings above")
    print(f"inventory: {passed} checks passed, {failed} failed")
    return 1 if failed else 0


Tables = dict[str, list[Row]]
Findings = Iterator[Finding]


def report(findings: list[Finding], passed: int, failed: int) -> tuple[int, int]:
    for finding in findings:
        print(f"{finding.file}:{finding.row}: {finding.column}: {finding.reason}")
    return (passed, failed + 1) if findings else (passed + 1, failed)


# The contract as the city published it: 23751核, 31353G, 2143T (bytes are decimal).
CITY = {"cpu": 23_751, "memory": 31_353 * 10**9, "storage": 2_143 * 10**12}
TIERS = {"NationalProvincial": 31, "Municipal": 129, "County": 48}
COUNTIES = {"420902", "420921", "420922", "420923", "420981", "420982", "420984"}
# The share of the city's contract that is granted, in per cent, so that memory is what runs out first.
SHARES = {"cpu": (58, 62), "memory": (78, 82), "storage": (53, 57)}
# One pod has to fit a simulated node of 256 cores and 340G beside others.
POD = {"cpu": 64, "memory": 256 * 10**9}
MAX_PODS = 250

# The systems which the city's own account names; all others are sample data.
NAMED = set("""
national-service-platform hubei-service-net province-integrated-platform ehuiban ehuiban-mini province-supervision
province-bigdata province-trading hubei-health-code
data-exchange base-population base-legal-person base-geo base-credit base-license topic-supervision topic-business
topic-convenience topic-insurance topic-housing topic-health topic-ybss e-seal trusted-license supervision wuhua
haochaping hotline-12345 place-code cloud-hospital tcm-collection epidemic-bigdata batch-query utility-analysis
resume-work self-service hr-self-service abc-self-service enterprise-start real-estate construction-approval
citizen-home license-express one-thing
xiaonan-center rural-items
""".split())
# Figures that look like slips of the pen but stand so in the source: nobody may "correct" them.
PINNED = {("base-geo", "数据量"): ("18", "条"), ("rural-items", "乡村"): ("2572", "个"),
          ("supervision", "监管事项认领率"): ("96.35", "%")}
SOURCE = "市政务服务和大数据管理局访谈 2020-07-17"
MEMBER_PREFIX = "system:serviceaccount:yunheng-people:"


def amount(text: str) -> int:
    scale = {"G": 10**9, "T": 10**12}.get(text[-1])
    return int(text[:-1]) * scale if scale else int(text)


def bundle(value: dict[str, str], times: int = 1) -> Counter[str]:
    """CPU, memory and storage of a row; a claim is shared by the replicas, so `times` leaves it alone."""
    return Counter(cpu=times * amount(value["cpu"]), memory=times * amount(value["memory"]),
                   storage=amount(value["storage"]))


def show(resource: str, units: int) -> str:
    return f"{units} cores" if resource == "cpu" else f"{units // 10**9}G"


def above(need: Counter[str], limit: Counter[str]) -> list[str]:
    return [f"{resource} {show(resource, need[resource])} is above {show(resource, limit[resource])}"
            for resource in CITY if need[resource] > limit[resource]]


def granted_by_pool(tables: Tables) -> dict[str, Counter[str]]:
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for _, value in tables["applications.csv"]:
        sums[value["pool"]] += bundle(value)
    return sums


def keys_are_unique(tables: Tables) -> Findings:
    for file, columns in [("pools.csv", ["name"]), ("departments.csv", ["name"]), ("departments.csv", ["displayName"]),
                          ("applications.csv", ["name"]), ("applications.csv", ["displayName"]),
                          ("facts.csv", ["application", "label"]), ("workloads.csv", ["namespace", "name"]),
                          ("people.csv", ["name"])]:
        first: dict[tuple[str, ...], int] = {}
        for line, value in tables[file]:
            key = tuple(value[column] for column in columns)
            if first.setdefault(key, line) != line:
                yield Finding(file, line, "+".join(columns), f"{'/'.join(key)} stands in row {first[key]} already")


def references_exist(tables: Tables) -> Findings:
    names = {file: {row.value["name"] for row in tables[file]}
             for file in ("pools.csv", "departments.csv", "applications.csv")}
    for file, column, target in [("departments.csv", "parent", "departments.csv"),
                                 ("applications.csv", "department", "departments.csv"),
                                 ("applications.csv", "pool", "pools.csv"), ("workloads.csv", "pool", "pools.csv"),
                                 ("facts.csv", "application", "applications.csv"),
                                 ("people.csv", "department", "departments.csv")]:
        for line, value in tables[file]:
            if value[column] and value[column] not in names[target]:
                yield Finding(file, line, column, f"{value[column]} isn't in {target}")
    for line, value in tables["departments.csv"]:
        for pool in ceilings(value):
            if pool not in names["pools.csv"]:
                yield Finding("departments.csv", line, "ceilings", f"{pool} isn't in pools.csv")
        if value["ceilings"] and len(ceilings(value)) <= value["ceilings"].count(";"):
            yield Finding("departments.csv", line, "ceilings", "names a pool twice")


def pools_make_up_the_contract(tables: Tables) -> Findings:
    pools = tables["pools.csv"]
    for resource, contract in CITY.items():
        total = sum(amount(row.value[resource]) for row in pools)
        if total != contract:
            yield Finding("pools.csv", 0, resource,
                          f"sum is {show(resource, total)}, the city's contract {show(resource, contract)}")
    for line, value in pools:
        text = f"{value['cpu']}核, {value['memory']}, {value['storage']}"
        if value["text"] != text:
            yield Finding("pools.csv", line, "text", f"{value['text']!r} doesn't say {text!r}")
        if value["contractEnd"] <= value["contractStart"]:
            yield Finding("pools.csv", line, "contractEnd", "isn't after contractStart")


def tiers_count_208(tables: Tables) -> Findings:
    counted = Counter(row.value["tier"] for row in tables["applications.csv"])
    for tier, expected in TIERS.items():
        if counted[tier] != expected:
            yield Finding("applications.csv", 0, "tier", f"{counted[tier]} are {tier} instead of {expected}")
    for line, value in tables["applications.csv"]:
        hosting = "Connected" if value["tier"] == "NationalProvincial" else "Hosted"
        if value["hosting"] != hosting:
            yield Finding("applications.csv", line, "hosting", f"must be {hosting} for tier {value['tier']}")


def counties_are_complete(tables: Tables) -> Findings:
    divisions = {row.value["division"] for row in tables["departments.csv"] if row.value["tier"] == "County"}
    for division in sorted(COUNTIES ^ divisions):
        reason = "has no unit" if division in COUNTIES else "isn't a county of the city"
        yield Finding("departments.csv", 0, "division", f"{division} {reason}")


def sample_marks_are_true(tables: Tables) -> Findings:
    names = {row.value["name"] for row in tables["applications.csv"]}
    for name in sorted(NAMED - names):
        yield Finding("applications.csv", 0, "name", f"{name}, named in the source, is missing")
    for line, value in tables["applications.csv"]:
        expected = "false" if value["name"] in NAMED else "true"
        if value["sample"] != expected:
            yield Finding("applications.csv", line, "sample", f"must be {expected}: {value['name']} is "
                          + ("named in the source" if expected == "false" else "sample data"))
        if value["sampleQuota"] != "true":
            yield Finding("applications.csv", line, "sampleQuota", "must be true: the source gives no quota")


def parents_make_no_cycle(tables: Tables) -> Findings:
    parents = {row.value["name"]: row.value["parent"] for row in tables["departments.csv"]}
    for line, value in tables["departments.csv"]:
        if value["name"] in ancestors(value["name"], parents):
            yield Finding("departments.csv", line, "parent", f"{value['name']} is its own ancestor")


def ancestors(name: str, parents: dict[str, str]) -> list[str]:
    found: list[str] = []
    while (name := parents.get(name, "")) and name not in found:
        found.append(name)
    return found


def ceilings(value: dict[str, str]) -> dict[str, Counter[str]]:
    found = {}
    for item in filter(None, value["ceilings"].split(";")):
        pool, cpu, memory, storage = item.split(":")
        found[pool] = bundle({"cpu": cpu, "memory": memory, "storage": storage})
    return found


def ceilings_hold_the_grants(tables: Tables) -> Findings:
    parents = {row.value["name"]: row.value["parent"] for row in tables["departments.csv"]}
    out: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for _, value in tables["applications.csv"]:
        # A ceiling bounds the grants of the department and of all below it.
        for department in {value["department"], *ancestors(value["department"], parents)}:
            out[department, value["pool"]] += bundle(value)
    for line, value in tables["departments.csv"]:
        for pool, limit in ceilings(value).items():
            for excess in above(out[value["name"], pool], limit):
                yield Finding("departments.csv", line, "ceilings", f"granted out of {pool}: {excess}")


def grants_fit_the_pools(tables: Tables) -> Findings:
    granted = granted_by_pool(tables)
    for line, value in tables["pools.csv"]:
        capacity, out = bundle(value), granted[value["name"]]
        for excess in above(out, capacity):
            yield Finding("pools.csv", line, "cpu+memory+storage", f"granted {excess}")
        binding = max(CITY, key=lambda resource: out[resource] / capacity[resource])
        if binding != "memory":
            yield Finding("pools.csv", line, binding, f"binds in pool {value['name']}, but memory must")


def shares_are_as_intended(tables: Tables) -> Findings:
    total: Counter[str] = sum(granted_by_pool(tables).values(), Counter())
    for resource, (low, high) in SHARES.items():
        # Compared as whole numbers: no rounding decides.
        if not low * CITY[resource] <= 100 * total[resource] <= high * CITY[resource]:
            yield Finding("applications.csv", 0, resource, f"{100 * total[resource] / CITY[resource]:.1f} % of the "
                          f"contract is granted instead of {low} to {high} %")


def facts_are_the_sources(tables: Tables) -> Findings:
    told = set()
    for line, value in tables["facts.csv"]:
        told |= {value["application"], (value["application"], value["label"])}
        if value["application"] not in NAMED:
            yield Finding("facts.csv", line, "application", f"{value['application']} isn't named in the source")
        if value["source"] != SOURCE:
            yield Finding("facts.csv", line, "source", f"must be {SOURCE}")
        key, found = (value["application"], value["label"]), (value["value"], value["unit"])
        if PINNED.get(key, found) != found:
            yield Finding("facts.csv", line, "value", f"must stay {' '.join(PINNED[key])}, as in the source")
    for name in sorted(name for name in NAMED - told if not name.startswith("topic-")):
        yield Finding("facts.csv", 0, "application", f"{name} has no fact")
    for application, label in sorted(PINNED.keys() - told):
        yield Finding("facts.csv", 0, "label", f"{application}'s {label} is missing")


def workloads_fit_the_grants(tables: Tables) -> Findings:
    applications = {"app-" + row.value["name"]: row.value for row in tables["applications.csv"]}
    need: dict[str, Counter[str]] = defaultdict(Counter)
    pods = 0
    for line, value in tables["workloads.csv"]:
        application = applications.get(value["namespace"])
        if application is None:
            yield Finding("workloads.csv", line, "namespace", f"{value['namespace']} belongs to no application")
            continue
        if application["pool"] != value["pool"]:
            yield Finding("workloads.csv", line, "pool", f"the application's grant is in {application['pool']}")
        for resource, limit in POD.items():
            if amount(value[resource]) > limit:
                yield Finding("workloads.csv", line, resource, f"a pod may have {show(resource, limit)} at most")
        pods += int(value["replicas"])
        need[value["namespace"]] += bundle(value, times=int(value["replicas"]))
        for excess in above(need[value["namespace"]], bundle(application)):
            yield Finding("workloads.csv", line, "cpu+memory+storage", f"up to this row {excess}, the grant")
    if pods > MAX_PODS:
        yield Finding("workloads.csv", 0, "replicas", f"{pods} pods in all, at most {MAX_PODS} are meant")


def people_match_the_departments(tables: Tables) -> Findings:
    member_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line, value in tables["departments.csv"]:
        for column, role in [("owners", "department-owner"), ("users", "department-user")]:
            for member in filter(None, value[column].split(";")):
                member_of[role, value["name"]].add(member)
    for line, value in tables["people.csv"]:
        bound = value["role"].startswith("department-")
        if bound != bool(value["department"]):
            yield Finding("people.csv", line, "department", "is for the two department roles, and needed there")
        elif bound and MEMBER_PREFIX + value["name"] not in member_of[value["role"], value["department"]]:
            yield Finding("people.csv", line, "department", f"{value['department']} doesn't list {value['name']} in "
                          "departments.csv as " + value["role"])
    known = {MEMBER_PREFIX + row.value["name"] for row in tables["people.csv"]}
    for line, value in tables["departments.csv"]:
        for column in ("owners", "users"):
            for member in value[column].split(";"):
                if member.startswith(MEMBER_PREFIX) and member not in known:
                    yield Finding("departments.csv", line, column, f"{member} isn't in people.csv")


CHECKS: list[Callable[[Tables], Findings]] = [
    keys_are_unique, references_exist, pools_make_up_the_contract, tiers_count_208, counties_are_complete,
    sample_marks_are_true, parents_make_no_cycle, ceilings_hold_the_grants, grants_fit_the_pools,
    shares_are_as_intended, facts_are_the_sources, workloads_fit_the_grants, people_match_the_departments,
]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
