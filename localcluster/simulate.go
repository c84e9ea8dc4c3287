package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"yunheng.io/localcluster/internal/cluster"
	"yunheng.io/localcluster/internal/simulate"
)

func simulateCommand() *cobra.Command {
	var kubeconfig, nodes, kwok string
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "simulate --kubeconfig FILE --nodes FILE",
		Short: "Give a cluster simulated nodes",
		Long: `Applies the nodes of the file and plays their kubelets. If the kubeconfig is that of a cluster which 'localcluster start' runs,
the simulation joins that cluster and stays. For any other cluster it runs until it is interrupted.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if kubeconfig == "" || nodes == "" {
				return errors.New("both --kubeconfig and --nodes are needed")
			}
			kubeconfig, err := filepath.Abs(kubeconfig)
			if err != nil {
				return err
			}
			flags := clusterFlags{data: filepath.Dir(kubeconfig), nodes: nodes, kwok: kwok, apiServers: 1, timeout: timeout}
			options, err := flags.options()
			if err != nil {
				return err
			}
			if isStarted(options.Folder, kubeconfig) {
				return cluster.Simulate(command.Context(), options)
			}
			return simulateElsewhere(command.Context(), kubeconfig, options)
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "access to the cluster")
	command.Flags().StringVar(&nodes, "nodes", "", "YAML file with the nodes to simulate")
	command.Flags().StringVar(&kwok, "kwok", "", "the program kwok, if it isn't beside this one")
	command.Flags().DurationVar(&timeout, "timeout", 2*time.Minute, "how long it may take until all nodes are ready")
	return command
}

// isStarted says whether the kubeconfig lies in the data folder of a running cluster that has no foreground program.
func isStarted(folder cluster.Folder, kubeconfig string) bool {
	if kubeconfig != folder.Kubeconfig() {
		return false
	}
	status, err := cluster.Inspect(folder)
	return err == nil && status.State != "stopped" && status.Mode == "start"
}

// simulateElsewhere runs kwok as a child for as long as this program runs.
func simulateElsewhere(ctx context.Context, kubeconfig string, options cluster.Options) error {
	groups, err := simulate.ReadNodes(options.Nodes)
	if err != nil {
		return err
	}
	program, err := kwokProgram(options)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("read kubeconfig %s: %w", kubeconfig, err)
	}
	config.QPS = -1
	changes, err := simulate.Apply(ctx, config, groups)
	if err != nil {
		return err
	}
	options.Say("simulated nodes applied: %s", changes)
	stages, err := os.CreateTemp("", "stages-*.yaml")
	if err != nil {
		return fmt.Errorf("write stages: %w", err)
	}
	defer os.Remove(stages.Name())
	if _, err := stages.Write(simulate.Stages); err != nil {
		return fmt.Errorf("write stages: %w", err)
	}
	command := exec.CommandContext(ctx, program, simulate.KwokArguments(kubeconfig, stages.Name())...)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return fmt.Errorf("start kwok: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	waiting, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	err = simulate.WaitUntilReady(waiting, config, func() error { return nil }, options.Say)
	if err != nil && ctx.Err() == nil {
		return err
	}
	if err := <-ended; ctx.Err() == nil {
		return fmt.Errorf("kwok ended by itself: %w", err)
	}
	return nil
}

func kwokProgram(options cluster.Options) (string, error) {
	if options.KwokProgram != "" {
		return options.KwokProgram, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program's own file: %w", err)
	}
	return cluster.FindKwok(self)
}
