package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path/filepath"

	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/watch"
)

// readScripts reads a scripts folder once.
func readScripts(dir string) (watch.Snapshot, error) {
	snapshot, err := watch.Read(dir, script.Loadable, watch.Limits{})
	if about, ok := errors.AsType[*fs.PathError](err); ok && about.Path == dir {
		err = about.Err // which folder, the line says already
	}
	if err != nil {
		return snapshot, fmt.Errorf("scripts folder %s: %w: name a folder of scripts with --scripts, or begin one with: moonlet script new NAME", dir, err)
	}
	return snapshot, nil
}

// ReadScripts reads the scripts of a folder.
func ReadScripts(dir string) ([]script.Source, error) {
	snapshot, err := readScripts(dir)
	return sources(snapshot), err
}

func sources(s watch.Snapshot) []script.Source {
	out := make([]script.Source, len(s.Files))
	for i, f := range s.Files {
		out[i] = script.Source{Name: f.Name, Text: f.Text}
	}
	return out
}

// watchScripts loads the scripts folder anew whenever it was changed.
func (e *Engine) watchScripts(ctx context.Context) error {
	return watch.New(watch.Options{
		Dir: e.opts.Config.Current().Scripts.Dir, Keep: script.Loadable,
		Known:    e.loaded,
		OnChange: func(s watch.Snapshot) { e.report(e.provider.Load(ctx, sources(s))) },
		OnError:  e.watchFailed,
	}).Run(ctx)
}

// watchConfig reads the config file again whenever it was changed.
func (e *Engine) watchConfig(ctx context.Context) error {
	file := e.opts.Config.File()
	if file == "" {
		<-ctx.Done()
		return nil
	}
	base := filepath.Base(file)
	return watch.New(watch.Options{
		Dir: filepath.Dir(file), Flat: true, Keep: func(name string) bool { return name == base },
		OnChange: func(watch.Snapshot) { e.reconfigure(ctx) },
		OnError:  e.watchFailed,
	}).Run(ctx)
}

func (e *Engine) watchFailed(err error) {
	if err != nil {
		e.log.Warn("changes may be noticed late or not at all", "err", err)
	}
}

// reconfigure takes a changed config file, or keeps what was and says why.
func (e *Engine) reconfigure(ctx context.Context) {
	before := e.opts.Config.Current()
	if err := e.opts.Config.Reload(); err != nil {
		e.log.Error("the config file is not taken; the last good one stays", "err", err)
		e.provider.ConfigProblem(err)
		return
	}
	e.provider.ConfigProblem(nil)
	now := e.opts.Config.Current()
	if now == before {
		return
	}
	e.log.Info("config taken", "file", e.opts.Config.File())
	if pending := e.opts.Config.Pending(); len(pending) > 0 {
		e.log.Warn("these keys take effect at the next start", "keys", pending)
	}
	e.server.Configure(now.CORS.Origins, now.Limits.Body)
	if !maps.Equal(before.ScriptConfig, now.ScriptConfig) {
		e.report(e.provider.Reload(ctx))
	}
	for _, err := range e.provider.Configure(ctx, paramMap(now.Params)) {
		e.log.Warn("a param given by config does not fit", "err", err)
	}
}

// report logs how loading the scripts went.
func (e *Engine) report(problems []*script.Error) {
	refused := false
	for _, p := range problems {
		level, what := slog.LevelError, "script refused"
		if p.Warning {
			level, what = slog.LevelWarn, "script warning"
		} else {
			refused = true
		}
		e.log.Log(context.Background(), level, what, "script", p.Script, "line", p.Line, "err", p.Text, "source", p.Source)
	}
	if refused {
		e.log.Error("the scripts as saved do not load; generation " + e.provider.Generation() + " serves on")
		return
	}
	e.log.Info("scripts loaded", "generation", e.provider.Generation(), "files", len(e.provider.Hooks().Current().Files()))
}

// scriptLog passes what scripts log on to the log.
func scriptLog(log *slog.Logger) func(script.LogLine) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "warn": slog.LevelWarn, "error": slog.LevelError}
	return func(l script.LogLine) {
		log.Log(context.Background(), levels[l.Level], l.Text, "script", l.Script, "line", l.Line, "hook", l.Hook)
	}
}
