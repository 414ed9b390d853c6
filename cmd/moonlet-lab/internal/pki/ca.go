// Package pki answers who is who in a lab: it keeps the lab's certificate authorities, signs certificates with them and
// writes kubeconfigs that hold them. The main type is CA. It starts no goroutines, and it renews nothing by itself: the
// lab asks for fresh certificates each time it starts.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"time"
)

const (
	caLifetime = 10 * 365 * 24 * time.Hour
	// backdate lets a client whose clock is a little behind use a new certificate.
	backdate = 5 * time.Minute
	// caBits is the size of an authority's RSA key, as kubeadm makes it. An API server checks a client's certificate with every
	// request, and what RSA signed is checked in half the time that ECDSA takes.
	caBits = 2048
)

// A CA signs certificates.
type CA struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// LoadOrCreateCA reads the authority in the two files, or makes one of that name where there is none. A certificate
// without its key, or the reverse, is an error: a new pair would disown all that the old one signed.
func LoadOrCreateCA(files Files, commonName string, now time.Time) (*CA, error) {
	ca, err := LoadCA(files)
	if !errors.Is(err, fs.ErrNotExist) {
		return ca, err
	}
	if _, err := os.Stat(files.Key); err == nil {
		return nil, fmt.Errorf("certificate authority: %s is there without %s: remove it for a new authority", files.Key, files.Cert)
	}
	return createCA(files, commonName, now)
}

// LoadCA reads an authority. Where there is none, the error is fs.ErrNotExist.
func LoadCA(files Files) (*CA, error) {
	pair, err := files.read()
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	cert, key, err := pair.parse()
	if err != nil {
		return nil, fmt.Errorf("certificate authority %s: %w", files.Cert, err)
	}
	if !cert.IsCA {
		return nil, fmt.Errorf("certificate authority %s: it is a certificate that may not sign others", files.Cert)
	}
	return &CA{cert: cert, key: key}, nil
}

func createCA(files Files, commonName string, now time.Time) (*CA, error) {
	key, err := rsa.GenerateKey(rand.Reader, caBits)
	if err != nil {
		return nil, err
	}
	template, err := newTemplate(pkix.Name{CommonName: commonName}, now, caLifetime)
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	pair, err := sign(template, template, key, key)
	if err != nil {
		return nil, err
	}
	if err := pair.Write(files); err != nil {
		return nil, err
	}
	cert, _, err := pair.parse()
	return &CA{cert: cert, key: key}, err
}

// PEM is the authority's certificate, as clients need it to trust what it signed.
func (c *CA) PEM() []byte { return encodeCertificate(c.cert.Raw) }

// A Request says what a certificate is for. It is good for TLS clients, where Kubernetes takes CommonName as the user
// and Groups as the groups; with Hosts also for TLS servers of these IP addresses and DNS names.
type Request struct {
	CommonName string
	Groups     []string
	Hosts      []string
	Lifetime   time.Duration
}

// Issue makes a new key and signs a certificate for it.
func (c *CA) Issue(request Request, now time.Time) (Pair, error) {
	name := pkix.Name{CommonName: request.CommonName, Organization: request.Groups}
	template, err := newTemplate(name, now, request.Lifetime)
	if err != nil {
		return Pair{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(request.Hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, host := range request.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	return sign(template, c.cert, key, c.key)
}

func newTemplate(subject pkix.Name, now time.Time, lifetime time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    now.Add(-backdate),
		NotAfter:     now.Add(lifetime),
	}, err
}

func sign(template, parent *x509.Certificate, key, signer crypto.Signer) (Pair, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return Pair{}, fmt.Errorf("sign a certificate for %q: %w", template.Subject.CommonName, err)
	}
	encoded, err := encodeKey(key)
	return Pair{Cert: encodeCertificate(der), Key: encoded}, err
}
