package lab

import (
	"fmt"
	"strings"
)

// An EndedError says that a program ended when it should not have.
type EndedError struct {
	Program string
	How     string // such as "with exit code 1"
	Log     string // path
	Tail    []string
}

func (e *EndedError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s ended %s", e.Program, e.How)
	if advice := e.advice(); advice != "" {
		fmt.Fprintf(&text, ": %s", advice)
	}
	fmt.Fprintf(&text, "\nits log: %s", e.Log)
	for _, line := range e.Tail {
		text.WriteString("\n  | " + strings.TrimRight(line, "\n"))
	}
	return text.String()
}

// advice is what to do, where the program's last words are known ones.
func (e *EndedError) advice() string {
	words := strings.ToLower(strings.Join(e.Tail, "\n"))
	for _, known := range []struct{ words, advice string }{
		{"address already in use", "another process took its port meanwhile; try again"},
		{"downgrade", "a newer etcd wrote this lab's data; use that moonlet-lab, or start over with moonlet-lab down --purge"},
		{"no space left on device", "the disk is full; make room, or choose another folder with --dir"},
		{"too many open files", "raise the limit with ulimit -n"},
		{"cannot allocate memory", "the machine is out of memory"},
		{"database space exceeded", "etcd's 8 GiB are full; start over with moonlet-lab down --purge"},
	} {
		if strings.Contains(words, known.words) {
			return known.advice
		}
	}
	if strings.Contains(e.How, "killed") {
		return "somebody killed it, or the machine is out of memory"
	}
	return ""
}
