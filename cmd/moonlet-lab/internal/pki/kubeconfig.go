package pki

import (
	"encoding/base64"
	"strings"
	"text/template"
)

// A Kubeconfig says where an API server is and who asks it: a client certificate or a bearer token. Nothing in it is a
// path, so the file works wherever it is copied.
type Kubeconfig struct {
	Server string // such as https://127.0.0.1:6443
	CA     []byte // PEM
	User   string // what the file calls the identity; the server reads it from the certificate or the token
	Client Pair
	Token  string // instead of Client
}

var kubeconfigTemplate = template.Must(template.New("kubeconfig").Funcs(template.FuncMap{
	"base64": base64.StdEncoding.EncodeToString,
}).Parse(`apiVersion: v1
kind: Config
clusters:
- name: moonlet-lab
  cluster:
    server: {{printf "%q" .Server}}
    certificate-authority-data: {{base64 .CA}}
users:
- name: {{printf "%q" .User}}
  user:
{{- if .Token}}
    token: {{printf "%q" .Token}}
{{- else}}
    client-certificate-data: {{base64 .Client.Cert}}
    client-key-data: {{base64 .Client.Key}}
{{- end}}
contexts:
- name: moonlet-lab
  context:
    cluster: moonlet-lab
    user: {{printf "%q" .User}}
current-context: moonlet-lab
`))

// YAML is the text of the file.
func (k Kubeconfig) YAML() (string, error) {
	var text strings.Builder
	err := kubeconfigTemplate.Execute(&text, k)
	return text.String(), err
}

// Write stores the kubeconfig for its owner only: it is a credential.
func (k Kubeconfig) Write(path string) error {
	text, err := k.YAML()
	if err != nil {
		return err
	}
	return writeFile(path, []byte(text), 0o600)
}
