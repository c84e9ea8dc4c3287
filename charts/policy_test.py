#!/usr/bin/env python3
"""Tests the chart's roles and admission policies on a running cluster: for each policy somebody who must be refused, with the message
he gets, and somebody who must pass.

The cluster has the kinds of charts/yunheng/crds and the manifests of charts/yunheng/rendered/local.yaml, and no operator: the test acts as
the operator itself. charts/test starts such a cluster. Objects are named by the run, so a second run on the same cluster works too.

    charts/policy_test.py [--kubectl PROGRAM] [--races N]        KUBECONFIG names the cluster; its user is a cluster administrator
"""

import argparse
import json
import pathlib
import secrets
import sys

from cluster_checks import OPERATOR, SYSTEM, Checks, person
from gate_race import pod, run_races

ZHANG, LI = person("zhang"), person("li")
CLOUD, ADMIN, TECH, AUDITOR = person("cloud-admin"), person("approver-admin"), person("approver-tech"), person("auditor")
HOST_AGENT, API = f"system:serviceaccount:{SYSTEM}:yunheng-host-agent", f"system:serviceaccount:{SYSTEM}:yunheng-api"
MARK = {"yunheng.io/managed": "true"}
ZERO = {"cpu": "0", "memory": "0G", "storage": "0T"}
SOME = {"cpu": "2", "memory": "4G", "storage": "1T"}


def made(kind, name, spec=None, namespace=None, api="yunheng.io/v1alpha1", labels=None, annotations=None, **rest):
    metadata = {"name": name, "labels": labels or {}, "annotations": annotations or {}}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **({"spec": spec} if spec is not None else {}), **rest}


def namespace_object(name, labels=None, annotations=None):
    return made("Namespace", name, api="v1", labels=labels, annotations=annotations)


def quota(namespace, name, amount, labels=None, keys=("requests.cpu", "requests.memory", "requests.storage")):
    return made("ResourceQuota", name, {"hard": {key: amount for key in keys}}, namespace, api="v1", labels=labels)


def claim(namespace, name):
    return made("PersistentVolumeClaim", name, {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1"}}},
                namespace, api="v1")


def pool(name):
    return made("ResourcePool", name, {
        "displayName": "试验资源池", "provider": {"name": "试验", "code": name},
        "contract": {"id": name, "start": "2026-01-01", "end": "2026-12-31", "capacity": {"cpu": "10", "memory": "20G", "storage": "1T"}}})


def ledger_of(name, entries=(), ceilings=()):
    return made("PoolLedger", name, {
        "revision": 1, "capacity": {"cpuMillis": 1, "memoryBytes": 1, "storageBytes": 1}, "entries": list(entries), "ceilings": list(ceilings)})


def entry(namespace):
    line = {"allocation": f"{namespace}/portal", "uid": "uid-1", "generation": 1, "revision": 1, "granted": [1, 0, 0]}
    return json.dumps(line, separators=(",", ":"))


def patch(document):
    return ["--type=merge", "--patch", json.dumps(document)]


def json_patch(*operations):
    return ["--type=json", "--patch", json.dumps([dict(zip(("op", "path", "value"), operation)) for operation in operations])]


def type_checks(c):
    """The server checks each expression against the kinds it applies to; a warning is an expression that fails when it is needed."""
    def checked():
        policies = c.must("get", "validatingadmissionpolicies", "-l", "app.kubernetes.io/part-of=yunheng", "-o", "json").json()["items"]
        late = [p["metadata"]["name"] for p in policies if p.get("status", {}).get("observedGeneration") != p["metadata"]["generation"]]
        return bool(policies) and not late, late
    c.eventually("every policy is type-checked by the server", checked)
    for policy in c.must("get", "validatingadmissionpolicies", "-l", "app.kubernetes.io/part-of=yunheng", "-o", "json").json()["items"]:
        warnings = (policy.get("status", {}).get("typeChecking") or {}).get("expressionWarnings", [])
        c.record(not warnings, f"no type warning in {policy['metadata']['name']}", warnings)


def ledgers_and_statuses(c, run):
    name = f"pt-{run}"
    ledger = ledger_of(name)
    c.wait_until_refused("yunheng-ledgers", "create", manifest=ledger)
    words = ["written by Yunheng's operator alone"]
    c.refused("a cluster administrator makes a ledger", words, "create", manifest=ledger)
    c.passes("the operator makes a ledger", "create", who=OPERATOR, manifest=ledger)
    c.refused("a cluster administrator changes a ledger", words, "patch", "poolledger", name, *patch({"spec": {"revision": 9}}))
    c.refused("a cluster administrator deletes a ledger", words, "delete", "poolledger", name)
    c.refused("a cluster administrator deletes all ledgers at once", words, "delete", "--raw", "/apis/yunheng.io/v1alpha1/poolledgers")
    c.passes("the operator deletes a ledger", "delete", "poolledger", name, who=OPERATOR)

    c.must("create", manifest=pool(name))
    status = ["patch", "resourcepool", name, "--subresource=status", *patch({"status": {"granted": SOME, "conditions": []}})]
    c.wait_until_refused("yunheng-statuses", *status)
    c.refused("a cluster administrator writes a pool's status", ["status of Yunheng's objects"], *status)
    c.passes("the operator writes a pool's status", *status, who=OPERATOR)

    c.must("create", who=OPERATOR, manifest=ledger_of(name, [entry(f"dept-{name}")]))
    c.wait_until_refused("yunheng-pool-deletion", "delete", "resourcepool", name, "--dry-run=server", who=CLOUD)
    c.refused("a pool whose ledger has an entry is deleted", [f"pool {name} still has quota granted", "release its allocations"],
              "delete", "resourcepool", name, who=CLOUD)
    c.refused("… or all pools at once", [f"pool {name} still has quota granted"],
              "delete", "--raw", "/apis/yunheng.io/v1alpha1/resourcepools?dryRun=All")
    c.must("replace", who=OPERATOR, manifest=ledger)
    c.eventually("passes:  an empty pool is deleted", lambda: (lambda answer: (answer.ok, answer.text))(
        c.run("delete", "resourcepool", name, who=CLOUD)))
    c.must("delete", "poolledger", name, who=OPERATOR)


def usage(c, namespace):
    record = made("UsageRecord", "portal", {"allocation": "uid-1", "days": []}, namespace)
    words = ["written by Yunheng's operator alone"]
    c.wait_until_refused("yunheng-usage", "create", manifest=record)
    c.refused("a cluster administrator says what was used", words, "create", manifest=record)
    c.passes("the operator says what was used", "create", who=OPERATOR, manifest=record)
    c.refused("a cluster administrator changes what was used", words, "patch", "usagerecord", "portal", "-n", namespace,
              *patch({"spec": {"allocation": "uid-2"}}))
    c.must("delete", "usagerecord", "portal", "-n", namespace)


def namespace_marks(c, run):
    app = f"app-pt-{run}"
    marked = namespace_object(app, MARK, {"yunheng.io/allocation": "uid-1"})
    c.wait_until_refused("yunheng-namespace-marks", "create", manifest=marked)
    words = ["begin with yunheng.io/ are set by Yunheng's operator alone"]
    c.refused("a cluster administrator makes a namespace with the managed label", words, "create", manifest=marked)
    c.refused("… with an annotation of ours", words, "create", manifest=namespace_object(app, None, {"yunheng.io/allocation": "uid-1"}))
    c.passes("a cluster administrator makes app-… without marks", "create", "--dry-run=server", manifest=namespace_object(app))
    c.passes("the operator makes a managed namespace", "create", who=OPERATOR, manifest=marked)
    c.refused("somebody strips the managed label", words, "label", "namespace", app, "yunheng.io/managed-")
    c.refused("somebody changes the managed label", words, "label", "--overwrite", "namespace", app, "yunheng.io/managed=no")
    c.refused("somebody adds a label of ours", words, "label", "namespace", app, "yunheng.io/pool=cec")
    c.refused("somebody changes the owner", words, "annotate", "--overwrite", "namespace", app, "yunheng.io/allocation=uid-2")
    c.refused("somebody strips the label through namespaces/status", words,
              "patch", "namespace", app, "--subresource=status", *patch({"metadata": {"labels": {"yunheng.io/managed": None}}}))
    document = c.must("get", "namespace", app, "-o", "json").json()
    document["spec"]["finalizers"] = []
    c.refused("somebody finalizes a managed namespace by hand", ["isn't finalized by hand"],
              "replace", "--raw", f"/api/v1/namespaces/{app}/finalize", manifest=document)
    c.passes("a label that isn't ours", "label", "namespace", app, "team=portal")


def workload_gate(c, run):
    app, bare = f"app-pt-{run}", f"app-pt-{run}-bare"
    a_pod = {**pod("first"), "metadata": {"name": "first", "namespace": app}}
    names = ["yunheng-no-workload-before-its-quota", "wait-until-the-quota-exists-and-try-again"]
    c.wait_until_refused(names[0], "create", manifest=a_pod)
    c.refused("a pod in a managed namespace without a quota", names, "create", manifest=a_pod)
    c.refused("a claim in a managed namespace without a quota", names, "create", manifest=claim(app, "first"))
    c.must("create", who=OPERATOR, manifest=namespace_object(bare, MARK))
    c.must("create", who=OPERATOR, manifest=quota(bare, "yunheng", "1", MARK, keys=("requests.cpu", "requests.memory")))
    in_bare = {**a_pod, "metadata": {"name": "first", "namespace": bare}}
    c.eventually("refused: a pod where the quota leaves storage unlimited",
                 lambda: (lambda answer: (not answer.ok and "leaves a resource unlimited" in answer.text, answer.text))(
                     c.run("create", manifest=in_bare)))


def managed_quotas(c, run):
    app = f"app-pt-{run}"
    words = ["is kept by Yunheng from its ledger"]
    c.wait_until_refused("yunheng-managed-quotas", "create", manifest=quota(app, "yunheng", "0"))
    c.refused("a cluster administrator makes a quota named yunheng", words, "create", manifest=quota(app, "yunheng", "0"))
    c.refused("… or one marked as managed", words, "create", manifest=quota(app, "mine", "0", MARK))
    c.refused("… or such a limit range", words, "create", manifest=made("LimitRange", "yunheng", {"limits": []}, app, api="v1"))
    c.passes("the operator makes the quota", "create", who=OPERATOR, manifest=quota(app, "yunheng", "0", MARK))
    c.passes("the operator makes the limit range", "create", who=OPERATOR, manifest=made("LimitRange", "yunheng", {"limits": []}, app, api="v1"))
    c.eventually("passes:  the quota controller fills the quota's status", lambda: (
        lambda hard: ("requests.cpu" in hard, hard))(c.must("get", "quota", "yunheng", "-n", app, "-o", "json").json()["status"].get("hard", {})))
    target = ["quota", "yunheng", "-n", app]
    c.refused("a pod above a quota of zero", ["exceeded quota: yunheng"], "create", "-n", app, manifest=pod("first"))
    c.passes("the operator raises the quota", "patch", *target, *json_patch(
        ("replace", "/spec/hard", {"requests.cpu": "2", "requests.memory": "1G", "requests.storage": "1G"})), who=OPERATOR)
    c.eventually("passes:  a pod within its quota", lambda: (lambda answer: (answer.ok, answer.text))(
        c.run("create", "-n", app, manifest=pod("first"))))
    c.passes("a claim within its quota", "create", manifest=claim(app, "first"))
    c.eventually("passes:  the API server charges the pod", lambda: (lambda used: (used.get("requests.cpu") == "1", used))(
        c.must("get", *target, "-o", "json").json()["status"].get("used", {})))
    c.passes("a resize of the pod within its quota", "patch", "pod", "first", "-n", app, "--subresource=resize", *patch(
        {"spec": {"containers": pod("first")["spec"]["containers"]}}))

    c.refused("a cluster administrator raises the quota", words, "patch", *target, *patch({"spec": {"hard": {"requests.cpu": "9"}}}))
    c.refused("… unmarks it", words, "label", *target, "yunheng.io/managed-")
    c.refused("… deletes it", words, "delete", *target)
    c.refused("… deletes all quotas of the namespace at once", ["as a collection"], "delete", "--raw", f"/api/v1/namespaces/{app}/resourcequotas")
    c.refused("… deletes the limit range", words, "delete", "limitrange", "yunheng", "-n", app)
    c.refused("… writes what is enforced", ["is what the API server enforces"],
              "patch", *target, "--subresource=status", *patch({"status": {"hard": {"requests.cpu": "9"}}}))
    c.must("get", *target)
    c.passes("a further quota of one's own, which only tightens", "create", manifest=quota(app, "mine", "1"))
    c.passes("… and its end", "delete", "quota", "mine", "-n", app)
    unnamed = quota(app, "", "1")
    unnamed["metadata"]["generateName"] = "mine-"
    del unnamed["metadata"]["name"]
    c.passes("… also with a name that the server makes", "create", "--dry-run=server", manifest=unnamed)


def department(c, run):
    """Makes a department with its namespace, as the operator does, for the checks that follow."""
    name = f"pt-{run}"
    namespace = f"dept-{name}"
    c.must("create", manifest=department_object(name, [ZHANG, CLOUD], [{"pool": "cec", **SOME}]))
    c.must("create", who=OPERATOR, manifest=namespace_object(namespace, {**MARK, "yunheng.io/department": name}))
    for role, user in (("yunheng-department-owner", LI), ("yunheng-department-user", ZHANG)):
        c.passes(f"the operator binds {role} in the department's namespace", "create", who=OPERATOR,
                 manifest=binding_object(role, role, [user], namespace))
    return namespace


def department_object(name, users, ceilings=()):
    return made("Department", name, {
        "displayName": "试验单位", "tier": "Municipal", "members": {"owners": [LI], "users": users}, "ceilings": list(ceilings)})


def binding_object(name, role, users=(), namespace=None):
    """A RoleBinding, or without a namespace a ClusterRoleBinding."""
    group = "rbac.authorization.k8s.io"
    return made("RoleBinding" if namespace else "ClusterRoleBinding", name, namespace=namespace, api=f"{group}/v1", labels=MARK,
                roleRef={"apiGroup": group, "kind": "ClusterRole", "name": role},
                subjects=[{"apiGroup": group, "kind": "User", "name": user} for user in users])


def request_object(namespace, name, requester):
    return made("QuotaRequest", name, {
        "requester": requester, "type": "Change", "application": "portal", "pool": "cec", "resources": SOME,
        "justification": "用于策略测试的申请说明"}, namespace)


def requests(c, run, namespace):
    name = f"qr-{run}"
    c.wait_until_refused("yunheng-requests", "create", who=ZHANG, manifest=request_object(namespace, name, LI))
    c.refused("a request in another's name", [f"spec.requester is {LI}, but you are {ZHANG}"],
              "create", who=ZHANG, manifest=request_object(namespace, name, LI))
    c.passes("a request in one's own name", "create", who=ZHANG, manifest=request_object(namespace, name, ZHANG))
    stray = made("Application", name, {"displayName": "试验系统", "tier": "Municipal"}, "default")
    c.wait_until_refused("yunheng-places", "create", who=CLOUD, manifest=stray)
    c.refused("an application outside a department's namespace", ["lives in the namespace of its department"], "create", who=CLOUD, manifest=stray)
    target = ["quotarequest", name, "-n", namespace]
    c.refused("a request is edited in review", ["can't change while the request is in review"],
              "patch", *target, *patch({"spec": {"resources": {"cpu": "3"}}}), who=ZHANG)
    c.passes("the operator returns it for correction", "patch", *target, "--subresource=status",
             *patch({"status": {"phase": "Returned", "conditions": []}}), who=OPERATOR)
    c.refused("a colleague corrects it", [f"only {ZHANG}, who made this request, may correct it"],
              "patch", *target, *patch({"spec": {"resources": {"cpu": "3"}}}), who=LI)
    c.refused("its requester is replaced", ["spec.requester can't change"],
              "patch", *target, *patch({"spec": {"requester": LI}}), who=LI)
    c.refused("its requester turns it to another pool", ["a correction leaves spec.application, spec.pool"],
              "patch", *target, *patch({"spec": {"pool": "another"}}), who=ZHANG)
    c.passes("its requester corrects it", "patch", *target, *patch({"spec": {"resources": {"cpu": "3"}}}), who=ZHANG)
    return name


# Who may write which verdict: (verdict, stage, may, who) with words of the refusal.
VERDICTS = [
    ("Accept", None, ADMIN, None), ("Accept", None, TECH, "may not accept"),
    ("Take", None, TECH, None), ("Take", None, ADMIN, "may not review"),
    ("Approve", None, ADMIN, None), ("Approve", "TechReview", TECH, None), ("Approve", None, ZHANG, "may not approve"),
    ("Approve", None, CLOUD, "may not approve"), ("Approve", "AdminApproval", TECH, "may not decide at stage AdminApproval"),
    ("Approve", "AdminApproval", ADMIN, None), ("Approve", "TechReview", ADMIN, "may not decide at stage TechReview"),
    ("Return", "Acceptance", TECH, "may not decide at stage Acceptance"), ("Return", "Acceptance", ADMIN, None),
    ("Offer", "TechReview", TECH, None), ("Reject", "Kitchen", ADMIN, "may not decide at stage Kitchen"),
    ("AcceptOffer", None, ZHANG, "people who are accountable"),
    ("Return", None, TECH, None), ("Return", None, LI, "may not decide"),
    ("Reject", None, ADMIN, None), ("Reject", None, CLOUD, "may not decide"),
    ("Offer", None, TECH, None), ("Offer", None, ZHANG, "may not make offers"),
    ("Confirm", None, TECH, None), ("Confirm", None, LI, "may not review"),
    ("Cancel", None, CLOUD, None), ("Cancel", None, ADMIN, None), ("Cancel", None, TECH, "may not cancel"),
    ("Reclaim", None, ADMIN, None), ("Reclaim", None, TECH, "may not reclaim"),
    ("Withdraw", None, ZHANG, None), ("Withdraw", None, ADMIN, "only the department's own people"),
    ("Reinstate", None, LI, None), ("AcceptOffer", None, LI, None), ("AcceptOffer", None, ADMIN, "only the department's own people"),
    ("DeclineOffer", None, LI, None), ("DeclineOffer", None, ZHANG, "people who are accountable"), ("DeclineOffer", None, CLOUD, "only the department's own people"),
    ("Urge", None, ZHANG, None), ("Urge", None, TECH, None),
]


def decision_object(namespace, request, verdict, by, stage=None):
    spec = {"request": {"name": request, "uid": "u"}, "requestRevision": 1, "verdict": verdict, "decidedBy": by, "reason": "用于策略测试的决定理由"}
    if stage:
        spec["stage"] = stage
    if verdict == "Offer":
        spec["resources"] = SOME
    return made("QuotaDecision", f"qd-{secrets.token_hex(4)}", spec, namespace)


def decisions(c, namespace, request):
    forged = decision_object(namespace, request, "Approve", TECH)
    c.wait_until_refused("yunheng-decisions", "create", who=ADMIN, manifest=forged)
    c.refused("a decision in another's name", [f"spec.decidedBy is {TECH}, but you are {ADMIN}"], "create", who=ADMIN, manifest=forged)
    for verdict, stage, who, words in VERDICTS:
        title = f"{verdict} by {who.rsplit(':', 1)[-1]}" + (f" at {stage}" if stage else "")
        manifest = decision_object(namespace, request, verdict, who, stage)
        if words:
            c.refused(title, [words], "create", who=who, manifest=manifest)
        else:
            c.passes(title, "create", who=who, manifest=manifest)
    c.refused("any decision by an auditor", ["cannot create resource"], "create", who=AUDITOR,
              manifest=decision_object(namespace, request, "Urge", AUDITOR))


def separation(c, run):
    name = f"pt-{run}"
    raised = patch({"spec": {"ceilings": [{"pool": "cec", **SOME, "cpu": "99"}]}})
    c.wait_until_refused("yunheng-own-ceilings", "patch", "department", name, *raised, who=CLOUD)
    c.refused("a cloud admin raises the ceiling of his own department", ["you belong to department"], "patch", "department", name, *raised, who=CLOUD)
    c.refused("… or moves it under another", ["you belong to department"], "patch", "department", name, *patch({"spec": {"parent": "x"}}), who=CLOUD)
    c.passes("… but may mend its name", "patch", "department", name, *patch({"spec": {"displayName": "试验单位二"}}), who=CLOUD)
    c.passes("somebody else raises it", "patch", "department", name, *raised)
    own_departments(c, name, raised)

    me = c.must("auth", "whoami", "-o", "json").json()["status"]["userInfo"]["username"]
    c.must("create", who=CLOUD, manifest=pool(f"{name}-lost"))
    target = ["patch", "resourcepool", f"{name}-lost"]

    def fence(**people):
        return patch({"spec": {"fence": {"reason": "集群已经失去联系三天", **people}}})
    c.wait_until_refused("yunheng-pool-fence", *target, *fence(requestedBy=me), who=CLOUD)
    c.refused("a fence is asked for in another's name", ["spec.fence.requestedBy must be you"], *target, *fence(requestedBy=me), who=CLOUD)
    c.passes("a fence is asked for in one's own name", *target, *fence(requestedBy=CLOUD), who=CLOUD)
    c.refused("a fence is confirmed by who asked for it", ["takes two people"], *target, *fence(confirmedBy=CLOUD), who=CLOUD)
    c.refused("a fence is confirmed in another's name", ["spec.fence.confirmedBy must be you"], *target, *fence(confirmedBy=me), who=CLOUD)
    c.passes("a fence is confirmed by a second person", *target, *fence(confirmedBy=me))
    c.must("delete", "resourcepool", f"{name}-lost")


def links(c, run):
    link, incident, window = f"pt-{run}", f"pt-{run}-20261123t194832z", f"pt-{run}"
    probe = {"displayName": "试验", "level": "County", "uplinks": ["city-core"], "probe": {"icmp": {"address": "192.0.2.1"}}, "class": "county"}
    made_link = made("ExtranetLink", link, probe)
    c.passes("a cloud admin makes a link", "create", who=CLOUD, manifest=made_link)
    for what, wrong, word in [
        ("named like the city's core", made("ExtranetLink", "city-core", probe), "city-core is reserved"),
        ("above itself", made("ExtranetLink", f"{link}-a", {**probe, "uplinks": [f"{link}-a"]}), "must not name the link itself"),
        ("with a name for an address", made("ExtranetLink", f"{link}-a", {**probe, "probe": {"icmp": {"address": "gateway.example"}}}), "IP address"),
        ("probed in two ways", made("ExtranetLink", f"{link}-a", {**probe, "probe": {"none": {}, "icmp": {"address": "::1"}}}), "exactly one"),
    ]:
        c.refused(f"a link {what}", [word], "create", who=CLOUD, manifest=wrong)
    target = ["patch", "extranetlink", link]

    def pause(by):
        return patch({"spec": {"paused": {"by": by, "reason": "施工"}}})
    c.wait_until_refused("yunheng-link-pauses", *target, *pause(LI), "--dry-run=server", who=CLOUD)
    c.refused("a link is paused in another's name", ["in one's own name"], *target, *pause(LI), who=CLOUD)
    c.passes("a link is paused in one's own name", *target, *pause(CLOUD), who=CLOUD)
    c.passes("… and another changes something else", *target, *patch({"spec": {"carrier": "电信"}}))
    c.refused("an approver changes a link", ["forbidden"], *target, *patch({"spec": {"carrier": "移动"}}), who=TECH)
    c.must("delete", "extranetlink", link)

    opened = made("LinkIncident", incident, {"root": link, "startedAt": "2026-11-23T19:48:32.000001Z"})
    c.wait_until_refused("yunheng-link-incidents", "create", "--dry-run=server", manifest=opened)
    c.refused("a cluster administrator opens an incident", ["operator alone"], "create", manifest=opened)
    c.passes("the operator opens an incident", "create", who=OPERATOR, manifest=opened)
    target = ["patch", "linkincident", incident]
    c.refused("an incident is acknowledged in another's name", ["in one's own name"], *target, *patch({"spec": {"acknowledgedBy": LI}}), who=CLOUD)
    c.passes("an incident is acknowledged in one's own name", *target, *patch({"spec": {"acknowledgedBy": CLOUD, "note": "已派单"}}), who=CLOUD)
    c.refused("what it is about is changed", ["the operator's word"], *target, *patch({"spec": {"root": "x"}}), who=CLOUD)
    c.refused("an open incident is deleted", ["deleted when it is over"], "delete", "linkincident", incident, who=CLOUD)
    c.must(*target, "--subresource=status", *patch({"status": {"state": "Resolved", "conditions": []}}), who=OPERATOR)
    c.passes("a resolved incident is deleted", "delete", "linkincident", incident, who=CLOUD)

    def work(name, start, **more):
        return made("MaintenanceWindow", name, {"links": [link], "start": start, "end": "2999-01-01T00:00:00Z", "reason": "光缆割接", **more})
    later, begun = "2998-12-31T22:00:00+08:00", "2020-01-01T00:00:00Z"
    c.wait_until_refused("yunheng-maintenance", "create", "--dry-run=server", who=CLOUD, manifest=work(window, later, approvedBy=LI))
    c.refused("maintenance is approved in another's name", ["in one's own name"], "create", who=CLOUD, manifest=work(window, later, approvedBy=LI))
    c.refused("maintenance is approved after it began", ["the window has begun"], "create", who=CLOUD, manifest=work(window, begun, approvedBy=CLOUD))
    c.passes("… but may be recorded", "create", who=CLOUD, manifest=work(f"{window}-late", begun))
    c.refused("a window that ends before it begins", ["after spec.start"], "create", who=CLOUD, manifest=work(window, "2999-01-02T00:00:00Z"))
    c.passes("maintenance is approved in one's own name", "create", who=CLOUD, manifest=work(window, later, approvedBy=CLOUD))
    target = ["patch", "maintenancewindow", window]
    c.refused("an approved window is moved", ["keeps its links, start and end"], *target, *patch({"spec": {"start": "2998-12-31T10:00:00Z"}}), who=CLOUD)
    c.refused("… or its approval taken back", ["stays approved"], *target, *patch({"spec": {"approvedBy": ""}}), who=CLOUD)
    c.passes("… but the work may end early", *target, *patch({"spec": {"finishedEarlyAt": "2998-12-31T20:00:00Z"}}), who=CLOUD)
    for name in [window, f"{window}-late"]:
        c.must("delete", "maintenancewindow", name)


def own_departments(c, name, raised):
    """What one can't do in one update can't be done in two either."""
    other, mine = f"{name}-other", f"{name}-mine"
    without, with_him = {"owners": [LI], "users": [ZHANG]}, {"owners": [LI, CLOUD], "users": []}
    target = ["patch", "department", name]
    c.refused("a cloud admin takes himself out of his department", ["nobody takes himself out"],
              *target, *patch({"spec": {"members": without}}), who=CLOUD)
    c.refused("… and raises its ceiling with it", ["you belong to department"],
              *target, *patch({"spec": {"members": without, "ceilings": []}}), who=CLOUD)
    c.passes("… but may move within it", *target, "--dry-run=server", *patch({"spec": {"members": with_him}}), who=CLOUD)
    c.refused("… or deletes it, to make it again", ["it is deleted by somebody who does not"], "delete", "department", name, who=CLOUD)
    c.refused("a cloud admin makes a department of his own", ["you would belong to department"], "create", who=CLOUD,
              manifest=department_object(mine, [CLOUD], [{"pool": "cec", **SOME}]))
    c.refused("… also without ceilings, which is without bounds", ["you would belong to department"], "create", who=CLOUD,
              manifest=department_object(mine, [CLOUD]))
    c.refused("… or through a group that he is in", ["you would belong to department"], "create", who=CLOUD,
              manifest=department_object(mine, ["group:system:serviceaccounts:yunheng-people"]))
    c.passes("a cloud admin makes a department of others", "create", who=CLOUD, manifest=department_object(other, [ZHANG]))
    target[2] = other
    c.passes("… and raises its ceiling", *target, *raised, who=CLOUD)
    c.refused("… and then joins it", ["nobody makes himself a member"], *target, *patch({"spec": {"members": with_him}}), who=CLOUD)
    c.refused("… or joins it and raises its ceiling with it", ["you belong to department"],
              *target, *patch({"spec": {"members": with_him, "ceilings": []}}), who=CLOUD)
    c.passes("somebody else adds him", *target, *patch({"spec": {"members": with_him}}))
    c.passes("somebody else takes him out", *target, *patch({"spec": {"members": without}}))
    c.passes("… and he deletes it", "delete", "department", other, who=CLOUD)
    c.must("patch", "department", name, *patch({"spec": {"members": without}}))


def reach(c, run, namespace):
    elsewhere = namespace_object(f"other-{run}")
    c.wait_until_refused("yunheng-operator-reach", "create", who=OPERATOR, manifest=elsewhere)
    c.refused("the operator makes a namespace that is neither dept-… nor app-…", ["not in other-"], "create", who=OPERATOR, manifest=elsewhere)

    app, foreign = f"app-pt-{run}", f"app-pt-{run}-foreign"
    marked = ["marked yunheng.io/managed"]
    c.refused("the operator makes a namespace without marking it", marked, "create", who=OPERATOR, manifest=namespace_object(foreign))
    c.must("create", manifest=namespace_object(foreign))
    mark = ["label", "namespace", foreign, "yunheng.io/managed=true"]
    c.refused("the operator takes a namespace that somebody else made", marked, *mark, who=OPERATOR)
    c.refused("… writes a quota in it", marked, "create", who=OPERATOR, manifest=quota(foreign, "yunheng", "9", MARK))
    c.refused("the operator unmarks a namespace", marked, "label", "namespace", app, "yunheng.io/managed-", who=OPERATOR)
    c.passes("the operator says that a namespace's quota is ready", "label", "namespace", app, "yunheng.io/quota-state=ready", who=OPERATOR)
    bindings(c, run, namespace, foreign)
    c.must("delete", "namespace", foreign, "--wait=false")

    name = f"pt-{run}-reach"
    c.must("create", who=CLOUD, manifest=pool(name))
    c.refused("the operator changes what a pool's spec says", ["doesn't change what a pool's spec says"],
              "patch", "resourcepool", name, *patch({"spec": {"acceptOvercommit": True}}), who=OPERATOR)
    c.passes("the operator sets a pool's finalizer", "patch", "resourcepool", name, "--dry-run=server",
             *patch({"metadata": {"finalizers": ["yunheng.io/release"]}}), who=OPERATOR)
    c.must("delete", "resourcepool", name)

    def report(name):
        return made("ConfigMap", name, namespace=SYSTEM, api="v1", data={"cpus": "8"})
    c.wait_until_refused("yunheng-host-reports", "create", who=HOST_AGENT, manifest=report(f"other-{run}"))
    c.refused("a host agent writes another config map", ["writes its own report"], "create", who=HOST_AGENT, manifest=report(f"other-{run}"))
    c.passes("a host agent writes its report", "create", who=HOST_AGENT, manifest=report(f"host-{run}"))
    c.must("delete", "configmap", f"host-{run}", "-n", SYSTEM)


def bindings(c, run, namespace, foreign):
    """Whom the operator may give which role, and where: what a stolen token of its is worth."""
    name, app = f"pt-{run}", f"app-pt-{run}"
    escalated = ["attempting to grant RBAC permissions"]
    for title, words, manifest in [
        ("edit in kube-system", ["not ClusterRole edit in kube-system"], binding_object(name, "edit", [ZHANG], "kube-system")),
        ("edit in a department's namespace", [f"not ClusterRole edit in {namespace}"], binding_object(name, "edit", [ZHANG], namespace)),
        ("edit in a namespace app-… that somebody else made", ["marked yunheng.io/managed"], binding_object(name, "edit", [ZHANG], foreign)),
        ("a department's role in an application's namespace", [f"not ClusterRole yunheng-department-owner in {app}"],
         binding_object(name, "yunheng-department-owner", [ZHANG], app)),
        ("its own role in a department's namespace", ["not ClusterRole yunheng-operator in"],
         binding_object(name, "yunheng-operator", [ZHANG], namespace)),
        ("cluster-admin", escalated, binding_object(name, "cluster-admin", [ZHANG], namespace)),
        ("view", escalated, binding_object(name, "view", [ZHANG], app)),
        ("edit in the whole cluster", ["only ClusterRole yunheng-catalogue-reader"],
         binding_object(f"yunheng-department-{name}", "edit", [ZHANG])),
        ("its own role in the whole cluster", ["only ClusterRole yunheng-catalogue-reader"],
         binding_object(f"yunheng-department-{name}", "yunheng-operator", [ZHANG])),
        ("the catalogue by a name of others", ["by the name yunheng-department-"], binding_object(name, "yunheng-catalogue-reader", [ZHANG])),
    ]:
        c.refused(f"the operator hands on {title}", words, "create", who=OPERATOR, manifest=manifest)
    apply = ["apply", "--server-side", "--field-manager=yunheng-operator/department"]
    c.passes("the operator hands on edit in an application's namespace", *apply, who=OPERATOR,
             manifest=binding_object("yunheng-members", "edit", [ZHANG], app))
    catalogue = f"yunheng-department-{name}"
    for users in ([ZHANG], [ZHANG, LI]):
        c.passes(f"the operator lets {len(users)} read the catalogue", *apply, who=OPERATOR,
                 manifest=binding_object(catalogue, "yunheng-catalogue-reader", users))
    c.must("create", manifest=binding_object(name, "edit"))
    c.refused("the operator adds somebody to a binding of others", ["only ClusterRole yunheng-catalogue-reader"],
              "patch", "clusterrolebinding", name, *patch({"subjects": binding_object(name, "edit", [ZHANG])["subjects"]}), who=OPERATOR)
    c.must("delete", "clusterrolebinding", name, catalogue)


def rights(c, namespace):
    other = "dept-of-others"
    for who, expected, verb, resource, place in [
        (ZHANG, True, "create", "quotarequests.yunheng.io", namespace), (ZHANG, False, "create", "quotarequests.yunheng.io", other),
        (ZHANG, False, "list", "quotarequests.yunheng.io", other), (ZHANG, True, "update", "applications.yunheng.io", namespace),
        (ZHANG, False, "create", "applications.yunheng.io", namespace), (ZHANG, False, "update", "allocations.yunheng.io", namespace),
        (ZHANG, False, "update", "departments.yunheng.io", None), (LI, False, "update", "departments.yunheng.io", None),
        (ZHANG, False, "update", "resourcequotas", f"app-{namespace[5:]}"), (ZHANG, False, "approve", "quotarequests.yunheng.io", namespace),
        (CLOUD, True, "create", "allocations.yunheng.io", None), (CLOUD, True, "update", "resourcepools.yunheng.io", None),
        (CLOUD, False, "approve", "quotarequests.yunheng.io", None), (CLOUD, False, "create", "poolledgers.yunheng.io", None),
        (ADMIN, True, "approve", "quotarequests.yunheng.io", None), (ADMIN, False, "review", "quotarequests.yunheng.io", None),
        (ADMIN, False, "update", "departments.yunheng.io", None), (TECH, True, "review", "quotarequests.yunheng.io", None),
        (TECH, False, "approve", "quotarequests.yunheng.io", None), (AUDITOR, True, "list", "poolledgers.yunheng.io", None),
        (AUDITOR, True, "list", "resourcequotas", None), (AUDITOR, False, "create", "quotadecisions.yunheng.io", None),
        (AUDITOR, False, "update", "resourcepools.yunheng.io", None), (API, True, "create", "tokenreviews", None),
        (API, True, "list", "allocations.yunheng.io", None), (API, False, "create", "quotadecisions.yunheng.io", None),
        (API, False, "list", "secrets", None), (OPERATOR, False, "delete", "namespaces", None), (OPERATOR, False, "list", "secrets", None),
        (OPERATOR, False, "get", "secrets", SYSTEM), (OPERATOR, False, "delete", "resourcequotas", None),
        (OPERATOR, True, "patch", "resourcequotas", None), (OPERATOR, False, "update", "resourcequotas", None),
        (OPERATOR, False, "create", "pods", None), (OPERATOR, False, "patch", "departments.yunheng.io", None),
        (OPERATOR, False, "create", "events.events.k8s.io", None), (OPERATOR, False, "delete", "limitranges", None),
        (OPERATOR, True, "bind", "clusterroles.rbac.authorization.k8s.io/edit", None),
        (OPERATOR, False, "bind", "clusterroles.rbac.authorization.k8s.io/view", None),
        (OPERATOR, True, "update", "leases.coordination.k8s.io/yunheng-operator", SYSTEM),
        (OPERATOR, False, "update", "leases.coordination.k8s.io/of-others", SYSTEM),
        (OPERATOR, True, "update", "configmaps/yunheng-request-numbers", SYSTEM),
        (OPERATOR, False, "update", "configmaps/of-others", SYSTEM), (OPERATOR, False, "delete", "configmaps", SYSTEM),
        (CLOUD, True, "update", "workcalendars.yunheng.io", None), (CLOUD, True, "update", "cloudpolicies.yunheng.io", None),
        (ADMIN, True, "list", "workcalendars.yunheng.io", None), (TECH, False, "update", "workcalendars.yunheng.io", None),
        (AUDITOR, True, "list", "workcalendars.yunheng.io", None), (ADMIN, False, "update", "cloudpolicies.yunheng.io", None),
        (API, True, "list", "workcalendars.yunheng.io", None), (OPERATOR, True, "list", "workcalendars.yunheng.io", None),
        (OPERATOR, False, "update", "workcalendars.yunheng.io", None),
        (OPERATOR, True, "update", "usagerecords.yunheng.io", None), (OPERATOR, False, "delete", "usagerecords.yunheng.io", None),
        (API, True, "list", "usagerecords.yunheng.io", None),
        (ZHANG, True, "list", "usagerecords.yunheng.io", namespace), (ZHANG, False, "update", "usagerecords.yunheng.io", namespace),
        (ZHANG, False, "list", "usagerecords.yunheng.io", other), (CLOUD, False, "update", "usagerecords.yunheng.io", None),
        (AUDITOR, True, "list", "usagerecords.yunheng.io", None),
        (HOST_AGENT, False, "get", "configmaps", SYSTEM), (HOST_AGENT, False, "list", "configmaps", SYSTEM),
    ]:
        c.may(who, expected, verb, resource, place)


def deletions(c, run, namespace):
    """The end: what is out holds everything; once it is back, everything goes, and no namespace hangs."""
    name, app = f"pt-{run}", f"app-pt-{run}"
    c.must("create", who=CLOUD, manifest=made("Application", "portal", {"displayName": "试验系统", "tier": "Municipal"}, namespace))
    c.must("create", who=CLOUD, manifest=made("Allocation", "portal", {"application": "portal", "pool": "cec", "resources": SOME}, namespace))
    c.must("create", who=OPERATOR, manifest=ledger_of(name, [entry(namespace)]))
    c.wait_until_refused("yunheng-application-deletion", "delete", "application", "portal", "-n", namespace, "--dry-run=server", who=CLOUD)
    c.wait_until_refused("yunheng-department-deletion", "delete", "department", name, "--dry-run=server", who=CLOUD)
    c.refused("an application with quota is deleted", ["application portal still has quota"], "delete", "application", "portal", "-n", namespace, who=CLOUD)
    c.refused("a department with quota is deleted", [f"department {name} still has applications or quota"], "delete", "department", name, who=CLOUD)
    c.refused("a department's namespace is deleted before the department", [f"holds what belongs to department {name}"],
              "delete", "namespace", namespace, who=CLOUD)
    c.refused("a namespace with quota is deleted", [f"namespace {app} still has quota"], "delete", "namespace", app, who=CLOUD)

    c.must("patch", "quota", "yunheng", "-n", app, *json_patch(
        ("replace", "/spec/hard", {"requests.cpu": "0", "requests.memory": "0", "requests.storage": "0"})), who=OPERATOR)
    c.refused("a namespace whose pod still runs is deleted", ["still charged to it"], "delete", "namespace", app, who=CLOUD)
    c.must("delete", "pod", "first", "-n", app, "--force", "--grace-period=0")
    c.must("delete", "pvc", "first", "-n", app, "--wait=false")
    c.eventually("passes:  a released namespace is deleted", lambda: (lambda answer: (answer.ok, answer.text))(
        c.run("delete", "namespace", app, "--wait=false", who=CLOUD)))
    lowered = ["patch", "allocation", "portal", "-n", namespace]
    c.must(*lowered, *patch({"spec": {"resources": ZERO}}), who=CLOUD)
    c.must(*lowered, "--subresource=status", *patch({"status": {"draining": {"memory": "1G"}, "conditions": []}}), who=OPERATOR)
    c.refused("an application of which something still drains is deleted", ["application portal still has quota"],
              "delete", "application", "portal", "-n", namespace, who=CLOUD)
    c.must(*lowered, "--subresource=status", *patch({"status": {"draining": ZERO}}), who=OPERATOR)
    c.eventually("passes:  a released application is deleted", lambda: (lambda answer: (answer.ok, answer.text))(
        c.run("delete", "application", "portal", "-n", namespace, who=CLOUD)))
    below = {"department": f"{name}-below", "parent": name, "generation": 1}
    c.must("replace", who=OPERATOR, manifest=ledger_of(name, ceilings=[below]))
    c.eventually("refused: a department with another below it is deleted", lambda: (lambda answer: (
        not answer.ok and f"department {name} has a department below it" in answer.text, answer.text))(
            c.run("delete", "department", name, "--dry-run=server", who=CLOUD)))
    c.must("delete", "poolledger", name, who=OPERATOR)
    c.eventually("passes:  an empty department is deleted", lambda: (lambda answer: (answer.ok, answer.text))(
        c.run("delete", "department", name, who=CLOUD)))
    c.eventually("passes:  its namespace is deleted after it", lambda: (lambda answer: (answer.ok, answer.text))(
        c.run("delete", "namespace", namespace, "--wait=false", who=CLOUD)))
    for gone in (app, namespace):
        c.eventually(f"the namespace controller finishes {gone.split('-')[0]}-…", lambda gone=gone: (
            lambda answer: (not answer.ok and "NotFound" in answer.text, answer.text[:400]))(c.run("get", "namespace", gone, "-o", "yaml")))


def main():
    here = pathlib.Path(__file__).resolve().parent
    arguments = argparse.ArgumentParser(description="Tests the chart's roles and admission policies on a running cluster.")
    arguments.add_argument("--kubectl", default=str(here.parent / "localcluster/bin/kubectl"), help="the program kubectl")
    arguments.add_argument("--races", type=int, default=10, help="namespaces in which pod writers race against the making of the quota")
    arguments = arguments.parse_args()
    c = Checks(arguments.kubectl)
    run = secrets.token_hex(3)
    type_checks(c)
    ledgers_and_statuses(c, run)
    namespace_marks(c, run)
    workload_gate(c, run)
    managed_quotas(c, run)
    namespace = department(c, run)
    decisions(c, namespace, requests(c, run, namespace))
    usage(c, namespace)
    separation(c, run)
    links(c, run)
    reach(c, run, namespace)
    rights(c, namespace)
    over, unfilled = run_races(arguments.kubectl, f"app-race-{run}", arguments.races)
    c.record(over == 0, f"the gate holds: over quota in {over} of {arguments.races} races", "pods got in before the quota was enforced")
    c.record(unfilled == 0, f"each race filled its quota ({unfilled} didn't)", "a race that doesn't fill the quota proves nothing")
    deletions(c, run, namespace)
    return c.finish()


if __name__ == "__main__":
    sys.exit(main())
