package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	pollInterval = 50 * time.Millisecond
	// logTail is how much of a log is read to explain an end: enough for a panic's message and the first frames.
	logTail = 32 << 10
	// logLines is what of it is shown.
	logLines = 12
)

// waitForAPIServer polls /readyz, and gives up as soon as a process ends.
func (p *plan) waitForAPIServer(ctx context.Context, server component) error {
	authority, err := os.ReadFile(p.folder.pki("ca.crt"))
	if err != nil {
		return fmt.Errorf("read certificate authority: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	client := &http.Client{
		Timeout:   2 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true},
	}
	url := "https://" + p.address(server.port) + "/readyz"
	last := "no answer yet"
	err = p.poll(ctx, func() (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false, fmt.Errorf("ask for readiness: %w", err)
		}
		response, err := client.Do(request)
		if err != nil {
			last = err.Error()
			return false, nil
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(response.Body, logTail))
		last = failedChecks(string(body))
		return response.StatusCode == http.StatusOK, nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s wasn't ready in %s (%s). Its log: %s", server.name, p.options.Timeout, last, p.folder.log(server.name))
	}
	return err
}

// failedChecks keeps the lines of a readiness report that say no.
func failedChecks(report string) string {
	var failed []string
	for line := range strings.Lines(report) {
		if strings.HasPrefix(line, "[-]") {
			failed = append(failed, strings.TrimSpace(line[3:]))
		}
	}
	if len(failed) == 0 {
		return strings.TrimSpace(report)
	}
	return strings.Join(failed, "; ")
}

// The controllers have no door of their own to knock at, so they are asked for something that only they do: the default
// service account of a namespace that nobody uses is removed before they start, and they are ready when it is back.
const (
	probedNamespace = "kube-node-lease"
	probedAccount   = "default"
)

func forgetControllers(ctx context.Context, client kubernetes.Interface) error {
	err := client.CoreV1().ServiceAccounts(probedNamespace).Delete(ctx, probedAccount, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("prepare the check of the controllers: %w", err)
	}
	return nil
}

func (p *plan) waitForControllers(ctx context.Context, client kubernetes.Interface) error {
	err := p.poll(ctx, func() (bool, error) {
		for _, namespace := range []string{probedNamespace, metav1.NamespaceDefault} {
			_, err := client.CoreV1().ServiceAccounts(namespace).Get(ctx, probedAccount, metav1.GetOptions{})
			if err != nil {
				return false, nil
			}
		}
		return true, nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the controllers weren't ready in %s. Their log: %s", p.options.Timeout, p.folder.log(ControllerManager))
	}
	return err
}

// poll calls check until it is content, the context ends, or a process of the cluster ends.
func (p *plan) poll(ctx context.Context, check func() (bool, error)) error {
	for {
		done, err := check()
		if done || err != nil {
			return err
		}
		if err := p.checkAlive(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// checkAlive returns an error that explains the end of the first process that ended.
func (p *plan) checkAlive() error {
	for _, process := range p.state.Processes {
		if !process.Alive() {
			return &EndedError{Process: process, LastLines: lastLines(process.Log)}
		}
	}
	return nil
}

// watch waits for the end of ctx, which is a wish, or of a process, which is an error.
func (p *plan) watch(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(500 * time.Millisecond):
		}
		if err := p.checkAlive(); err != nil {
			return err
		}
	}
}

// lastLines are the lines of a log that most likely say why a process ended: errors if there are any, else just the last.
func lastLines(path string) []string {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > logTail {
		_, _ = file.Seek(-logTail, io.SeekEnd)
	}
	content, err := io.ReadAll(io.LimitReader(file, logTail))
	if err != nil {
		return nil
	}
	return tellingLines(string(bytes.ToValidUTF8(content, []byte("?"))))
}

func tellingLines(content string) []string {
	var all, errorsOnly []string
	for line := range strings.Lines(content) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			continue
		}
		all = append(all, line)
		if isError(line) {
			errorsOnly = append(errorsOnly, line)
		}
	}
	chosen := all
	if len(errorsOnly) > 0 {
		chosen = errorsOnly
	}
	return chosen[max(0, len(chosen)-logLines):]
}

// isError knows the two log formats (klog's "E0102 …" and etcd's JSON), Go's panics and cobra's messages.
func isError(line string) bool {
	klog := len(line) > 5 && (line[0] == 'E' || line[0] == 'F') && line[1] >= '0' && line[1] <= '9'
	return klog || strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") || strings.HasPrefix(line, "Error:") ||
		strings.Contains(line, `"level":"error"`) || strings.Contains(line, `"level":"fatal"`) || strings.Contains(line, `"level":"panic"`)
}

func restConfig(kubeconfig string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig %s: %w", kubeconfig, err)
	}
	// The number of requests in flight is bounded where they are made; a rate on top would only slow a local server down.
	config.QPS = -1
	return config, nil
}

func adminClient(folder Folder) (kubernetes.Interface, error) {
	config, err := restConfig(folder.Kubeconfig())
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("create client: %w", err)
	}
	return client, nil
}
