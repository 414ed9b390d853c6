package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// render is the rendered chart as Kubernetes' own types; a field that they do not have fails the test.
func render(t *testing.T, values ...string) []metav1.Object {
	t.Helper()
	return ofEverything(t, template(t, values...))
}

func ofEverything(t *testing.T, manifests string) []metav1.Object {
	t.Helper()
	var all []metav1.Object
	documents := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(manifests)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strictly(t, document))
	}
}

func strictly(t *testing.T, document []byte) metav1.Object {
	t.Helper()
	var head metav1.TypeMeta
	if err := yaml.Unmarshal(document, &head); err != nil {
		t.Fatal(err)
	}
	into, known := map[string]metav1.Object{
		"v1/ConfigMap":        &v1.ConfigMap{},
		"v1/Pod":              &v1.Pod{},
		"v1/Service":          &v1.Service{},
		"v1/ServiceAccount":   &v1.ServiceAccount{},
		"apps/v1/StatefulSet": &appsv1.StatefulSet{},
		"rbac.authorization.k8s.io/v1/ClusterRole":        &rbacv1.ClusterRole{},
		"rbac.authorization.k8s.io/v1/ClusterRoleBinding": &rbacv1.ClusterRoleBinding{},
		"rbac.authorization.k8s.io/v1/Role":               &rbacv1.Role{},
		"rbac.authorization.k8s.io/v1/RoleBinding":        &rbacv1.RoleBinding{},
	}[head.APIVersion+"/"+head.Kind]
	if !known {
		t.Fatalf("%s/%s: what is it?\n%s", head.APIVersion, head.Kind, document)
	}
	if err := yaml.UnmarshalStrict(document, into); err != nil {
		t.Fatalf("%s: %v", head.Kind, err)
	}
	return into
}

func kind(object metav1.Object) string { return fmt.Sprintf("%T", object) }

// ofType are the objects of one type, in order.
func ofType[T metav1.Object](all []metav1.Object) []T {
	var found []T
	for _, object := range all {
		if o, ok := object.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

// only is the one object of its type.
func only[T metav1.Object](t *testing.T, all []metav1.Object) T {
	t.Helper()
	found := ofType[T](all)
	if len(found) != 1 {
		t.Fatalf("there are %d objects of type %T", len(found), *new(T))
	}
	return found[0]
}

func configMap(t *testing.T, all []metav1.Object, name string) *v1.ConfigMap {
	t.Helper()
	for _, c := range ofType[*v1.ConfigMap](all) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no ConfigMap %s", name)
	return nil
}
