// Package cluster starts, shows and stops a real Kubernetes control plane on this machine.
//
// A cluster is a data folder and the processes that work on it. The folder's state file says which processes those are; it is
// written after each step, so that whatever happens to this program, the next one can find and stop them. All ports are on
// 127.0.0.1. Nothing is downloaded.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/component-base/version"

	"yunheng.io/localcluster/internal/simulate"
)

// Options is what the user can choose.
type Options struct {
	Folder Folder
	// Throwaway trades the safety of the data against a crash of the machine for speed.
	Throwaway bool
	// KeepHistory keeps every revision in etcd, for a reader that goes through them afterwards.
	KeepHistory bool
	// APIServers is 1, or 2 for a pair on one etcd.
	APIServers int
	// Port is the first API server's; 0 lets the program choose.
	Port int
	// Nodes names the file with the simulated nodes; empty for none.
	Nodes string
	// KwokProgram simulates the nodes; empty finds it beside this program.
	KwokProgram string
	// Timeout bounds the whole start.
	Timeout time.Duration
	// Say reports progress.
	Say func(format string, args ...any)
}

const (
	// startAttempts bounds the starts with new ports, after another program took a port between choosing and using it.
	startAttempts = 3
	// stopDeadline is generous: an API server with open requests takes a few seconds, etcd less than one.
	stopDeadline = 20 * time.Second
)

// Start brings a cluster up that stays when this program ends. A cluster that runs already is left as it is, apart from its
// simulated nodes; found is true then.
func Start(ctx context.Context, options Options) (status *Status, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	p, release, err := open(ctx, "start", options)
	if err != nil {
		return nil, false, err
	}
	defer release()
	found = p.state.isComplete()
	if found {
		if options.APIServers != p.state.apiServers() {
			return nil, false, fmt.Errorf("a cluster with %d API server(s) runs on %s already: stop it first to start one with %d",
				p.state.apiServers(), options.Folder.Path, options.APIServers)
		}
		if err := p.simulateNodes(ctx); err != nil {
			return nil, false, err
		}
	} else if err := p.startAgain(ctx); err != nil {
		return nil, false, err
	}
	status, err = Inspect(options.Folder)
	return status, found, err
}

// Run brings a cluster up that ends with this program, calls ready, and waits for the end of ctx or of a process.
func Run(ctx context.Context, options Options, ready func(*Status) error) (err error) {
	startCtx, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	p, release, err := open(startCtx, "run", options)
	if err != nil {
		return err
	}
	defer release()
	if p.state.isComplete() {
		return fmt.Errorf("a cluster runs on %s already: stop it first ('localcluster stop --data %s'), or use another folder",
			options.Folder.Path, options.Folder.Path)
	}
	p.tied = true
	if err := p.startAgain(startCtx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stopAll()) }()
	status, err := Inspect(options.Folder)
	if err != nil {
		return err
	}
	if err := ready(status); err != nil {
		return fmt.Errorf("report that the cluster is ready: %w", err)
	}
	return p.watch(ctx)
}

// Simulate adds nodes to a cluster that Start brought up.
func Simulate(ctx context.Context, options Options) error {
	ctx, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	p, release, err := open(ctx, "simulate", options)
	if err != nil {
		return err
	}
	defer release()
	if !p.state.isComplete() {
		return fmt.Errorf("no complete cluster runs on %s: see 'localcluster status --data %s'", options.Folder.Path, options.Folder.Path)
	}
	return p.simulateNodes(ctx)
}

// plan is one command's view of a locked data folder.
type plan struct {
	folder  Folder
	options Options
	ports   ports
	state   *state
	program string
	groups  []simulate.Group
	kwok    string
	say     func(string, ...any)
	tied    bool
}

func open(ctx context.Context, verb string, options Options) (*plan, func(), error) {
	program, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("find this program's own file: %w", err)
	}
	p := &plan{folder: options.Folder, options: options, program: program, say: options.Say}
	if err := options.Folder.prepare(); err != nil {
		return nil, nil, err
	}
	lock, err := options.Folder.acquire(ctx, verb, options.Say)
	if err != nil {
		return nil, nil, err
	}
	if p.state, err = loadState(options.Folder); err == nil {
		err = p.readNodes()
	}
	if err != nil {
		lock.release()
		return nil, nil, err
	}
	p.ports = p.state.Ports
	return p, lock.release, nil
}

// startAgain ends what is left of an incomplete cluster and brings it up, with other ports if somebody took ours just now.
func (p *plan) startAgain(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		if alive := p.state.alive(); len(alive) > 0 {
			p.say("stopping %d processes that are left of an incomplete cluster", len(alive))
			if err := p.stopAll(); err != nil {
				return err
			}
		}
		err := p.bringUp(ctx)
		if err == nil {
			return nil
		}
		err = errors.Join(err, p.stopAll())
		var ended *EndedError
		if !errors.As(err, &ended) || !ended.portTaken() || attempt == startAttempts {
			return err
		}
		p.say("another program took a port in this moment: trying other ports")
	}
}

// bringUp is the order of a start: what others need comes first.
func (p *plan) bringUp(ctx context.Context) error {
	if err := p.prepare(time.Now()); err != nil {
		return err
	}
	servers := []component{p.etcd(), p.apiServer(APIServer, p.ports.APIServer)}
	if p.options.APIServers == 2 {
		servers = append(servers, p.apiServer(SecondAPIServer, p.ports.SecondAPIServer))
	}
	if err := p.launchComponents(servers); err != nil {
		return err
	}
	p.say("started etcd and %d API server(s), waiting until they are ready", p.options.APIServers)
	for _, server := range servers[1:] {
		if err := p.waitForAPIServer(ctx, server); err != nil {
			return err
		}
	}
	p.say("API server ready at https://%s", p.address(p.ports.APIServer))
	client, err := adminClient(p.folder)
	if err != nil {
		return err
	}
	if err := forgetControllers(ctx, client); err != nil {
		return err
	}
	if err := p.launchComponents([]component{p.controllerManager(), p.scheduler()}); err != nil {
		return err
	}
	if err := p.waitForControllers(ctx, client); err != nil {
		return err
	}
	p.say("controllers and scheduler ready")
	p.state.HasData, p.state.Ready = true, true
	if err := p.state.save(p.folder); err != nil {
		return err
	}
	return p.simulateNodes(ctx)
}

// prepare chooses ports and writes every file that the processes read.
func (p *plan) prepare(now time.Time) error {
	chosen, err := choosePorts(p.state.Ports, p.options, p.say)
	if err != nil {
		return err
	}
	p.ports = chosen
	credentials, err := ensureCredentials(p.folder, now)
	if err != nil {
		return err
	}
	if err := p.writeKubeconfigs(credentials, now); err != nil {
		return err
	}
	if err := writeFile(p.folder.config("scheduler.yaml"), []byte(p.schedulerConfig())); err != nil {
		return err
	}
	p.state.Kubernetes = version.DefaultKubeBinaryVersion
	p.state.Mode = "start"
	if p.tied {
		p.state.Mode = "run"
	}
	p.state.Throwaway = p.options.Throwaway
	p.state.KeepHistory = p.options.KeepHistory
	p.state.StartedAt = now.Truncate(time.Second)
	p.state.Ports = chosen
	p.state.Ready, p.state.Processes = false, nil
	return p.state.save(p.folder)
}

func (p *plan) launchComponents(components []component) error {
	for _, component := range components {
		args := append([]string{ComponentCommand, component.runs}, component.args...)
		if err := p.launch(component.name, component.port, p.program, args); err != nil {
			return err
		}
	}
	return nil
}

// launch starts a process and writes it down before anything else happens.
func (p *plan) launch(name string, port int, program string, args []string) error {
	process, err := launch{
		name: name, port: port, program: program, args: args, log: p.folder.log(name), tied: p.tied,
	}.start(time.Now())
	if err != nil {
		return err
	}
	p.state.remember(process)
	return p.state.save(p.folder)
}

// simulateNodes applies the nodes file, if there is one, and has kwok play their kubelets.
func (p *plan) simulateNodes(ctx context.Context) error {
	if p.options.Nodes == "" {
		return nil
	}
	restConfig, err := restConfig(p.folder.Kubeconfig())
	if err != nil {
		return err
	}
	changes, err := simulate.Apply(ctx, restConfig, p.groups)
	if err != nil {
		return err
	}
	p.say("simulated nodes applied: %s", changes)
	if kwok, found := p.state.process(Kwok); !found || !kwok.Alive() {
		stages := p.folder.config("stages.yaml")
		if err := writeFile(stages, simulate.Stages); err != nil {
			return err
		}
		args := simulate.KwokArguments(p.folder.config("kwok.kubeconfig"), stages)
		if err := p.launch(Kwok, 0, p.kwok, args); err != nil {
			return err
		}
	}
	p.state.Nodes = p.options.Nodes
	if err := p.state.save(p.folder); err != nil {
		return err
	}
	return simulate.WaitUntilReady(ctx, restConfig, func() error { return p.checkAlive() }, p.say)
}

// readNodes finds out what is wrong with the nodes before anything is started for them. A cluster that had nodes at its last
// start gets them again, or else they would become NotReady one by one.
func (p *plan) readNodes() (err error) {
	if p.options.Nodes == "" && exists(p.state.Nodes) {
		p.options.Nodes = p.state.Nodes
	}
	if p.options.Nodes == "" {
		return nil
	}
	if p.groups, err = simulate.ReadNodes(p.options.Nodes); err != nil {
		return err
	}
	if p.kwok = p.options.KwokProgram; p.kwok == "" {
		p.kwok, err = FindKwok(p.program)
	}
	return err
}

// FindKwok looks beside this program, where the build script puts it.
func FindKwok(program string) (string, error) {
	path := filepath.Join(filepath.Dir(program), "kwok")
	if !exists(path) {
		return "", fmt.Errorf("the program kwok, which simulates nodes, isn't at %s: build it with 'localcluster/build kwok'", path)
	}
	return path, nil
}
