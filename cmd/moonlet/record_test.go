package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/script"
)

func TestAFileIsWrittenWholeOrNotAtAll(t *testing.T) {
	text := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, failed := io.WriteString(w, text)
			return errors.Join(failed, err)
		}
	}
	full := errors.New("no space left")
	for name, c := range map[string]struct {
		there     bool
		overwrite bool
		write     func(io.Writer) error
		want      string // "": no file
		ok        bool
	}{
		"a new file":                         {write: text("new", nil), want: "new", ok: true},
		"a new file that fails":              {write: text("ne", full)},
		"one that is there":                  {there: true, write: text("new", nil), want: "old"},
		"overwritten":                        {there: true, overwrite: true, write: text("new", nil), want: "new", ok: true},
		"not overwritten, for it fails":      {there: true, overwrite: true, write: text("ne", full), want: "old"},
		"nothing to overwrite":               {overwrite: true, write: text("new", nil), want: "new", ok: true},
		"nothing to overwrite, and it fails": {overwrite: true, write: text("ne", full)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "story.lua")
			if c.there {
				if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
					t.Fatal(err)
				}
			}
			if err := writeWhole(path, c.overwrite, c.write); (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
			if got, _ := os.ReadFile(path); string(got) != c.want {
				t.Errorf("the file holds %q, want %q", got, c.want)
			}
			files, err := os.ReadDir(dir)
			if want := min(len(c.want), 1); err != nil || len(files) != want {
				t.Errorf("%d files are left, want %d (%v)", len(files), want, err)
			}
			if info, err := os.Stat(path); err == nil && c.there && info.Mode().Perm() != 0o640 {
				t.Errorf("its mode is %v now", info.Mode())
			}
		})
	}
}

func TestAStoryThatIsTooLongForAScriptIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "story.lua")
	for size, want := range map[int]string{script.MaxFile: "", script.MaxFile + 512<<10: path + " has 1536 KiB, and Moonlet loads scripts of up to 1024: "} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := sizeNote(path); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%d bytes: got %q", size, got)
		}
	}
}
