package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/pki"
)

func newCA(t *testing.T) (*pki.CA, pki.Files) {
	t.Helper()
	dir := t.TempDir()
	files := pki.Files{Cert: filepath.Join(dir, "ca.crt"), Key: filepath.Join(dir, "ca.key")}
	ca, err := pki.LoadOrCreateCA(files, "test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return ca, files
}

func parse(t *testing.T, pair pki.Pair) *x509.Certificate {
	t.Helper()
	loaded, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Leaf
}

func verify(ca *pki.CA, leaf *x509.Certificate, options x509.VerifyOptions) error {
	options.Roots = x509.NewCertPool()
	options.Roots.AppendCertsFromPEM(ca.PEM())
	_, err := leaf.Verify(options)
	return err
}

func TestAuthorityIsKept(t *testing.T) {
	first, files := newCA(t)
	again, err := pki.LoadOrCreateCA(files, "another name", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.PEM(), again.PEM()); diff != "" {
		t.Errorf("another authority:\n%s", diff)
	}
}

func TestAuthorityThatIsNotWhole(t *testing.T) {
	for name, tc := range map[string]struct {
		harm func(pki.Files) error
		want string
	}{
		"no key":           {func(f pki.Files) error { return os.Remove(f.Key) }, "without its key"},
		"no certificate":   {func(f pki.Files) error { return os.Remove(f.Cert) }, "is there without"},
		"garbage":          {func(f pki.Files) error { return os.WriteFile(f.Cert, []byte("x"), 0o600) }, "ca.crt"},
		"not an authority": {leafInstead, "may not sign"},
	} {
		t.Run(name, func(t *testing.T) {
			_, files := newCA(t)
			if err := tc.harm(files); err != nil {
				t.Fatal(err)
			}
			_, err := pki.LoadOrCreateCA(files, "test", time.Now())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func leafInstead(files pki.Files) error {
	ca, err := pki.LoadCA(files)
	if err != nil {
		return err
	}
	leaf, err := ca.Issue(pki.Request{CommonName: "leaf", Lifetime: time.Hour}, time.Now())
	if err != nil {
		return err
	}
	return leaf.Write(files)
}

func TestNoAuthorityIsNotExist(t *testing.T) {
	_, err := pki.LoadCA(pki.Files{Cert: filepath.Join(t.TempDir(), "none.crt")})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestServingCertificateIsGoodForItsHostsOnly(t *testing.T) {
	ca, _ := newCA(t)
	pair, err := ca.Issue(pki.Request{CommonName: "kubelet", Hosts: []string{"127.0.0.1", "::1", "node-1"}, Lifetime: time.Hour}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	leaf := parse(t, pair)
	for _, host := range []string{"127.0.0.1", "::1", "node-1"} {
		if err := verify(ca, leaf, x509.VerifyOptions{DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if err := verify(ca, leaf, x509.VerifyOptions{DNSName: "10.0.0.1"}); err == nil {
		t.Error("good for a host that it was not asked for")
	}
}

func TestClientCertificateSaysWhoItIsAndIsNoServer(t *testing.T) {
	ca, _ := newCA(t)
	pair, err := ca.Issue(pki.Request{CommonName: "alice", Groups: []string{"developers", "night"}, Lifetime: time.Hour}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	leaf := parse(t, pair)
	if err := verify(ca, leaf, x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Error(err)
	}
	if err := verify(ca, leaf, x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err == nil {
		t.Error("a client certificate serves")
	}
	groups := slices.Sorted(slices.Values(leaf.Subject.Organization))
	if leaf.Subject.CommonName != "alice" || !slices.Equal(groups, []string{"developers", "night"}) {
		t.Errorf("subject %s", leaf.Subject)
	}
}

func TestCertificateEndsWithItsLifetime(t *testing.T) {
	ca, _ := newCA(t)
	now := time.Now()
	pair, err := ca.Issue(pki.Request{CommonName: "alice", Lifetime: time.Hour}, now)
	if err != nil {
		t.Fatal(err)
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	leaf := parse(t, pair)
	if err := verify(ca, leaf, x509.VerifyOptions{KeyUsages: usages, CurrentTime: now.Add(59 * time.Minute)}); err != nil {
		t.Error(err)
	}
	if err := verify(ca, leaf, x509.VerifyOptions{KeyUsages: usages, CurrentTime: now.Add(61 * time.Minute)}); err == nil {
		t.Error("good after its end")
	}
}

func TestOnlyTheOwnerReadsKeys(t *testing.T) {
	_, files := newCA(t)
	dir := t.TempDir()
	private, public := filepath.Join(dir, "sa.key"), filepath.Join(dir, "sa.pub")
	if err := pki.EnsureSigningKey(private, public); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "kubeconfig")
	if err := (pki.Kubeconfig{}).Write(config); err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(dir, "admin.token")
	if _, err := pki.EnsureToken(token); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{files.Key, private, config, token} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", filepath.Base(path), mode)
		}
	}
}

func TestATokenIsKeptAndEachIsAnother(t *testing.T) {
	dir := t.TempDir()
	ensure := func(name string) string {
		t.Helper()
		token, err := pki.EnsureToken(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	first, second := ensure("a"), ensure("b")
	if len(first) < 26 || first == second { // 128 bits in base32
		t.Errorf("%q and %q", first, second)
	}
	if again := ensure("a"); again != first {
		t.Errorf("%q became %q", first, again)
	}
	if err := os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if made := ensure("empty"); made == "" || made != ensure("empty") {
		t.Errorf("of an empty file: %q", made)
	}
	if _, err := pki.EnsureToken(dir); err == nil {
		t.Error("a folder is a token")
	}
}

func TestSigningKeyIsKept(t *testing.T) {
	dir := t.TempDir()
	private, public := filepath.Join(dir, "sa.key"), filepath.Join(dir, "sa.pub")
	read := func() [2]string {
		t.Helper()
		if err := pki.EnsureSigningKey(private, public); err != nil {
			t.Fatal(err)
		}
		var texts [2]string
		for i, path := range []string{private, public} {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if block, _ := pem.Decode(text); block == nil {
				t.Fatalf("%s is no PEM", path)
			}
			texts[i] = string(text)
		}
		return texts
	}
	if first, again := read(), read(); first != again {
		t.Error("another key at the second call: tokens of the first are void")
	}
}
