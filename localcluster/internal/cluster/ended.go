package cluster

import (
	"fmt"
	"strings"
)

// EndedError says that a process of the cluster ended by itself.
type EndedError struct {
	Process   Process
	LastLines []string
}

func (e *EndedError) Error() string {
	text := strings.Join(e.LastLines, "\n  ")
	if text == "" {
		text = "(it wrote nothing)"
	}
	return fmt.Sprintf("%s ended by itself. The end of %s:\n  %s%s", e.Process.Name, e.Process.Log, text, e.advice())
}

// advice turns the causes that users can do something about into a sentence.
func (e *EndedError) advice() string {
	all := strings.Join(e.LastLines, "\n")
	switch {
	case strings.Contains(all, "no space left on device"):
		return "\nThe disk is full: free some space and start again."
	case e.portTaken():
		return "\nAnother program has taken the port: start again, and another one is chosen."
	case e.Process.Name == Etcd && (strings.Contains(all, "panic") || strings.Contains(all, "corrupt") || strings.Contains(all, "invalid database")):
		return "\nThe database looks damaged. If its content isn't needed, remove the data folder and start again."
	}
	return ""
}

func (e *EndedError) portTaken() bool {
	return strings.Contains(strings.Join(e.LastLines, "\n"), "address already in use")
}
