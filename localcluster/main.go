// Command localcluster runs a real Kubernetes control plane on one machine, with simulated nodes and sample workloads.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"yunheng.io/localcluster/internal/cluster"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == cluster.ComponentCommand {
		os.Exit(runComponent(os.Args[2], os.Args[3:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := rootCommand().ExecuteContext(ctx); err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
		fmt.Fprintln(os.Stderr, "localcluster:", err)
		os.Exit(1)
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "localcluster",
		Short: "A real Kubernetes control plane on this machine",
		Long: `localcluster runs a real kube-apiserver, kube-controller-manager, kube-scheduler and etcd on this machine, with simulated
nodes and sample workloads. Everything listens on 127.0.0.1 only and is kept in one data folder.`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	// Kubernetes' libraries put it on every command; here it would print nothing.
	if inherited := pflag.CommandLine.Lookup("version"); inherited != nil {
		inherited.Hidden = true
	}
	root.AddCommand(startCommand(), runCommand(), stopCommand(), statusCommand(), simulateCommand(), workloadsCommand())
	return root
}

// progress writes lines with the time since the program began to standard error, so that standard output stays for results.
func progress() func(string, ...any) {
	began := time.Now()
	return func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "[%5.1f s] %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
}
