package workloads

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

const (
	fieldManager = "localcluster"
	// parallelRows keeps two cores busy without flooding the server.
	parallelRows = 8
	// sayInterval is how often progress is reported.
	sayInterval = 2 * time.Second
)

// Failure is a row that could not be made real, with the server's own words.
type Failure struct {
	Row     Row
	Message string
}

// Result counts what applying a table did.
type Result struct {
	Changed  int
	Failures []Failure
}

// Apply makes every row real, several at a time. A row that fails doesn't hold up the others; applying again changes nothing.
func Apply(ctx context.Context, client kubernetes.Interface, rows []Row, say func(string, ...any)) Result {
	var result Result
	var guard sync.Mutex
	done, said := 0, time.Now()
	var workers sync.WaitGroup
	queue := make(chan Row)
	for range parallelRows {
		workers.Go(func() {
			for row := range queue {
				changed, err := applyRow(ctx, client, row)
				guard.Lock()
				done++
				if err != nil {
					result.Failures = append(result.Failures, Failure{Row: row, Message: err.Error()})
				}
				if changed {
					result.Changed++
				}
				if time.Since(said) > sayInterval {
					said = time.Now()
					say("applied %d of %d workloads", done, len(rows))
				}
				guard.Unlock()
			}
		})
	}
	for _, row := range rows {
		queue <- row
	}
	close(queue)
	workers.Wait()
	sortByLine(result.Failures)
	return result
}

func sortByLine(failures []Failure) {
	slices.SortFunc(failures, func(a, b Failure) int { return a.Row.Line - b.Row.Line })
}

// applyRow makes the claim before the pods that wait for it.
func applyRow(ctx context.Context, client kubernetes.Interface, row Row) (changed bool, err error) {
	if row.hasClaim() {
		changed, err = applyClaim(ctx, client, row)
		if err != nil {
			return changed, err
		}
	}
	before := map[types.UID]int64{}
	deployments := client.AppsV1().Deployments(row.Namespace)
	if deployment, err := deployments.Get(ctx, row.Name, metav1.GetOptions{}); err == nil {
		before[deployment.UID] = deployment.Generation
	}
	deployment, err := deployments.Apply(ctx, row.deployment(), applyOptions())
	if err != nil {
		return changed, err
	}
	return changed || before[deployment.UID] != deployment.Generation, nil
}

// applyClaim makes the volume first: a claim that finds its volume is bound at once, the other way round it waits for the
// binder's next round of 15 s.
func applyClaim(ctx context.Context, client kubernetes.Interface, row Row) (changed bool, err error) {
	created, changed, err := ensureVolume(ctx, client, row)
	if err != nil {
		return false, err
	}
	claims := client.CoreV1().PersistentVolumeClaims(row.Namespace)
	before := map[types.UID]string{}
	if claim, err := claims.Get(ctx, row.claimName(), metav1.GetOptions{}); err == nil {
		before[claim.UID] = claim.ResourceVersion
	}
	claim, err := claims.Apply(ctx, row.claim(), applyOptions())
	if err == nil {
		return changed || before[claim.UID] != claim.ResourceVersion, nil
	}
	if !created {
		return changed, err
	}
	// No volume is left over for a claim that was refused.
	removal := client.CoreV1().PersistentVolumes().Delete(ctx, row.volumeName(), metav1.DeleteOptions{})
	return false, errors.Join(err, removal)
}

// ensureVolume also mends what keeps a volume from its claim: a claim that was removed and made again has another uid.
func ensureVolume(ctx context.Context, client kubernetes.Interface, row Row) (created, changed bool, err error) {
	volumes := client.CoreV1().PersistentVolumes()
	existing, err := volumes.Get(ctx, row.volumeName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err := volumes.Create(ctx, row.volume(), metav1.CreateOptions{FieldManager: fieldManager})
		return err == nil, err == nil, err
	}
	if err != nil {
		return false, false, err
	}
	wanted := row.volume().Spec
	spec := map[string]any{}
	if capacity := existing.Spec.Capacity[corev1.ResourceStorage]; capacity.Cmp(row.Storage) != 0 {
		spec["capacity"] = wanted.Capacity
	}
	if existing.Status.Phase == corev1.VolumeReleased || existing.Spec.ClaimRef == nil {
		spec["claimRef"] = map[string]any{"namespace": wanted.ClaimRef.Namespace, "name": wanted.ClaimRef.Name, "uid": nil}
	}
	if len(spec) == 0 {
		return false, false, nil
	}
	patch, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		return false, false, fmt.Errorf("encode change of volume: %w", err)
	}
	_, err = volumes.Patch(ctx, row.volumeName(), types.MergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
	return false, err == nil, err
}

// applyOptions takes fields over by force: the objects are made from the table, and somebody's edit would be lost anyway.
func applyOptions() metav1.ApplyOptions {
	return metav1.ApplyOptions{FieldManager: fieldManager, Force: true}
}
