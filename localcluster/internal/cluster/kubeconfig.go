package cluster

import (
	"crypto/x509/pkix"
	"fmt"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// writeKubeconfigs writes one file per client. They are rewritten at each start, because ports may have changed.
func (c *plan) writeKubeconfigs(credentials *credentials, now time.Time) error {
	admin := pkix.Name{CommonName: "localcluster-admin", Organization: []string{"system:masters"}}
	clients := []struct {
		file    string
		port    int
		subject pkix.Name
	}{
		{c.folder.Kubeconfig(), c.ports.APIServer, admin},
		{c.folder.config("controller-manager.kubeconfig"), c.ports.APIServer, pkix.Name{CommonName: "system:kube-controller-manager"}},
		{c.folder.config("scheduler.kubeconfig"), c.ports.APIServer, pkix.Name{CommonName: "system:kube-scheduler"}},
		{
			c.folder.config("kwok.kubeconfig"), c.ports.APIServer,
			pkix.Name{CommonName: "localcluster-kwok", Organization: []string{"system:masters"}},
		},
	}
	if c.options.APIServers == 2 {
		clients = append(clients, clients[0])
		clients[len(clients)-1].file = c.folder.SecondKubeconfig()
		clients[len(clients)-1].port = c.ports.SecondAPIServer
	}
	for _, client := range clients {
		certificate, key, err := credentials.cluster.issue(client.subject, now)
		if err != nil {
			return err
		}
		content, err := clientcmd.Write(kubeconfig("https://"+c.address(client.port), credentials.cluster.pem, certificate, key))
		if err != nil {
			return fmt.Errorf("encode kubeconfig: %w", err)
		}
		if err := writeFile(client.file, content); err != nil {
			return err
		}
	}
	return nil
}

func kubeconfig(server string, authority, certificate, key []byte) clientcmdapi.Config {
	const name = "localcluster"
	return clientcmdapi.Config{
		CurrentContext: name,
		Clusters:       map[string]*clientcmdapi.Cluster{name: {Server: server, CertificateAuthorityData: authority}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: {ClientCertificateData: certificate, ClientKeyData: key}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
	}
}
