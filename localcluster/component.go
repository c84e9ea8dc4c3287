package main

import (
	"fmt"
	"os"

	// CronJobs name time zones, and the machine may have no zone files.
	_ "time/tzdata"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	"yunheng.io/localcluster/internal/cluster"
)

// runComponent turns this process into one part of the control plane. The parts share one program file, so that there is one
// thing to build, but each runs in a process of its own, as in production: they can be stopped, measured and killed apart.
func runComponent(name string, args []string) int {
	os.Args = append([]string{name}, args...)
	switch name {
	case cluster.Etcd:
		etcdmain.Main(os.Args)
		return 0
	case cluster.APIServer:
		return cli.Run(apiserver.NewAPIServerCommand())
	case cluster.ControllerManager:
		return cli.Run(controllermanager.NewControllerManagerCommand())
	case cluster.Scheduler:
		return cli.Run(scheduler.NewSchedulerCommand())
	default:
		fmt.Fprintf(os.Stderr, "there is no component %q\n", name)
		return 2
	}
}
