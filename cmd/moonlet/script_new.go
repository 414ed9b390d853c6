package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/luadoc"
)

// newScript and newTest are what script new writes, with NAME for the name.
var (
	//go:embed new.lua
	newScript string
	//go:embed new_test.lua
	newTest string
)

func scriptNewCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a first script that explains itself, and its test",
		Long: `Writes NAME.lua into the scripts folder: a behaviour for pods labelled behaviour=NAME, small enough to change at once. Beside
it NAME_test.lua, a test that passes and can be changed along with it: moonlet script test runs it. And files that teach
an editor the words of a script, where they are missing.

Nothing is overwritten: where the script or the test is there, neither is written.`,
		Example: `  moonlet script new flaky
  moonlet script new slow-start --scripts examples/first`,
		Args: arguments(1, 1, "the script's name"),
	}
	settingFlags(cmd, "scripts.dir")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name := strings.TrimSuffix(args[0], ".lua")
		if err := checkScriptName(name); err != nil {
			return err
		}
		dir, err := scriptsDir(cmd, nil)
		if err != nil {
			return err
		}
		return writeNewScript(cmd, dir, name)
	}
	return cmd
}

// scriptName is also a label's value in the template, and a file's name everywhere.
var scriptName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func checkScriptName(name string) error {
	switch {
	case name == "default" || name == "node":
		return usageError("%q has a meaning of its own: %s.lua answers what no other script does; choose another name", name, name)
	case !scriptName.MatchString(name):
		return usageError("%q is no name for a script: use small letters, digits and dashes, such as slow-start", name)
	}
	return nil
}

func writeNewScript(cmd *cobra.Command, dir, name string) error {
	if err := writeScriptAndTest(filepath.Join(dir, name), name); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%[1]s.lua\n%[1]s_test.lua\n", filepath.Join(dir, name))
	if err := writeEditorFiles(cmd, dir); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), `
Pods labelled behaviour=%s now live by it. Next:

  moonlet script test %s
  moonlet serve --scripts %s
`, name, dir, dir)
	return nil
}

// writeScriptAndTest writes both or, where one of them is there or cannot be written, none.
func writeScriptAndTest(base, name string) error {
	files := []struct{ path, text string }{{base + ".lua", newScript}, {base + "_test.lua", newTest}}
	for _, f := range files {
		if _, err := os.Lstat(f.path); err == nil {
			return alreadyThere(f.path)
		}
	}
	for i, f := range files {
		err := writeNew(f.path, strings.ReplaceAll(f.text, "NAME", name))
		if err == nil {
			continue
		}
		for _, written := range files[:i] {
			err = errors.Join(err, os.Remove(written.path))
		}
		if errors.Is(err, fs.ErrExist) { // somebody else was as quick
			return alreadyThere(f.path)
		}
		return fmt.Errorf("write a new script: %w", err)
	}
	return nil
}

func alreadyThere(path string) error {
	return fmt.Errorf("%s exists: choose another name, or remove it first", path)
}

// writeEditorFiles writes those editor files that are missing; one that is there may have been changed on purpose.
func writeEditorFiles(cmd *cobra.Command, dir string) error {
	files := luadoc.Files()
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		switch err := writeNew(path, files[name]); {
		case errors.Is(err, fs.ErrExist):
		case err != nil:
			return fmt.Errorf("write an editor file: %w", err)
		default:
			fmt.Fprintln(cmd.OutOrStdout(), path)
		}
	}
	return nil
}

// writeNew writes a file that must not exist, and the folders above it.
func writeNew(path, contents string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // scripts are meant to be read by others
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // as above
	if err != nil {
		return err
	}
	_, err = file.WriteString(contents)
	return errors.Join(err, file.Close())
}
