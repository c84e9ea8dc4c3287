package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// neededBytes is what must be free to start: etcd stops taking writes in the middle of something when the disk fills up.
const neededBytes = 1 << 30

// Folder is the data folder of one cluster. Everything that belongs to the cluster is below it.
type Folder struct {
	Path string
}

// Kubeconfig is the administrator's access to the (first) API server.
func (f Folder) Kubeconfig() string { return filepath.Join(f.Path, "kubeconfig") }

// SecondKubeconfig is the same access through the second API server of a pair.
func (f Folder) SecondKubeconfig() string { return filepath.Join(f.Path, "kubeconfig-2") }

// Logs holds one file per process.
func (f Folder) Logs() string { return filepath.Join(f.Path, "logs") }

func (f Folder) log(name string) string { return filepath.Join(f.Logs(), name+".log") }
func (f Folder) stateFile() string      { return filepath.Join(f.Path, "state.json") }
func (f Folder) lockFile() string       { return filepath.Join(f.Path, "lock") }

// NewFolder makes the path absolute, because the processes and their files outlive the working directory of this one.
func NewFolder(path string) (Folder, error) {
	if path == "" {
		return Folder{}, errors.New("no data folder given: add --data DIR")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return Folder{}, fmt.Errorf("find data folder: %w", err)
	}
	return Folder{Path: absolute}, nil
}

// prepare makes the folders and refuses a disk on which the cluster would soon fail.
func (f Folder) prepare() error {
	for _, path := range []string{f.Path, filepath.Join(f.Path, "pki"), filepath.Join(f.Path, "config"), f.Logs()} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("create data folder: %w", err)
		}
	}
	free, err := freeBytes(f.Path)
	if err != nil {
		return err
	}
	return checkFree(f.Path, free)
}

func checkFree(path string, free uint64) error {
	if free < neededBytes {
		return fmt.Errorf("the disk of %s has %d MB free, and a cluster needs 1024 MB: free some space or choose another folder with --data",
			path, free>>20)
	}
	return nil
}

func freeBytes(path string) (uint64, error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(path, &disk); err != nil {
		return 0, fmt.Errorf("measure free space of %s: %w", path, err)
	}
	return disk.Bavail * uint64(disk.Bsize), nil
}

// damaged wraps what is wrong with the data, and says what the user can do about it.
func damaged(folder Folder, cause error) error {
	return fmt.Errorf("the data in %s can't be used: %w. Put a copy back, use another folder, or remove this one to start empty",
		folder.Path, cause)
}

// lock is held by whoever changes the folder: by start and stop while they work, by run for as long as its cluster runs.
type lock struct {
	file *os.File
}

// holder is who has the lock, as written into the lock file.
type holder struct {
	pid  int
	verb string
}

// acquire waits for a start or stop that is under way, but not for a `run`, which holds the folder until it ends.
func (f Folder) acquire(ctx context.Context, verb string, say func(string, ...any)) (*lock, error) {
	file, err := os.OpenFile(f.lockFile(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock of data folder: %w", err)
	}
	for told := false; ; {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			file.Close()
			return nil, fmt.Errorf("lock data folder %s: %w", f.Path, err)
		}
		other := f.lockHolder()
		if other.verb == "run" {
			file.Close()
			return nil, &InUseError{Folder: f.Path, PID: other.pid}
		}
		if !told {
			say("waiting for 'localcluster %s' (process %d), which works on %s", other.verb, other.pid, f.Path)
			told = true
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, fmt.Errorf("the data folder %s is locked by 'localcluster %s' (process %d)", f.Path, other.verb, other.pid)
		case <-time.After(100 * time.Millisecond):
		}
	}
	content := strconv.Itoa(os.Getpid()) + " " + verb + "\n"
	if err := errors.Join(file.Truncate(0), writeAt(file, content)); err != nil {
		file.Close()
		return nil, fmt.Errorf("write lock of data folder: %w", err)
	}
	return &lock{file: file}, nil
}

// InUseError says that a foreground cluster has the folder.
type InUseError struct {
	Folder string
	PID    int
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("the data folder %s is in use by 'localcluster run' (process %d): stop that first, or use another folder", e.Folder, e.PID)
}

// lockHolder is only for messages and for stopping a run: who really has the lock is known to the kernel alone.
func (f Folder) lockHolder() holder {
	content, err := os.ReadFile(f.lockFile())
	if err != nil {
		return holder{verb: "?"}
	}
	pid, verb, _ := strings.Cut(strings.TrimSpace(string(content)), " ")
	number, err := strconv.Atoi(pid)
	if err != nil {
		return holder{verb: "?"}
	}
	return holder{pid: number, verb: verb}
}

func (l *lock) release() {
	// The file stays: removing it would let two processes lock two different files of one name.
	l.file.Truncate(0)
	l.file.Close()
}

func writeAt(file *os.File, content string) error {
	_, err := file.WriteAt([]byte(content), 0)
	return err
}

// writeFile replaces a file in one step and keeps it from other users: nearly all of them hold keys.
func writeFile(path string, content []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func exists(path string) bool {
	if path == "" {
		return false
	}
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
