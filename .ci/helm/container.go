package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// container is what one needs to start a workload's first container without Kubernetes.
type container struct {
	Namespace      string            `json:"namespace"`
	ServiceAccount string            `json:"serviceAccount"`
	Image          string            `json:"image"`
	Command        []string          `json:"command"`
	Args           []string          `json:"args"`
	Env            []string          `json:"env"`     // KEY=value
	Files          map[string]string `json:"files"`   // path in the container → text
	Folders        []string          `json:"folders"` // mounted empty
}

// place is where a container is to be started.
type place struct {
	podIP string
	root  string // folder that stands for the container's mounts; empty: they stay where they are
}

// container tells of the first container of the workload. What it needs and the manifests do not have is an error.
func (all objects) container(p place) (container, error) {
	w, err := all.workload()
	if err != nil {
		return container{}, err
	}
	pod := &w.Spec.Template.Spec
	if len(pod.Containers) == 0 {
		return container{}, fmt.Errorf("%s %s has no containers", w.Kind, w.Name)
	}
	first := &pod.Containers[0]
	c := container{
		Namespace:      w.Namespace,
		ServiceAccount: pod.ServiceAccountName,
		Image:          first.Image,
		Command:        first.Command,
		Args:           first.Args,
		Files:          map[string]string{},
		Folders:        []string{},
	}
	if c.Env, err = all.env(first, p); err != nil {
		return container{}, fmt.Errorf("%s %s: %w", w.Kind, w.Name, err)
	}
	for _, mount := range first.VolumeMounts {
		if err := all.mount(&c, pod, mount); err != nil {
			return container{}, fmt.Errorf("%s %s: volume %s: %w", w.Kind, w.Name, mount.Name, err)
		}
	}
	if p.root != "" {
		err = c.moveTo(p.root, first.VolumeMounts)
	}
	return c, err
}

func (all objects) env(first *v1.Container, p place) ([]string, error) {
	env := make([]string, 0, len(first.Env))
	for _, e := range first.Env {
		value, err := all.envValue(e, p)
		if err != nil {
			return nil, fmt.Errorf("env %s: %w", e.Name, err)
		}
		env = append(env, e.Name+"="+value)
	}
	return env, nil
}

func (all objects) envValue(e v1.EnvVar, p place) (string, error) {
	from := e.ValueFrom
	switch {
	case from == nil:
		return e.Value, nil
	case from.FieldRef != nil && from.FieldRef.FieldPath == "status.podIP":
		return p.podIP, nil
	case from.SecretKeyRef != nil:
		texts, err := all.texts("Secret", from.SecretKeyRef.Name)
		return texts[from.SecretKeyRef.Key], err
	}
	return "", fmt.Errorf("only a value, status.podIP and a Secret's key are known here")
}

// mount notes what lies at a mount.
func (all objects) mount(c *container, pod *v1.PodSpec, m v1.VolumeMount) error {
	source := volume(pod, m.Name)
	var kind, name string
	switch {
	case source.ConfigMap != nil:
		kind, name = "ConfigMap", source.ConfigMap.Name
	case source.Secret != nil:
		kind, name = "Secret", source.Secret.SecretName
	default: // an empty folder, or a claim of the StatefulSet's, which is one at first
		c.Folders = append(c.Folders, m.MountPath)
		return nil
	}
	texts, err := all.texts(kind, name)
	for key, text := range texts {
		c.Files[path.Join(m.MountPath, key)] = text
	}
	return err
}

func volume(pod *v1.PodSpec, name string) v1.VolumeSource {
	for i := range pod.Volumes {
		if pod.Volumes[i].Name == name {
			return pod.Volumes[i].VolumeSource
		}
	}
	return v1.VolumeSource{}
}

// moveTo writes the files below root, makes the folders there, and lets args and env name them there.
func (c *container) moveTo(root string, mounts []v1.VolumeMount) error {
	for i, arg := range c.Args {
		c.Args[i] = below(root, mounts, arg)
	}
	for i, e := range c.Env {
		c.Env[i] = below(root, mounts, e)
	}
	for _, folder := range c.Folders {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o700); err != nil {
			return err
		}
	}
	for name, text := range c.Files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// below puts root before a path in a mount: the whole text, or what follows its first "=".
func below(root string, mounts []v1.VolumeMount, text string) string {
	name, file, assigned := strings.Cut(text, "=")
	if !assigned {
		name, file = "", text
	} else {
		name += "="
	}
	for _, m := range mounts {
		if file == m.MountPath || strings.HasPrefix(file, m.MountPath+"/") {
			return name + filepath.Join(root, file)
		}
	}
	return text
}
