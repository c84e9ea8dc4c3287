package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are chosen below the range from which the kernel takes ports for outgoing connections (32768 and up, usually):
// a port that we mean to use again after a restart must not be taken by somebody's outgoing connection in between.
const (
	firstPort = 20000
	lastPort  = 32000
	// portAttempts is far more than needed even if half of the 12,000 ports are taken.
	portAttempts = 200
)

type ports struct {
	EtcdClient      int `json:"etcdClient"`
	EtcdPeer        int `json:"etcdPeer"`
	APIServer       int `json:"apiServer"`
	SecondAPIServer int `json:"secondApiServer,omitempty"`
}

// choosePorts keeps the ports of the last start that are still free and replaces the others. A port the user asked for is
// never replaced: if it is taken, that is an error.
func choosePorts(last ports, options Options, say func(string, ...any)) (ports, error) {
	chosen := last
	if options.Port != 0 {
		if !isFree(options.Port) {
			return ports{}, fmt.Errorf("port %d on %s is taken by another program: find it with 'ss -ltnp sport = :%d', or leave --port away and a free one is chosen",
				options.Port, loopback, options.Port)
		}
		chosen.APIServer = options.Port
	}
	wanted := []struct {
		name string
		port *int
	}{
		// First, because it may be the one that the user asked for.
		{"the API server", &chosen.APIServer},
		{"etcd", &chosen.EtcdClient},
		{"etcd's peers", &chosen.EtcdPeer},
	}
	if options.APIServers == 2 {
		wanted = append(wanted, struct {
			name string
			port *int
		}{"the second API server", &chosen.SecondAPIServer})
	} else {
		chosen.SecondAPIServer = 0
	}
	used := map[int]bool{}
	for _, want := range wanted {
		if *want.port != 0 && !used[*want.port] && isFree(*want.port) {
			used[*want.port] = true
			continue
		}
		port, err := freePort(used)
		if err != nil {
			return ports{}, err
		}
		if *want.port != 0 {
			say("port %d, used for %s last time, is taken now: using %d", *want.port, want.name, port)
		}
		*want.port = port
		used[port] = true
	}
	return chosen, nil
}

func freePort(used map[int]bool) (int, error) {
	for range portAttempts {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if !used[port] && isFree(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port found between %d and %d on %s: too many programs listen there", firstPort, lastPort, loopback)
}

// isFree binds the port for a moment. That also notices a server that is still going down and would answer in our place.
func isFree(port int) bool {
	listener, err := net.Listen("tcp4", net.JoinHostPort(loopback, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	listener.Close()
	return true
}
