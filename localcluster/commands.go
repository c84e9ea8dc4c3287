package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"yunheng.io/localcluster/internal/cluster"
)

// clusterFlags are the flags that start and run share.
type clusterFlags struct {
	data        string
	nodes       string
	kwok        string
	throwaway   bool
	keepHistory bool
	apiServers  int
	port        int
	timeout     time.Duration
}

func (f *clusterFlags) register(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.data, "data", "", "folder that keeps the cluster: database, keys, logs, kubeconfig")
	flags.StringVar(&f.nodes, "nodes", "", "YAML file with the nodes to simulate")
	flags.StringVar(&f.kwok, "kwok", "", "the program kwok, if it isn't beside this one")
	flags.BoolVar(&f.throwaway, "throwaway", false, "faster, but a crash of the machine may lose the data (etcd without fsync)")
	flags.BoolVar(&f.keepHistory, "keep-history", false, "keep every revision in etcd, for whoever reads them afterwards")
	flags.IntVar(&f.apiServers, "apiservers", 1, "1, or 2 for two API servers on one etcd (kubeconfig and kubeconfig-2)")
	flags.IntVar(&f.port, "port", 0, "port of the API server (by default a free one, the same at each start while it is free)")
	flags.DurationVar(&f.timeout, "timeout", 2*time.Minute, "how long the whole start may take")
}

func (f *clusterFlags) options() (cluster.Options, error) {
	if f.apiServers != 1 && f.apiServers != 2 {
		return cluster.Options{}, fmt.Errorf("--apiservers is %d: it can be 1 or 2", f.apiServers)
	}
	if f.port < 0 || f.port > 65535 {
		return cluster.Options{}, fmt.Errorf("--port is %d: it can be 1 to 65535", f.port)
	}
	folder, err := cluster.NewFolder(f.data)
	if err != nil {
		return cluster.Options{}, err
	}
	nodes, err := absolute(f.nodes)
	if err != nil {
		return cluster.Options{}, err
	}
	kwok, err := absolute(f.kwok)
	if err != nil {
		return cluster.Options{}, err
	}
	return cluster.Options{
		Folder: folder, Throwaway: f.throwaway, KeepHistory: f.keepHistory, APIServers: f.apiServers, Port: f.port,
		Nodes: nodes, KwokProgram: kwok, Timeout: f.timeout, Say: progress(),
	}, nil
}

// absolute keeps "not given" as it is.
func absolute(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	return filepath.Abs(path)
}

func startCommand() *cobra.Command {
	flags := &clusterFlags{}
	command := &cobra.Command{
		Use:   "start --data DIR",
		Short: "Start a cluster that stays, or find the one that runs",
		Long: `Starts a cluster in the background. Data, ports and keys are kept between starts. If the cluster runs already, only its
simulated nodes are brought up to date; if a part of it has ended, it is started again.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			options, err := flags.options()
			if err != nil {
				return err
			}
			status, found, err := cluster.Start(command.Context(), options)
			if err != nil {
				return err
			}
			if found {
				fmt.Println("The cluster runs already; nothing was started.")
			}
			fmt.Print(status.Words(time.Now()))
			return nil
		},
	}
	flags.register(command)
	return command
}

func runCommand() *cobra.Command {
	flags := &clusterFlags{}
	command := &cobra.Command{
		Use:   "run [--data DIR]",
		Short: "Run a cluster until standard input ends (for tests)",
		Long: `Starts a cluster in the foreground, writes one line of JSON to standard output when it is ready, and stops everything when
standard input ends or on SIGINT or SIGTERM. If this program is killed, its processes end too. Without --data, the
data are in a temporary folder that is removed at the end.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return run(command.Context(), flags)
		},
	}
	flags.register(command)
	return command
}

func run(ctx context.Context, flags *clusterFlags) error {
	// Standard input ends when whoever started us ends, however that happens. From the first moment on: a test may be
	// killed while its cluster starts.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if flags.data == "" {
		temporary, err := os.MkdirTemp("", "localcluster-")
		if err != nil {
			return fmt.Errorf("create temporary data folder: %w", err)
		}
		defer os.RemoveAll(temporary)
		flags.data = temporary
	}
	options, err := flags.options()
	if err != nil {
		return err
	}
	err = cluster.Run(ctx, options, func(status *cluster.Status) error {
		return json.NewEncoder(os.Stdout).Encode(status)
	})
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

func stopCommand() *cobra.Command {
	var data string
	command := &cobra.Command{
		Use:   "stop --data DIR",
		Short: "Stop a cluster; its data stay",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			folder, err := cluster.NewFolder(data)
			if err != nil {
				return err
			}
			count, err := cluster.Stop(command.Context(), folder, progress())
			if err != nil {
				return err
			}
			if count == 0 {
				fmt.Printf("No cluster runs on %s.\n", folder.Path)
			} else {
				fmt.Printf("Stopped %d processes. The data in %s are kept.\n", count, folder.Path)
			}
			return nil
		},
	}
	command.Flags().StringVar(&data, "data", "", "the cluster's data folder")
	return command
}

func statusCommand() *cobra.Command {
	var data, output string
	command := &cobra.Command{
		Use:   "status --data DIR",
		Short: "Say what runs, since when, where, and how much it uses",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			folder, err := cluster.NewFolder(data)
			if err != nil {
				return err
			}
			status, err := cluster.Inspect(folder)
			if err != nil {
				return err
			}
			switch output {
			case "":
				fmt.Print(status.Words(time.Now()))
				return nil
			case "json":
				encoder := json.NewEncoder(os.Stdout)
				encoder.SetIndent("", "  ")
				return encoder.Encode(status)
			}
			return fmt.Errorf("--output is %q: it can be json", output)
		},
	}
	command.Flags().StringVar(&data, "data", "", "the cluster's data folder")
	command.Flags().StringVarP(&output, "output", "o", "", "json for programs")
	return command
}
