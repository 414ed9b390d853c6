package main

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// object is what Moonlet's container needs of any manifest: a workload's pod, or a ConfigMap's or Secret's texts.
type object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		Template v1.PodTemplateSpec `json:"template"`
	} `json:"spec"`

	Data       map[string]any    `json:"data"`
	StringData map[string]string `json:"stringData"`
}

type objects []object

// readObjects reads YAML documents.
func readObjects(in io.Reader) (objects, error) {
	var all objects
	documents := utilyaml.NewYAMLReader(bufio.NewReader(in))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		o, err := readObject(document)
		if err != nil {
			return nil, fmt.Errorf("manifest %d: %w", len(all)+1, err)
		}
		all = append(all, o)
	}
}

// readObject leaves the spec of all but workloads alone: a Service's has no template.
func readObject(document []byte) (object, error) {
	var o object
	var head struct{ metav1.TypeMeta }
	if err := yaml.Unmarshal(document, &head); err != nil {
		return o, err
	}
	switch head.Kind {
	case "StatefulSet", "Deployment", "ConfigMap", "Secret":
		return o, yaml.Unmarshal(document, &o)
	}
	return object{TypeMeta: head.TypeMeta}, nil
}

// workload is the first Deployment or StatefulSet.
func (all objects) workload() (*object, error) {
	for i := range all {
		if kind := all[i].Kind; kind == "StatefulSet" || kind == "Deployment" {
			return &all[i], nil
		}
	}
	return nil, fmt.Errorf("there is neither a StatefulSet nor a Deployment among %d manifests: pipe the output of template or get manifest in", len(all))
}

// texts are what a ConfigMap or Secret holds, by key.
func (all objects) texts(kind, name string) (map[string]string, error) {
	for i := range all {
		if o := &all[i]; o.Kind == kind && o.Name == name {
			return o.texts()
		}
	}
	return nil, fmt.Errorf("%s %s is not among the manifests: add it to them", kind, name)
}

func (o *object) texts() (map[string]string, error) {
	texts := map[string]string{}
	for key, value := range o.Data {
		text, err := o.decode(value)
		if err != nil {
			return nil, fmt.Errorf("%s %s: key %s: %w", o.Kind, o.Name, key, err)
		}
		texts[key] = text
	}
	maps.Copy(texts, o.StringData)
	return texts, nil
}

// decode gives the text of one value: a Secret's are in base64.
func (o *object) decode(value any) (string, error) {
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("%v is not a text", value)
	}
	if o.Kind != "Secret" {
		return text, nil
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	return string(plain), err
}
