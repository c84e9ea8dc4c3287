package cluster

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// Stop ends the cluster of a folder and returns how many processes it ended. Data stay.
func Stop(ctx context.Context, folder Folder, say func(string, ...any)) (int, error) {
	if !exists(folder.stateFile()) {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	lock, err := folder.acquire(ctx, "stop", say)
	var inUse *InUseError
	if errors.As(err, &inUse) {
		return stopRun(ctx, folder, inUse, say)
	}
	if err != nil {
		return 0, err
	}
	defer lock.release()
	state, err := loadState(folder)
	if err != nil {
		return 0, err
	}
	alive := state.alive()
	p := &plan{folder: folder, state: state, say: say}
	return len(alive), p.stopAll()
}

// stopRun asks the foreground program to stop what it started, and waits until it has let go of the folder.
func stopRun(ctx context.Context, folder Folder, inUse *InUseError, say func(string, ...any)) (int, error) {
	count := 0
	if state, err := loadState(folder); err == nil {
		count = len(state.alive())
	}
	say("asking 'localcluster run' (process %d) to stop", inUse.PID)
	if err := syscall.Kill(inUse.PID, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return 0, fmt.Errorf("stop 'localcluster run' (process %d): %w", inUse.PID, err)
	}
	for {
		lock, err := folder.acquire(ctx, "stop", say)
		if err == nil {
			lock.release()
			return count, nil
		}
		if !errors.As(err, &inUse) {
			return 0, err
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("'localcluster run' (process %d) doesn't end", inUse.PID)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stopAll ends clients before servers: an API server without etcd, or a controller without an API server, only waits.
func (p *plan) stopAll() error {
	var clients, servers, databases []Process
	for _, process := range p.state.alive() {
		switch process.Name {
		case Etcd:
			databases = append(databases, process)
		case APIServer, SecondAPIServer:
			servers = append(servers, process)
		default:
			clients = append(clients, process)
		}
	}
	for _, processes := range [][]Process{clients, servers, databases} {
		if len(processes) == 0 {
			continue
		}
		if err := stop(processes, stopDeadline); err != nil {
			return err
		}
	}
	p.state.Ready, p.state.Processes = false, nil
	return p.state.save(p.folder)
}
