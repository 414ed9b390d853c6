package pki

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
)

// EnsureToken returns the bearer token in a file, which is made where there is none yet, for its owner only. It is kept from one
// start to the next: who holds it stays who they are when the lab comes back.
func EnsureToken(path string) (string, error) {
	token, err := os.ReadFile(path)
	if err == nil && len(token) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return string(token), err
	}
	made := rand.Text()
	return made, writeFile(path, []byte(made), 0o600)
}
