#!/usr/bin/env python3
"""Tests on a running cluster for whom the API may speak once sign-in through an identity provider is on, with the API's own token: kubectl's
administrator could impersonate anybody. The cluster has the chart with ci/sign-in.yaml's role applied. charts/test starts it.

    charts/impersonation_test.py [--kubectl PROGRAM]        KUBECONFIG names the cluster; its user is a cluster administrator
"""

import argparse
import base64
import json
import ssl
import sys
import tempfile
import urllib.error
import urllib.request

from cluster_checks import OPERATOR, SYSTEM, Checks

POLICY = "/apis/yunheng.io/v1alpha1/cloudpolicies/default"
FORBIDDEN = 403


class Api:
    """Calls with the token of the API's service account, in somebody's name."""

    def __init__(self, checks):
        config = checks.must("config", "view", "--raw", "--flatten", "--minify", "-o", "json").json()
        cluster = config["clusters"][0]["cluster"]
        self.server = cluster["server"]
        self.token = checks.must("create", "token", "yunheng-api", "-n", SYSTEM).text.strip()
        with tempfile.NamedTemporaryFile() as file:
            file.write(base64.b64decode(cluster["certificate-authority-data"]))
            file.flush()
            self.context = ssl.create_default_context(cafile=file.name)

    def call(self, user, groups=(), path=POLICY, method="GET", body=None):
        request = urllib.request.Request(self.server + path, method=method, data=json.dumps(body).encode() if body is not None else None)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/merge-patch+json" if method == "PATCH" else "application/json")
        if user:
            request.add_header("Impersonate-User", user)
        # urllib keeps one header of a name; one group is enough here.
        for group in groups:
            request.add_header("Impersonate-Group", group)
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kubectl", default="localcluster/bin/kubectl")
    c = Checks(arguments.parse_args().kubectl)
    api = Api(c)
    admins = ["yunheng:cloud-admins"]
    c.must("apply", manifest={
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "impersonation-test"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "yunheng-cloud-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": admins[0]}]})

    def ready():
        status, text = api.call("oidc:zhao", admins)
        return status == 200, text
    c.eventually("passes:  a cloud admin of the provider reads the city's rules", ready)
    status, text = api.call("oidc:zhao", admins, method="PATCH", path="/apis/yunheng.io/v1alpha1/departments/nowhere", body={"spec": {}})
    c.record(status == 404, "passes:  he may change a department; this one isn't there", f"{status} {text}")

    def refused(title, *words, **call):
        status, text = api.call(**call)
        c.record(status == FORBIDDEN and all(word in text for word in words), f"refused: {title}", f"{status} {text}")

    refused("a user of the provider without a role reads them", "oidc:nobody", user="oidc:nobody")
    refused("the API speaks for Kubernetes' masters", "impersonate", user="oidc:zhao", groups=["system:masters"])
    refused("a group that isn't set", "impersonate", user="oidc:zhao", groups=["kubeadm:cluster-admins"])
    refused("the operator", "impersonate", user=OPERATOR)
    refused("a node", "impersonate", user="system:node:a")
    # What the API doesn't do it can do in nobody's name, however much he himself may.
    core = {"Secrets of the cluster": "/api/v1/secrets", "pods": "/api/v1/namespaces/default/pods", "namespaces": "/api/v1/namespaces",
            "ledgers": "/apis/yunheng.io/v1alpha1/poolledgers", "roles": "/apis/rbac.authorization.k8s.io/v1/clusterroles"}
    for name, path in core.items():
        refused(f"{name} in the name of a cloud admin", "impersonate", user="oidc:zhao", groups=admins, path=path)
    refused("a department deleted in his name", "impersonate", user="oidc:zhao", groups=admins, method="DELETE",
            path="/apis/yunheng.io/v1alpha1/departments/nowhere")
    refused("a decision changed in his name", "impersonate", user="oidc:zhao", groups=admins, method="PATCH",
            path="/apis/yunheng.io/v1alpha1/namespaces/dept-a/quotadecisions/a", body={})
    status, text = api.call(None, method="PATCH", body={"metadata": {"annotations": {"a": "b"}}})
    c.record(status == FORBIDDEN, "refused: the API writes in its own name", f"{status} {text}")
    c.must("delete", "clusterrolebinding", "impersonation-test")
    return c.finish()


if __name__ == "__main__":
    sys.exit(main())
