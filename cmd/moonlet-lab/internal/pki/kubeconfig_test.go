package pki_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/pki"
)

func TestKubeconfigIsReadAsItWasMeant(t *testing.T) {
	ca := []byte("authority")
	for name, tc := range map[string]struct {
		file             pki.Kubeconfig
		token, cert, key string
	}{
		"a client certificate": {
			file: pki.Kubeconfig{User: "system:node:n1", Client: pki.Pair{Cert: []byte("cert"), Key: []byte("key")}},
			cert: "cert", key: "key",
		},
		"a token":                  {file: pki.Kubeconfig{User: "default/moonlet", Token: "abc.def"}, token: "abc.def"},
		"a name YAML would change": {file: pki.Kubeconfig{User: "on: \"é\\\n#", Token: "1e3"}, token: "1e3"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.file.Server, tc.file.CA = "https://127.0.0.1:6443", ca
			text, err := tc.file.YAML()
			if err != nil {
				t.Fatal(err)
			}
			read, err := clientcmd.RESTConfigFromKubeConfig([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			got := []string{read.Host, string(read.CAData), read.BearerToken, string(read.CertData), string(read.KeyData)}
			want := []string{"https://127.0.0.1:6443", "authority", tc.token, tc.cert, tc.key}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			loaded, err := clientcmd.Load([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if loaded.AuthInfos[tc.file.User] == nil {
				t.Errorf("no user %q in %v", tc.file.User, loaded.AuthInfos)
			}
		})
	}
}
