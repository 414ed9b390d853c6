package config

import (
	"io"
	"log/slog"
)

// Logger writes lines to w in the configured format, from the level that the configuration has at that moment.
func (s *Store) Logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: liveLevel{s}}
	if s.Current().Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

type liveLevel struct{ store *Store }

func (l liveLevel) Level() slog.Level { return l.store.Current().Log.Level }
