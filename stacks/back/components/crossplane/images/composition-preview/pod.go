package main

import "slices"

// A pod, as far as it matters here. What is only handed on stays as it is.
type pod struct {
	Metadata struct {
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Security   object      `json:"securityContext"`
		Containers []container `json:"containers"`
		Volumes    []object    `json:"volumes"`
	} `json:"spec"`
	Status struct {
		Phase      string `json:"phase"`
		Message    string `json:"message"`
		IP         string `json:"podIP"`
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
	} `json:"status"`
}

type container struct {
	Image     string   `json:"image"`
	Command   []string `json:"command"`
	Args      []string `json:"args"`
	Env       []object `json:"env"`
	Resources object   `json:"resources"`
	Security  object   `json:"securityContext"`
	Mounts    []object `json:"volumeMounts"`
	Ports     []struct {
		Name string `json:"name"`
		Port int    `json:"containerPort"`
	} `json:"ports"`
}

func (pod *pod) isReady() bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(one struct {
		Type   string `json:"type"`
		Status string `json:"status"`
	}) bool {
		return one.Type == "Ready" && one.Status == "True"
	})
}

// Where its function serves.
func (pod *pod) port() int {
	for _, port := range pod.Spec.Containers[0].Ports {
		if port.Name == "grpc" {
			return port.Port
		}
	}
	return port
}

// The same function for a draft: the same program and settings, with keys of its own, no account, and an end.
func (pod *pod) draft(function string) object {
	from := pod.Spec.Containers[0]
	certificates := "/tls/server"
	for _, one := range from.Env {
		if text(one, "name") == certificatesVariable {
			certificates = text(one, "value")
		}
	}
	volumes := []object{{"name": "keys", "secret": object{"secretName": draftName}}}
	mounts := []object{{"name": "keys", "mountPath": certificates, "readOnly": true}}
	for _, mount := range from.Mounts {
		// Room of its own it gets; what comes from elsewhere, as Crossplane's keys, it does not.
		for _, volume := range pod.Spec.Volumes {
			if volume["name"] == mount["name"] && volume["emptyDir"] != nil {
				mounts = append(mounts, mount)
				volumes = append(volumes, object{"name": mount["name"], "emptyDir": object{"sizeLimit": "64Mi"}})
			}
		}
	}
	security := object{"seccompProfile": object{"type": "RuntimeDefault"}}
	for key, value := range pod.Spec.Security {
		security[key] = value
	}
	return object{
		"metadata": object{"generateName": draftName + "-", "labels": object{draftLabel: draftName, functionLabel: function}},
		"spec": object{
			"automountServiceAccountToken": false, "enableServiceLinks": false, "restartPolicy": "Never",
			"activeDeadlineSeconds": int(longestLife.Seconds()), "terminationGracePeriodSeconds": 0,
			"securityContext": security, "volumes": volumes,
			"containers": []object{{
				"name": "function", "image": from.Image, "command": from.Command, "args": from.Args, "env": from.Env,
				"resources": limited(from.Resources), "securityContext": from.Security, "volumeMounts": mounts,
				"readinessProbe": object{"tcpSocket": object{"port": pod.port()}, "periodSeconds": 1},
			}},
		},
	}
}

// What a draft may use at most: as much memory as its function, and not the whole machine.
func limited(resources object) object {
	limits := object{"memory": "256Mi"}
	if given, is := resources["limits"].(object); is {
		for key, value := range given {
			limits[key] = value
		}
	}
	limits["cpu"] = "1"
	return object{"requests": object{"cpu": "20m", "memory": "64Mi"}, "limits": limits}
}
