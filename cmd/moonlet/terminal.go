package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// screen is what is known of where output goes.
type screen struct {
	terminal bool
	color    bool // it shows colours, and NO_COLOR is not set
	width    int  // in columns; 80 where nobody knows
}

func screenOf(w io.Writer) screen {
	s := screen{width: 80}
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return s
	}
	s.terminal = os.Getenv("TERM") != "dumb"
	s.color = s.terminal && os.Getenv("NO_COLOR") == ""
	if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
		s.width = width
	}
	return s
}
