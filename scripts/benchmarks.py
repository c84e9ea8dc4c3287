"""Prints docs/benchmarks.md from the JSON lines that the benchmarks printed."""

import datetime
import json
import pathlib
import platform
import subprocess
import sys


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def machine() -> list[str]:
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    cores = output("nproc")
    memory = int(next(line.split()[1] for line in open("/proc/meminfo") if line.startswith("MemTotal")))
    return [
        f"- Machine: {cores} cores ({cpu}), {memory / 1048576:.0f} GiB, {platform.system()} {platform.release()}",
        f"- Versions: {output('rustc', '--version')}; {output('go', 'version')}; Kubernetes 1.37.2 (local control plane)",
        f"- Commit: {output('git', 'rev-parse', '--short', 'HEAD')}",
        f"- Date: {datetime.date.today().isoformat()}",
        "- Command: `make bench`",
    ]


def results(folder: pathlib.Path) -> list[dict]:
    found = []
    for file in sorted(folder.glob("*.txt")):
        for line in file.read_text().splitlines():
            if line.startswith("{"):
                found.append(json.loads(line))
    return sorted(found, key=lambda result: result["id"])


def cell(value: object) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else str(value)


def main() -> None:
    print("# Benchmarks\n")
    print("Written by `make bench`. Control plane, operator, API and clients share the machine's cores;")
    print("ratios are measured side by side in one run, absolute times hold for this machine alone.\n")
    print("\n".join(machine()), "\n")
    print("| # | measure | result | unit | aim | details |")
    print("| --- | --- | ---: | --- | --- | --- |")
    for result in results(pathlib.Path(sys.argv[1])):
        columns = ("id", "measure", "value", "unit", "target", "detail")
        row = [cell(result.get(column, "")) for column in columns]
        print("| " + " | ".join(text.replace("|", "\\|") for text in row) + " |")


main()
