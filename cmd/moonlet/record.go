package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet/connect"
	"github.com/moonlet-dev/moonlet/engine/kubelet/record"
	"github.com/moonlet-dev/moonlet/engine/kubelet/record/cluster"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// recordFlags are what a person may say of a recording.
type recordFlags struct {
	lasts                                 time.Duration
	file, kubeconfig, namespace, selector string
	force                                 bool
}

func recordCommand() *cobra.Command {
	f := &recordFlags{}
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Watch a cluster fail, and write a script that fails the same way",
		Long: `Watches the pods and nodes of a cluster, real or virtual, and writes what it saw as one Lua file. The lives of the pods
become behaviours: crashes with their codes and times, images that do not come, readiness that is lost. What came from
outside becomes a scenario: nodes that fall silent, pressure, evictions. Restarts, back-off and phases follow by
themselves, as from a kubelet. Nothing is changed in the cluster.

To play it: put the file into the scripts folder, create the same pods on Moonlet's nodes, and
run moonlet scenario run FILE. A pod lives the life of its name; where names are made up (of a Deployment), those of
one owner share theirs by age. Ctrl-C ends the recording early, and writes what was seen so far.`,
		Example: `  moonlet record --lasts 10m -o story.lua
  moonlet record --lasts 1h -n shop -l app=web -o scripts/friday.lua
  moonlet record --kubeconfig ~/.kube/staging`,
		Args: arguments(0, 0, ""),
	}
	cmd.Flags().DurationVar(&f.lasts, "lasts", 10*time.Minute, "how long to watch")
	cmd.Flags().StringVarP(&f.file, "output", "o", "story.lua", "the file to write")
	cmd.Flags().StringVar(&f.kubeconfig, "kubeconfig", "", "how to reach the cluster (default $KUBECONFIG, else ~/.kube/config)")
	cmd.Flags().StringVarP(&f.namespace, "namespace", "n", "", "pods of this namespace only (default all)")
	cmd.Flags().StringVarP(&f.selector, "selector", "l", "", "pods with these labels only, such as app=web,tier!=db")
	cmd.Flags().BoolVar(&f.force, "force", false, "overwrite the file if it exists")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return f.run(cmd) }
	return cmd
}

func (f *recordFlags) run(cmd *cobra.Command) error {
	if f.lasts <= 0 {
		return usageError("--lasts %v: it must be more than nothing, such as 10m", f.lasts)
	}
	if err := f.writable(); err != nil {
		return err
	}
	progress := newRecordProgress(cmd.ErrOrStderr())
	found, err := connect.Connect(cmd.Context(), connect.Options{Kubeconfig: f.kubeconfig, UserAgent: "moonlet-record", Progress: progress.say})
	if err != nil {
		return err
	}
	progress.say(fmt.Sprintf("Recording %s of %s for %v; Ctrl-C ends it early, and writes what was seen.", f.what(), found.Server, f.lasts))
	story, err := f.watch(cmd.Context(), found, progress)
	if err != nil {
		return connect.Explain(err)
	}
	progress.end()
	path, err := f.write(story)
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), path)
	progress.say(fmt.Sprintf("%s: %s", path, seenWords(story.Seen)))
	if note := sizeNote(path); note != "" {
		progress.say(note)
	}
	return nil
}

// sizeNote says of a story that is too long for a script what can be done; "" where it is not.
func sizeNote(path string) string {
	info, err := os.Stat(path)
	if err != nil || info.Size() <= script.MaxFile {
		return ""
	}
	return fmt.Sprintf("%s has %d KiB, and Moonlet loads scripts of up to %d: take out some of its lives, or record fewer pods with -n or -l.",
		path, info.Size()>>10, script.MaxFile>>10)
}

func (f *recordFlags) watch(ctx context.Context, found *connect.Cluster, p *recordProgress) (*record.Story, error) {
	return cluster.Record(ctx, cluster.Options{
		Client: found.Client, Clock: clock.Real(), Namespace: f.namespace, Selector: f.selector, Lasts: f.lasts,
		Progress: p.seen, Warn: p.say,
	})
}

// what says which pods are watched.
func (f *recordFlags) what() string {
	text := "all pods"
	if f.selector != "" {
		text = "pods with " + f.selector
	}
	if f.namespace != "" {
		text = strings.TrimPrefix(text, "all ") + " in " + f.namespace
	}
	return text
}

// writable finds out before the recording what would spoil its end.
func (f *recordFlags) writable() error {
	switch info, err := os.Stat(f.file); {
	case err == nil && info.IsDir():
		return usageError("%s is a folder: name a file in it, such as %s", f.file, filepath.Join(f.file, "story.lua"))
	case err == nil && !f.force:
		return fmt.Errorf("%s exists: choose another name with -o, or overwrite it with --force", f.file)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write the story: %w", err)
	}
	probe, err := os.CreateTemp(filepath.Dir(f.file), ".moonlet-record-*")
	if err != nil {
		return fmt.Errorf("write the story: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// write writes the story. Should the file have come to exist meanwhile, it takes the next name that is free: a recording
// must not be lost.
func (f *recordFlags) write(s *record.Story) (path string, err error) {
	path = f.file
	for n := 2; ; n++ {
		err := writeWhole(path, f.force, func(w io.Writer) error {
			_, err := w.Write(s.Lua(filepath.Base(path)))
			return err
		})
		if errors.Is(err, fs.ErrExist) {
			path = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(f.file, filepath.Ext(f.file)), n, filepath.Ext(f.file))
			continue
		}
		if err != nil {
			return "", fmt.Errorf("write the story: %w", err)
		}
		return path, nil
	}
}

// writeWhole writes a file that others may read, all of it or none: half a script would be loaded, and what is
// overwritten is gone only when the new file is there. What is no plain file (a pipe, a terminal) is written to.
func writeWhole(path string, overwrite bool, write func(io.Writer) error) error {
	old, err := os.Lstat(path)
	overwrite = overwrite && err == nil
	replace := overwrite && old.Mode().IsRegular()
	var file *os.File
	switch {
	case replace:
		file, err = os.CreateTemp(filepath.Dir(path), ".moonlet-record-*")
	case overwrite:
		file, err = os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	default:
		file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // scripts are meant to be read by others
	}
	if err != nil {
		return err
	}
	if err = write(file); err == nil && replace {
		err = file.Chmod(old.Mode().Perm())
	}
	err = errors.Join(err, file.Close())
	if err == nil && replace {
		err = os.Rename(file.Name(), path)
	}
	if err != nil && (replace || !overwrite) {
		err = errors.Join(err, os.Remove(file.Name()))
	}
	return err
}

// recordProgress tells how far a recording is: in place on a terminal, else now and then.
type recordProgress struct {
	w        io.Writer
	terminal bool
	shown    bool // a line that will be overwritten
	last     record.Seen
	told     time.Time
}

// tellEvery is the time between two lines where nothing new was seen and nobody sits at a terminal.
const tellEvery = 30 * time.Second

func newRecordProgress(w io.Writer) *recordProgress {
	return &recordProgress{w: w, terminal: screenOf(w).terminal}
}

func (p *recordProgress) seen(s record.Seen, left time.Duration) {
	text := fmt.Sprintf("%s; %v left", seenWords(s), left.Round(time.Second))
	if p.terminal {
		fmt.Fprintf(p.w, "\r\033[K%s", text)
		p.shown = true
		return
	}
	if time.Since(p.told) >= tellEvery || s != p.last && time.Since(p.told) >= tellEvery/6 {
		fmt.Fprintln(p.w, text)
		p.told, p.last = time.Now(), s
	}
}

// say prints a line of its own.
func (p *recordProgress) say(text string) {
	p.end()
	fmt.Fprintln(p.w, text)
}

// end leaves the line in place.
func (p *recordProgress) end() {
	if p.shown {
		fmt.Fprintln(p.w)
		p.shown = false
	}
}

func seenWords(s record.Seen) string {
	return fmt.Sprintf("%d pods, %d nodes: %d changes, %d exits, %d other failures", s.Pods, s.Nodes, s.Changes, s.Exits, s.Troubles)
}
