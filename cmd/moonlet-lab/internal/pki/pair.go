package pki

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Files are the paths of a certificate and its private key.
type Files struct{ Cert, Key string }

// A Pair is a certificate and its private key, both PEM.
type Pair struct{ Cert, Key []byte }

// Write stores the pair; only the owner may read the key.
func (p Pair) Write(files Files) error {
	if err := writeFile(files.Key, p.Key, 0o600); err != nil {
		return err
	}
	return writeFile(files.Cert, p.Cert, 0o644)
}

func (f Files) read() (Pair, error) {
	cert, err := os.ReadFile(f.Cert)
	if err != nil {
		return Pair{}, err
	}
	key, err := os.ReadFile(f.Key)
	if errors.Is(err, fs.ErrNotExist) {
		// Not "there is none": half a pair must not be taken for an invitation to make a new one.
		return Pair{}, fmt.Errorf("%s is there without its key %s: put the key back, or remove both", f.Cert, f.Key)
	}
	return Pair{Cert: cert, Key: key}, err
}

func (p Pair) parse() (*x509.Certificate, crypto.Signer, error) {
	loaded, err := tls.X509KeyPair(p.Cert, p.Key)
	if err != nil {
		return nil, nil, err
	}
	key, ok := loaded.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, nil, fmt.Errorf("its key is a %T, which cannot sign", loaded.PrivateKey)
	}
	return loaded.Leaf, key, nil
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// writeFile replaces a file as one act, so that a process that reads it at that moment gets the old or the new text.
func writeFile(path string, data []byte, mode fs.FileMode) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, data, mode); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
