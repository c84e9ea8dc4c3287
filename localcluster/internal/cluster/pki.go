package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"time"
)

const (
	loopback = "127.0.0.1"
	// serviceRange and serviceIP belong together: the API server takes the range's first address for itself.
	serviceRange = "10.96.0.0/16"
	serviceIP    = "10.96.0.1"
	// certificateLifetime is long because a local cluster is data that people keep, and nobody renews it.
	certificateLifetime = 10 * 365 * 24 * time.Hour
)

// authority is a certificate authority that is kept in the data folder.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
}

// credentials are what the processes of one cluster know each other by.
type credentials struct {
	cluster authority
	etcd    authority
}

// ensureCredentials reads the authorities and the key of the service accounts, or makes them in an empty folder, and writes
// fresh certificates for the servers. Certificates are made at each start: that takes milliseconds, and none grows old.
func ensureCredentials(folder Folder, now time.Time) (*credentials, error) {
	clusterCA, err := ensureAuthority(folder, "ca", "localcluster", now)
	if err != nil {
		return nil, err
	}
	// etcd has an authority of its own, or else every client of the API server could read all secrets from etcd.
	etcdCA, err := ensureAuthority(folder, "etcd-ca", "localcluster-etcd", now)
	if err != nil {
		return nil, err
	}
	if err := ensureServiceAccountKey(folder); err != nil {
		return nil, err
	}
	servers := []struct {
		file   string
		issuer *authority
		name   string
	}{
		{"etcd", etcdCA, "etcd"},
		{"etcd-client", etcdCA, "etcd-client"},
		{"apiserver", clusterCA, "kube-apiserver"},
	}
	for _, server := range servers {
		certificate, key, err := server.issuer.issue(pkix.Name{CommonName: server.name}, now)
		if err != nil {
			return nil, err
		}
		if err := writeFile(folder.pki(server.file+".crt"), certificate); err != nil {
			return nil, err
		}
		if err := writeFile(folder.pki(server.file+".key"), key); err != nil {
			return nil, err
		}
	}
	return &credentials{cluster: *clusterCA, etcd: *etcdCA}, nil
}

func ensureAuthority(folder Folder, file, name string, now time.Time) (*authority, error) {
	certificatePEM, err := os.ReadFile(folder.pki(file + ".crt"))
	if errors.Is(err, fs.ErrNotExist) {
		return createAuthority(folder, file, name, now)
	}
	if err != nil {
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	keyPEM, err := os.ReadFile(folder.pki(file + ".key"))
	if err != nil {
		return nil, fmt.Errorf("read key of certificate authority: %w", err)
	}
	certificateBlock, _ := pem.Decode(certificatePEM)
	keyBlock, _ := pem.Decode(keyPEM)
	if certificateBlock == nil || keyBlock == nil {
		return nil, damaged(folder, fmt.Errorf("pki/%s.crt or pki/%s.key isn't PEM", file, file))
	}
	certificate, err := x509.ParseCertificate(certificateBlock.Bytes)
	if err != nil {
		return nil, damaged(folder, fmt.Errorf("pki/%s.crt: %w", file, err))
	}
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, damaged(folder, fmt.Errorf("pki/%s.key: %w", file, err))
	}
	if now.After(certificate.NotAfter) {
		return nil, damaged(folder, fmt.Errorf("its certificate authority ended on %s", certificate.NotAfter.Format(time.DateOnly)))
	}
	return &authority{certificate: certificate, key: key, pem: certificatePEM}, nil
}

func createAuthority(folder Folder, file, name string, now time.Time) (*authority, error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(certificateLifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("create certificate authority: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back certificate authority: %w", err)
	}
	certificatePEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	// The certificate comes last, because its presence says that the authority is complete.
	if err := writeFile(folder.pki(file+".key"), keyPEM); err != nil {
		return nil, err
	}
	if err := writeFile(folder.pki(file+".crt"), certificatePEM); err != nil {
		return nil, err
	}
	return &authority{certificate: certificate, key: key, pem: certificatePEM}, nil
}

// issue makes a certificate that serves on this machine's loopback addresses and signs in as subject.
func (a *authority) issue(subject pkix.Name, now time.Time) (certificatePEM, keyPEM []byte, err error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	end := now.Add(certificateLifetime)
	if end.After(a.certificate.NotAfter) {
		end = a.certificate.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      subject,
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     end,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames: []string{
			"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		},
		IPAddresses: []net.IP{net.ParseIP(loopback), net.ParseIP(serviceIP)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("issue certificate for %s: %w", subject.CommonName, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), keyPEM, nil
}

// ensureServiceAccountKey keeps the key between starts, so that tokens that were handed out stay valid.
func ensureServiceAccountKey(folder Folder) error {
	if _, err := os.Stat(folder.pki("service-accounts.pub")); err == nil {
		return nil
	}
	key, keyPEM, err := newKey()
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("encode service account key: %w", err)
	}
	if err := writeFile(folder.pki("service-accounts.key"), keyPEM); err != nil {
		return err
	}
	return writeFile(folder.pki("service-accounts.pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("generate key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode key: %w", err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// serial is random with 120 bits: two authorities or two starts never issue the same one.
func serial() *big.Int {
	bytes := make([]byte, 15)
	if _, err := rand.Read(bytes); err != nil {
		panic("the system's random source failed: " + err.Error())
	}
	return new(big.Int).SetBytes(bytes)
}
