package cluster

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestPortsAreKeptWhileTheyAreFree(t *testing.T) {
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	first, err := choosePorts(ports{}, Options{APIServers: 2}, say)
	if err != nil {
		t.Fatal(err)
	}
	all := map[int]bool{first.EtcdClient: true, first.EtcdPeer: true, first.APIServer: true, first.SecondAPIServer: true}
	if len(all) != 4 || all[0] {
		t.Fatalf("four ports are needed, got %+v", first)
	}
	second, err := choosePorts(first, Options{APIServers: 2}, say)
	if err != nil {
		t.Fatal(err)
	}
	if second != first || len(said) > 0 {
		t.Errorf("free ports were changed from %+v to %+v, saying %q", first, second, said)
	}

	listen(t, first.APIServer)
	third, err := choosePorts(first, Options{APIServers: 1}, say)
	if err != nil {
		t.Fatal(err)
	}
	if third.APIServer == first.APIServer || third.EtcdClient != first.EtcdClient {
		t.Errorf("only the taken port %d should change: %+v", first.APIServer, third)
	}
	if third.SecondAPIServer != 0 {
		t.Errorf("one API server needs no second port, got %d", third.SecondAPIServer)
	}
	if len(said) != 1 || !strings.Contains(said[0], "taken now") {
		t.Errorf("said %q, want one line on the taken port", said)
	}
}

func TestPortThatTheUserWants(t *testing.T) {
	port, err := freePort(nil)
	if err != nil {
		t.Fatal(err)
	}
	silent := func(string, ...any) {}
	chosen, err := choosePorts(ports{EtcdClient: port}, Options{APIServers: 1, Port: port}, silent)
	if err != nil {
		t.Fatal(err)
	}
	if chosen.APIServer != port || chosen.EtcdClient == port {
		t.Errorf("port %d belongs to the API server alone: %+v", port, chosen)
	}
	listen(t, port)
	_, err = choosePorts(ports{}, Options{APIServers: 1, Port: port}, silent)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d on 127.0.0.1 is taken", port)) {
		t.Errorf("a taken port: got %v", err)
	}
}

func listen(t *testing.T, port int) {
	t.Helper()
	listener, err := net.Listen("tcp4", fmt.Sprintf("%s:%d", loopback, port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
}
