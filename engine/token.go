package engine

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/moonlet-dev/moonlet/engine/config"
)

// tokenFile is the token that clients of /api/v1 must know. The file is looked at for each request, so that a new
// token, as Kubernetes writes it into a mounted Secret, holds at once.
type tokenFile struct {
	config *config.Store

	mu    sync.Mutex
	path  string    // of what was read last; guarded by mu
	at    time.Time // when that was written; guarded by mu
	token string    // guarded by mu
}

// Token is the token as the file holds it now; empty where config names none. A file that cannot be read lets nobody
// in.
func (f *tokenFile) Token() (string, error) {
	path := f.config.Current().Auth.TokenFile
	if path == "" {
		return "", nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", tokenError(path, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if path == f.path && info.ModTime().Equal(f.at) {
		return f.token, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", tokenError(path, err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", tokenError(path, errors.New("it is empty"))
	}
	f.path, f.at, f.token = path, info.ModTime(), token
	return token, nil
}

// tokenError is in the log, or ends the start.
func tokenError(path string, err error) error {
	if about, ok := errors.AsType[*os.PathError](err); ok {
		err = about.Err
	}
	return fmt.Errorf("token file %s: %w: write a token into it, such as of: openssl rand -hex 16", path, err)
}
