package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEndedProgramSaysWhatToDo(t *testing.T) {
	for words, want := range map[string]string{
		"listen tcp 127.0.0.1:2379: bind: address already in use\n":                    "try again",
		"invalid downgrade; server version is lower than determined cluster version\n": "--purge",
		"write /lab/etcd/wal: no space left on device\n":                               "make room",
		"accept4: too many open files\n":                                               "ulimit",
		"etcdserver: mvcc: database space exceeded\n":                                  "--purge",
	} {
		err := (&EndedError{Program: "etcd", How: "with exit code 1", Log: "/lab/etcd.log", Tail: []string{words}}).Error()
		for _, part := range []string{"etcd ended with exit code 1", want, "/lab/etcd.log", strings.TrimSpace(words)} {
			if !strings.Contains(err, part) {
				t.Errorf("no %q in:\n%s", part, err)
			}
		}
	}
}

func TestTailIsOfThisLifeAndLeavesOutWhatOnlyInforms(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	before := "E0101 of the life before\n"
	text := before + "first\nE1120 14:47:25 two\nI1120 14:47:25 informs\n\nW1120 14:47:25 three\n4\n5\n6\nI1120 14:47:26 informs\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{"E1120 14:47:25 two\n", "W1120 14:47:25 three\n", "4\n", "5\n", "6\n"}
	if diff := cmp.Diff(want, tail(path, int64(len(before)))); diff != "" {
		t.Error(diff)
	}
	if got := tail(path, int64(len(text))); len(got) != 0 {
		t.Errorf("a life without words has %q", got)
	}
}
