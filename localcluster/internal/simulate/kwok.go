package simulate

import (
	_ "embed"
)

// Stages are the objects that tell kwok what nodes and pods do.
//
//go:embed stages.yaml
var Stages []byte

// KwokArguments starts kwok for the nodes that Apply makes, and for no others.
func KwokArguments(kubeconfig, stages string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--config=" + stages,
		"--manage-nodes-with-label-selector=" + SimulatedLabel + "=true",
		"--node-lease-duration-seconds=0",
		// Without a port it opens none: there are no logs or shells to serve.
		"--node-port=0",
		"--cidr=" + podRange,
		"--v=WARN",
	}
}

// podRange is where simulated pods have their addresses; nothing ever listens there.
const podRange = "10.128.0.0/10"
