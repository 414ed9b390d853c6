package server

import (
	"fmt"
	"net/http"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checkName holds a pod to the names that Kubernetes gives. A pod without a namespace belongs to "default": old
// clients delete what they cannot find again, and they look in a namespace.
func checkName(p *v1.Pod) error {
	if p.Name == "" {
		return badField("metadata.name", "missing", "a pod is known by its name")
	}
	if wrong := validation.IsDNS1123Subdomain(p.Name); wrong != nil {
		return badField("metadata.name", quote(p.Name)+" is not a pod's name", wrong[0])
	}
	p.Namespace = namespaceOr(p.Namespace)
	if wrong := validation.IsDNS1123Label(p.Namespace); wrong != nil {
		return badField("metadata.namespace", quote(p.Namespace)+" is not a namespace", wrong[0])
	}
	return nil
}

// checkContainers holds a pod to what its status is built on: containers with names of their own. All else is taken
// as it comes, as a kubelet must.
func checkContainers(spec *v1.PodSpec) error {
	if len(spec.Containers) == 0 {
		return badField("spec.containers", "missing", "a pod runs at least one container")
	}
	seen := make(map[string]bool, len(spec.Containers)+len(spec.InitContainers))
	if err := checkEach("spec.initContainers", spec.InitContainers, seen); err != nil {
		return err
	}
	return checkEach("spec.containers", spec.Containers, seen)
}

func checkEach(list string, containers []v1.Container, seen map[string]bool) error {
	for i := range containers {
		name, field := containers[i].Name, fmt.Sprintf("%s[%d].name", list, i)
		switch {
		case name == "":
			return badField(field, "missing", "a container is known by its name")
		case seen[name]:
			return badField(field, quote(name)+" is there twice", "give each container a name of its own")
		}
		if wrong := validation.IsDNS1123Label(name); wrong != nil {
			return badField(field, quote(name)+" is not a container's name", wrong[0])
		}
		seen[name] = true
	}
	return nil
}

func badField(field, reason, hint string) error {
	return &refusal{code: http.StatusBadRequest, field: field, reason: reason, hint: strings.TrimSuffix(hint, ".")}
}
