"""Races pod writers against the making of a namespace and its quota: how many pods more than the quota allows get in. Used by policy_test.py."""

import http.client
import json
import subprocess
import threading
import time

from cluster_checks import OPERATOR

WRITERS = 6
QUOTA_CORES = 2
# A writer that was refused by the quota itself has seen the gate open and the quota full.
SETTLE_WITHIN_SECONDS = 20


class Proxy:
    """`kubectl proxy`: plain HTTP on this machine, so that a request costs a millisecond and not a process."""

    def __init__(self, kubectl):
        self.process = subprocess.Popen([kubectl, "proxy", "--port=0"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=10)

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)


def send(connection, method, path, body=None, who=None):
    headers = {"Content-Type": "application/json"}
    if who:
        headers["Impersonate-User"] = who
    connection.request(method, path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def pod(name):
    amounts = {"cpu": "1", "memory": "1M"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"containers": [{"name": "c", "image": "none", "resources": {"requests": amounts, "limits": amounts}}],
                     "terminationGracePeriodSeconds": 0}}


def write_pods(proxy, namespace, writer, stop, filled):
    connection = proxy.connect()
    number = 0
    while not stop.is_set():
        number += 1
        _, text = send(connection, "POST", f"/api/v1/namespaces/{namespace}/pods", pod(f"w{writer}-{number}"))
        if "exceeded quota" in text:
            filled.set()


def race(proxy, namespace):
    """Gives the number of pods that got in, and whether the quota was seen full."""
    stop, filled = threading.Event(), threading.Event()
    writers = [threading.Thread(target=write_pods, args=(proxy, namespace, writer, stop, filled)) for writer in range(WRITERS)]
    for writer in writers:
        writer.start()
    connection = proxy.connect()
    hard = {"requests.cpu": str(QUOTA_CORES), "requests.memory": "1G", "requests.storage": "0"}
    # From the first moment with its full amount: harsher than the operator, which makes a quota with zeros and raises it later.
    for path, body in [
        ("/api/v1/namespaces", {"metadata": {"name": namespace, "labels": {"yunheng.io/managed": "true"}}}),
        (f"/api/v1/namespaces/{namespace}/resourcequotas",
         {"metadata": {"name": "yunheng", "labels": {"yunheng.io/managed": "true"}}, "spec": {"hard": hard}}),
    ]:
        status, text = send(connection, "POST", path, body, who=OPERATOR)
        if status != 201:
            stop.set()
            raise SystemExit(f"gate_race: POST {path}: {status} {text}")
    filled.wait(SETTLE_WITHIN_SECONDS)
    time.sleep(0.1)
    stop.set()
    for writer in writers:
        writer.join()
    _, text = send(connection, "GET", f"/api/v1/namespaces/{namespace}/pods")
    return len(json.loads(text)["items"]), filled.is_set()


def run_races(kubectl, prefix, count):
    """Gives the numbers of races that went over quota, and of those that never filled it and so prove nothing."""
    proxy = Proxy(kubectl)
    over = unfilled = 0
    try:
        for number in range(count):
            pods, filled = race(proxy, f"{prefix}-{number}")
            over += pods > QUOTA_CORES
            unfilled += not filled or pods < QUOTA_CORES
    finally:
        proxy.close()
    return over, unfilled
