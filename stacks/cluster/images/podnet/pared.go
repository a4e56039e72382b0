package main

import (
	"reflect"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"backstack.dev/cluster/podnet/policy"
)

// pared leaves out of an object what no policy is about. The rest would take the most memory of this program.
func pared(object any) (any, error) {
	switch full := object.(type) {
	case *core.Pod:
		return paredPod(full), nil
	case *core.Namespace:
		return &core.Namespace{ObjectMeta: paredMeta(full.ObjectMeta)}, nil
	case *networking.NetworkPolicy:
		return &networking.NetworkPolicy{ObjectMeta: paredMeta(full.ObjectMeta), Spec: full.Spec}, nil
	}
	return object, nil
}

func paredPod(full *core.Pod) *core.Pod {
	pod := &core.Pod{ObjectMeta: paredMeta(full.ObjectMeta)}
	pod.Spec.NodeName, pod.Spec.HostNetwork = full.Spec.NodeName, full.Spec.HostNetwork
	pod.Spec.InitContainers, pod.Spec.Containers = paredPorts(full.Spec.InitContainers), paredPorts(full.Spec.Containers)
	pod.Status.Phase, pod.Status.PodIPs = full.Status.Phase, full.Status.PodIPs
	return pod
}

func paredPorts(containers []core.Container) (pared []core.Container) {
	for _, container := range containers {
		if len(container.Ports) > 0 {
			pared = append(pared, core.Container{Ports: container.Ports})
		}
	}
	return pared
}

func paredMeta(full meta.ObjectMeta) meta.ObjectMeta {
	return meta.ObjectMeta{
		Namespace: full.Namespace, Name: full.Name, UID: full.UID, ResourceVersion: full.ResourceVersion,
		Labels: full.Labels,
	}
}

func samePod(before, after any) bool {
	one, known := policy.Read(before.(*core.Pod))
	other, stillKnown := policy.Read(after.(*core.Pod))
	other.Version = one.Version
	return known == stillKnown && reflect.DeepEqual(one, other)
}

func sameLabels(before, after any) bool {
	return reflect.DeepEqual(before.(*core.Namespace).Labels, after.(*core.Namespace).Labels)
}

func samePolicy(before, after any) bool {
	return reflect.DeepEqual(before.(*networking.NetworkPolicy).Spec, after.(*networking.NetworkPolicy).Spec)
}
