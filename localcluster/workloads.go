package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"yunheng.io/localcluster/internal/workloads"
)

func workloadsCommand() *cobra.Command {
	var kubeconfig, file string
	var wait bool
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "workloads --kubeconfig FILE --file CSV",
		Short: "Make the sample workloads of a table real",
		Long: `Applies one Deployment per row, and a bound claim where the row has storage. Columns: namespace, name, replicas, cpu and memory
(of each replica), storage (one claim that the replicas share; empty or 0G for none), pool. The namespaces must exist.
A faulty table is refused as a whole; a row that the server refuses is reported with the server's message. Applying a
table again changes nothing.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if kubeconfig == "" || file == "" {
				return errors.New("both --kubeconfig and --file are needed")
			}
			return applyWorkloads(command.Context(), kubeconfig, file, wait, timeout)
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "access to the cluster")
	command.Flags().StringVar(&file, "file", "", "CSV file with the workloads")
	command.Flags().BoolVar(&wait, "wait", false, "wait until all pods run and all claims are bound")
	command.Flags().DurationVar(&timeout, "timeout", 2*time.Minute, "how long it may take")
	return command
}

func applyWorkloads(ctx context.Context, kubeconfig, file string, wait bool, timeout time.Duration) error {
	rows, err := workloads.Read(file)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("read kubeconfig %s: %w", kubeconfig, err)
	}
	// The number of rows in work is bounded; a rate on top would only slow a local server down.
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("create client: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	say := progress()
	result := workloads.Apply(ctx, client, rows, say)
	say("applied %d workloads: %d changed, %d failed", len(rows), result.Changed, len(result.Failures))
	failures := result.Failures
	if wait {
		failed := map[int]bool{}
		for _, failure := range failures {
			failed[failure.Row.Line] = true
		}
		var expected []workloads.Row
		for _, row := range rows {
			if !failed[row.Line] {
				expected = append(expected, row)
			}
		}
		late, err := workloads.Wait(ctx, client, expected, say)
		if err != nil {
			return err
		}
		say("%d of %d workloads run", len(expected)-len(late), len(rows))
		failures = append(failures, late...)
	}
	for _, failure := range failures {
		fmt.Fprintf(os.Stderr, "%s:%d: %s: %s\n", file, failure.Row.Line, failure.Row, failure.Message)
	}
	if len(failures) > 0 {
		return fmt.Errorf("%d of %d workloads failed, see above", len(failures), len(rows))
	}
	return nil
}
