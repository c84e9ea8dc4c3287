package workloads

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applyapps "k8s.io/client-go/applyconfigurations/apps/v1"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	applymeta "k8s.io/client-go/applyconfigurations/meta/v1"
)

const (
	// managedBy marks everything that was made from a table.
	managedByLabel = "app.kubernetes.io/managed-by"
	managedBy      = "localcluster"
	nameLabel      = "app.kubernetes.io/name"
	poolLabel      = "yunheng.io/pool"
	// image is never pulled: nobody plays more of a kubelet than a status.
	image = "sample/workload:1"
)

func (r Row) labels() map[string]string {
	return map[string]string{managedByLabel: managedBy, nameLabel: r.Name}
}

func (r Row) hasClaim() bool { return !r.Storage.IsZero() }

func (r Row) claimName() string { return r.Name + "-data" }

// volumeName is unique, because volumes have no namespace: the dot can't be part of either name.
func (r Row) volumeName() string { return r.Namespace + "." + r.claimName() }

// deployment asks for the same amounts as it is limited to, so that what a quota counts is one number.
func (r Row) deployment() *applyapps.DeploymentApplyConfiguration {
	amounts := corev1.ResourceList{corev1.ResourceCPU: r.CPU, corev1.ResourceMemory: r.Memory}
	container := applycore.Container().WithName("workload").WithImage(image).
		WithResources(applycore.ResourceRequirements().WithRequests(amounts).WithLimits(amounts))
	pod := applycore.PodSpec().
		WithNodeSelector(map[string]string{poolLabel: r.Pool}).
		WithTerminationGracePeriodSeconds(0).
		WithAutomountServiceAccountToken(false)
	if r.hasClaim() {
		pod.WithVolumes(applycore.Volume().WithName("data").
			WithPersistentVolumeClaim(applycore.PersistentVolumeClaimVolumeSource().WithClaimName(r.claimName())))
		container.WithVolumeMounts(applycore.VolumeMount().WithName("data").WithMountPath("/data"))
	}
	pod.WithContainers(container)
	selector := map[string]string{nameLabel: r.Name}
	return applyapps.Deployment(r.Name, r.Namespace).WithLabels(r.labels()).
		WithSpec(applyapps.DeploymentSpec().
			WithReplicas(r.Replicas).
			WithRevisionHistoryLimit(1).
			// A replaced pod goes first: a surge would need quota that a full application doesn't have.
			WithStrategy(applyapps.DeploymentStrategy().WithType("Recreate")).
			WithSelector(applymeta.LabelSelector().WithMatchLabels(selector)).
			WithTemplate(applycore.PodTemplateSpec().WithLabels(r.labels()).WithSpec(pod)))
}

// claim names its volume, and the volume names the claim: nothing else can come between them.
func (r Row) claim() *applycore.PersistentVolumeClaimApplyConfiguration {
	return applycore.PersistentVolumeClaim(r.claimName(), r.Namespace).WithLabels(r.labels()).
		WithSpec(applycore.PersistentVolumeClaimSpec().
			WithAccessModes(corev1.ReadWriteMany).
			WithStorageClassName("").
			WithVolumeName(r.volumeName()).
			WithResources(applycore.VolumeResourceRequirements().WithRequests(r.storage())))
}

// volume is created, never applied: `claimRef` is one atomic field, which the binder completes with the claim's uid, and applying
// it again would take the uid away.
func (r Row) volume() *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: r.volumeName(), Labels: r.labels()},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      r.storage(),
			AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: r.Namespace, Name: r.claimName(),
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: "/simulated/" + r.volumeName()},
			},
		},
	}
}

func (r Row) storage() corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceStorage: r.Storage}
}
