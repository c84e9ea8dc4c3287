"""Drives kubectl as various people and counts what was refused and what passed. Used by policy_test.py."""

import json
import subprocess
import time

# Creation of a policy to its first refusal takes seconds at most; a busy machine gets more.
ACTIVE_WITHIN_SECONDS = 60
PAUSE_SECONDS = 0.2

SYSTEM = "yunheng-system"
OPERATOR = f"system:serviceaccount:{SYSTEM}:yunheng-operator"


def person(name):
    return f"system:serviceaccount:yunheng-people:{name}"


class Answer:
    def __init__(self, completed):
        self.ok = completed.returncode == 0
        self.text = completed.stdout if self.ok else completed.stderr

    def json(self):
        return json.loads(self.text)


class Checks:
    """Each check prints a line; `finish` prints the totals and gives the exit code."""

    def __init__(self, kubectl):
        self.kubectl = kubectl
        self.counts = {"passed": 0, "failed": 0}

    def run(self, *arguments, who=None, manifest=None):
        command = [self.kubectl, *arguments]
        if who:
            command.append(f"--as={who}")
        if manifest is not None:
            command += ["-f", "-"]
        return Answer(subprocess.run(
            command, input=json.dumps(manifest) if manifest is not None else None, capture_output=True, text=True, timeout=120, check=False))

    def must(self, *arguments, who=None, manifest=None):
        """A step of preparation: if it fails, the checks that follow mean nothing."""
        answer = self.run(*arguments, who=who, manifest=manifest)
        if not answer.ok:
            raise SystemExit(f"policy_test: can't prepare: kubectl {' '.join(arguments)}: {answer.text.strip()}")
        return answer

    def refused(self, title, words, *arguments, who=None, manifest=None):
        answer = self.run(*arguments, who=who, manifest=manifest)
        missing = [word for word in words if word not in answer.text]
        self.record(not answer.ok and not missing, f"refused: {title}",
                    "it was let through" if answer.ok else f"the message lacks {missing}: {answer.text.strip()}")

    def passes(self, title, *arguments, who=None, manifest=None):
        answer = self.run(*arguments, who=who, manifest=manifest)
        self.record(answer.ok, f"passes:  {title}", answer.text.strip())
        return answer

    def record(self, holds, title, otherwise):
        self.counts["passed" if holds else "failed"] += 1
        print(f"{'ok    ' if holds else 'FAILED'} {title}" + ("" if holds else f"\n       {otherwise}"), flush=True)

    def eventually(self, title, condition):
        """Waits for what a controller does by itself."""
        deadline = time.monotonic() + ACTIVE_WITHIN_SECONDS
        last = None
        while time.monotonic() < deadline:
            done, last = condition()
            if done:
                break
            time.sleep(PAUSE_SECONDS)
        self.record(done, title, f"not within {ACTIVE_WITHIN_SECONDS} s; last seen: {last}")

    def wait_until_refused(self, policy, *arguments, who=None, manifest=None):
        """A policy takes effect a moment after it is made: nothing relies on it before it has refused a dry run."""
        deadline = time.monotonic() + ACTIVE_WITHIN_SECONDS
        while time.monotonic() < deadline:
            answer = self.run(*arguments, "--dry-run=server", who=who, manifest=manifest)
            if not answer.ok and policy in answer.text:
                return
            time.sleep(PAUSE_SECONDS)
        raise SystemExit(f"policy_test: {policy} isn't in force after {ACTIVE_WITHIN_SECONDS} s; last answer: {answer.text.strip()}")

    def may(self, who, expected, verb, resource, namespace=None):
        scope = ["--namespace", namespace] if namespace else ["--all-namespaces"]
        answer = subprocess.run([self.kubectl, "auth", "can-i", verb, resource, *scope, f"--as={who}"],
                                capture_output=True, text=True, timeout=60, check=False)
        said = answer.stdout.strip().splitlines()[-1] if answer.stdout.strip() else answer.stderr.strip()
        self.record(said == ("yes" if expected else "no"), f"{who.rsplit(':', 1)[-1]} {'may' if expected else 'may not'} {verb} {resource}"
                    + (f" in {namespace}" if namespace else ""), f"can-i says {said}")

    def finish(self):
        print(f"{self.counts['passed']} passed, {self.counts['failed']} failed")
        return 1 if self.counts["failed"] else 0
