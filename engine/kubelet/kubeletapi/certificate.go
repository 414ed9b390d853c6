package kubeletapi

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"sync"
	"time"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

const (
	certCheck    = 10 * time.Second // how old the reading of certificate files may be
	selfMadeLife = 365 * 24 * time.Hour
	// maxSelfMadeNames bounds the certificate, which every handshake carries.
	maxSelfMadeNames = 100
)

// certificate is what the server shows. Files are read again when a handshake finds the last reading old; while they are
// no good, what was read before goes on serving.
type certificate struct {
	certFile, keyFile string // both "": self-made
	hosts             []string
	clock             clock.Clock
	log               *slog.Logger

	mu    sync.Mutex
	shown *tls.Certificate // guarded by mu
	until time.Time        // when to look again; guarded by mu
	raw   [2][]byte        // what was read; guarded by mu
}

func newCertificate(o Options) (*certificate, error) {
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("a certificate needs its key and a key its certificate: give both files, or neither for a self-made one")
	}
	hosts := append([]string{"localhost", "127.0.0.1", "::1"}, o.Hosts...)
	hosts = append(hosts, o.Nodes...)
	c := &certificate{certFile: o.CertFile, keyFile: o.KeyFile, hosts: hosts[:min(len(hosts), maxSelfMadeNames)], clock: o.Clock, log: o.Log}
	return c, c.renew(o.Clock.Now())
}

func (c *certificate) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		ClientAuth:     tls.RequestClientCert, // verified with each call, so that a new client CA counts at once
		GetCertificate: c.get,
	}
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.clock.Now(); !now.Before(c.until) {
		if err := c.renew(now); err != nil {
			c.log.Warn("certificate of the kubelet API cannot be renewed: the last good one serves", "err", err)
			c.until = now.Add(certCheck)
		}
	}
	return c.shown, nil
}

// renew reads the files, or makes a certificate.
func (c *certificate) renew(now time.Time) error {
	if c.certFile == "" {
		made, err := selfMade(c.hosts, now)
		if err != nil {
			return fmt.Errorf("make a certificate: %w", err)
		}
		c.shown, c.until = made, now.Add(selfMadeLife/2)
		return nil
	}
	cert, err := os.ReadFile(c.certFile)
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	key, err := os.ReadFile(c.keyFile)
	if err != nil {
		return fmt.Errorf("read the certificate's key: %w", err)
	}
	c.until = now.Add(certCheck)
	if bytes.Equal(cert, c.raw[0]) && bytes.Equal(key, c.raw[1]) {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", c.certFile, c.keyFile, err)
	}
	c.shown, c.raw = &pair, [2][]byte{cert, key}
	return nil
}

func selfMade(hosts []string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "moonlet kubelet, self-signed"},
		NotBefore:    now.Add(-time.Hour), // clocks differ
		NotAfter:     now.Add(selfMadeLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
