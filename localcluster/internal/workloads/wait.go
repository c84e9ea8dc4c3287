package workloads

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// waitInterval is short against the seconds that hundreds of pods take, and long against the cost of two lists.
const waitInterval = 500 * time.Millisecond

// Wait waits until every row's pods run and its claim is bound, and returns those that didn't make it in time with the reason
// that the cluster gives.
func Wait(ctx context.Context, client kubernetes.Interface, rows []Row, say func(string, ...any)) ([]Failure, error) {
	for said := time.Now(); ; {
		observed, err := observe(ctx, client)
		if err != nil && ctx.Err() == nil {
			return nil, err
		}
		var waiting []Failure
		if err == nil {
			waiting = observed.waiting(rows)
			if len(waiting) == 0 {
				return nil, nil
			}
		}
		if time.Since(said) > sayInterval {
			said = time.Now()
			say("%d of %d workloads run", len(rows)-len(waiting), len(rows))
		}
		select {
		case <-ctx.Done():
			return explain(client, waiting), nil
		case <-time.After(waitInterval):
		}
	}
}

// observed is what the cluster has of all workloads, by namespace and name.
type observed struct {
	deployments map[string]appsv1.Deployment
	claims      map[string]corev1.PersistentVolumeClaim
}

func observe(ctx context.Context, client kubernetes.Interface) (observed, error) {
	seen := observed{deployments: map[string]appsv1.Deployment{}, claims: map[string]corev1.PersistentVolumeClaim{}}
	options := metav1.ListOptions{LabelSelector: managedByLabel + "=" + managedBy}
	deployments, err := client.AppsV1().Deployments("").List(ctx, options)
	if err != nil {
		return seen, fmt.Errorf("list workloads: %w", err)
	}
	for _, deployment := range deployments.Items {
		seen.deployments[deployment.Namespace+"/"+deployment.Name] = deployment
	}
	claims, err := client.CoreV1().PersistentVolumeClaims("").List(ctx, options)
	if err != nil {
		return seen, fmt.Errorf("list claims: %w", err)
	}
	for _, claim := range claims.Items {
		seen.claims[claim.Namespace+"/"+claim.Name] = claim
	}
	return seen, nil
}

// waiting returns the rows that aren't real yet, each with what is missing.
func (o observed) waiting(rows []Row) []Failure {
	var waiting []Failure
	for _, row := range rows {
		if missing := o.missing(row); missing != "" {
			waiting = append(waiting, Failure{Row: row, Message: missing})
		}
	}
	return waiting
}

func (o observed) missing(row Row) string {
	if row.hasClaim() {
		claim := o.claims[row.Namespace+"/"+row.claimName()]
		if claim.Status.Phase != corev1.ClaimBound {
			return fmt.Sprintf("claim %s isn't bound", row.claimName())
		}
	}
	deployment, found := o.deployments[row.String()]
	if !found {
		return "the deployment is gone"
	}
	if deployment.Status.ObservedGeneration == deployment.Generation &&
		deployment.Status.UpdatedReplicas == row.Replicas && deployment.Status.AvailableReplicas == row.Replicas {
		return ""
	}
	reason := fmt.Sprintf("%d of %d pods run", deployment.Status.AvailableReplicas, row.Replicas)
	for _, condition := range deployment.Status.Conditions {
		// This is where a refusal by the quota or by an admission policy shows.
		if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue {
			return reason + ": " + condition.Message
		}
	}
	return reason
}

// explain adds why the scheduler found no node, for rows whose pods exist.
func explain(client kubernetes.Interface, waiting []Failure) []Failure {
	// The caller's time is up, which is why we are here.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	options := metav1.ListOptions{LabelSelector: managedByLabel + "=" + managedBy, FieldSelector: "status.phase=Pending"}
	pods, err := client.CoreV1().Pods("").List(ctx, options)
	if err != nil {
		return waiting
	}
	for i, failure := range waiting {
		for _, pod := range pods.Items {
			if pod.Namespace != failure.Row.Namespace || pod.Labels[nameLabel] != failure.Row.Name {
				continue
			}
			if why := unschedulable(pod); why != "" && !strings.Contains(waiting[i].Message, why) {
				waiting[i].Message += ": " + why
				break
			}
		}
	}
	return waiting
}

func unschedulable(pod corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return condition.Message
		}
	}
	return ""
}
