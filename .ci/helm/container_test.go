package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const manifests = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: vk, namespace: moon}
spec:
  template:
    spec:
      serviceAccountName: robot
      containers:
        - name: first
          image: example/first
          command: [/first]
          args: [run, --file=/etc/first/a.yaml, /data/b, --dir=/etc/firstly]
          env:
            - {name: PLAIN, value: "1=2"}
            - {name: CERT, value: /tls/tls.crt}
            - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
            - {name: TOKEN, valueFrom: {secretKeyRef: {name: tls, key: token}}}
          volumeMounts:
            - {name: config, mountPath: /etc/first}
            - {name: data, mountPath: /data}
            - {name: tls, mountPath: /tls}
        - name: second
          image: example/second
      volumes:
        - {name: config, configMap: {name: config}}
        - {name: data, emptyDir: {}}
        - {name: tls, secret: {secretName: tls}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {a.yaml: "x: 1"}
---
apiVersion: v1
kind: Service
metadata: {name: vk}
spec: {ports: [{port: 1}]}
---
apiVersion: v1
kind: Secret
metadata: {name: tls}
data: {tls.crt: Y2VydA==}
stringData: {token: secret}
`

func parsed(t *testing.T, text string) objects {
	t.Helper()
	all, err := readObjects(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestContainerIsWhatThePodWouldRun(t *testing.T) {
	got, err := parsed(t, manifests).container(place{podIP: "10.0.0.7"})
	if err != nil {
		t.Fatal(err)
	}
	want := container{
		Namespace:      "moon",
		ServiceAccount: "robot",
		Image:          "example/first",
		Command:        []string{"/first"},
		Args:           []string{"run", "--file=/etc/first/a.yaml", "/data/b", "--dir=/etc/firstly"},
		Env:            []string{"PLAIN=1=2", "CERT=/tls/tls.crt", "IP=10.0.0.7", "TOKEN=secret"},
		Files:          map[string]string{"/etc/first/a.yaml": "x: 1", "/tls/tls.crt": "cert", "/tls/token": "secret"},
		Folders:        []string{"/data"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestContainerMovedToAFolder(t *testing.T) {
	root := t.TempDir()
	got, err := parsed(t, manifests).container(place{root: root})
	if err != nil {
		t.Fatal(err)
	}
	wantArgs := []string{"run", "--file=" + root + "/etc/first/a.yaml", root + "/data/b", "--dir=/etc/firstly"}
	if diff := cmp.Diff(wantArgs, got.Args); diff != "" {
		t.Errorf("args:\n%s", diff)
	}
	wantEnv := []string{"PLAIN=1=2", "CERT=" + root + "/tls/tls.crt", "IP=", "TOKEN=secret"}
	if diff := cmp.Diff(wantEnv, got.Env); diff != "" {
		t.Errorf("env:\n%s", diff)
	}
	if text, err := os.ReadFile(filepath.Join(root, "etc/first/a.yaml")); err != nil || string(text) != "x: 1" {
		t.Errorf("the file holds %q: %v", text, err)
	}
	if folder, err := os.Stat(filepath.Join(root, "data")); err != nil || !folder.IsDir() {
		t.Errorf("the empty folder is missing: %v", err)
	}
}

func TestContainerSaysWhatIsMissing(t *testing.T) {
	for name, tc := range map[string]struct{ old, new, want string }{
		"no workload":            {"kind: StatefulSet", "kind: DaemonSet", "neither a StatefulSet nor a Deployment among 4 manifests"},
		"a ConfigMap":            {"metadata: {name: config}", "metadata: {name: other}", "StatefulSet vk: volume config: ConfigMap config is not among the manifests: add it to them"},
		"a Secret":               {"metadata: {name: tls}", "metadata: {name: other}", "StatefulSet vk: env TOKEN: Secret tls is not among the manifests"},
		"a value from elsewhere": {"status.podIP", "status.hostIP", "StatefulSet vk: env IP: only a value, status.podIP and a Secret's key are known here"},
		"base64":                 {"Y2VydA==", `"!"`, "Secret tls: key tls.crt: illegal base64"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parsed(t, strings.Replace(manifests, tc.old, tc.new, 1)).container(place{})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q in it", err, tc.want)
			}
		})
	}
}

// From the chart to a process: what the end-to-end test does.
func TestContainerOfTheChart(t *testing.T) {
	out := containerOf(t, template(t), "--pod-ip", "127.0.0.1")
	for _, want := range []string{`"/moonlet"`, `"--provider=lua"`, `"VKUBELET_POD_IP=127.0.0.1"`, `"/scripts/default.lua"`, `"/etc/moonlet/config.yaml"`, `"serviceAccount": "demo-moonlet"`} {
		if !strings.Contains(out, want) {
			t.Errorf("%s is missing in %s", want, out)
		}
	}
}
