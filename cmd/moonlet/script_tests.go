package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/scenario"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/sim/suite"
)

// testFlags are what a person may say of a test run.
type testFlags struct {
	seed     uint64
	seeds    int
	only     string
	junit    string
	coverage bool
	format   *string
}

func scriptTestCommand() *cobra.Command {
	f := &testFlags{}
	cmd := &cobra.Command{
		Use:   "test [DIR|FILE…]",
		Short: "Run the tests of scripts, *_test.lua, and their scenarios",
		Long: `Runs the tests of scripts: files named *_test.lua, with describe, it and expect, beside the scripts they test. Each test
has a world of its own, and a clock that only the test moves: hours cost milliseconds. Scenarios that scripts of the
folder tell are tests, too, with the nodes and pods that given{} names; --scripts adds the scripts of another folder.

With --seeds each test is run with many seeds, and one that fails is told with the smallest seed that makes it fail.
A hook that breaks during a test fails it, and so does a story without an end: of a scenario after 31 days, of a test after
a year. Exit code 3 if a test fails.`,
		Example: `  moonlet script test
  moonlet script test scripts --seeds 100 --coverage
  moonlet script test scripts/flaky_test.lua --run 'stays up$' --seed 17
  moonlet script test examples/chaos --scripts scripts --seeds 20
  moonlet script test --junit report.xml`,
		Args: arguments(0, 1000, ""),
	}
	settingFlags(cmd, "scripts.dir")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "the first seed")
	cmd.Flags().IntVar(&f.seeds, "seeds", 1, "how many seeds each test is run with")
	cmd.Flags().StringVar(&f.only, "run", "", "run only tests whose name, or whose file's, matches this regular expression")
	cmd.Flags().StringVar(&f.junit, "junit", "", "write a JUnit report to this file, too")
	cmd.Flags().BoolVar(&f.coverage, "coverage", false, "tell which lines of the scripts ran")
	f.format = outputFlag(cmd, "table", "json", "junit")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) }
	return cmd
}

// mostSeeds bounds a run, whose playings are counted: so many of each test are more than anybody waits for.
const mostSeeds = 1_000_000_000

func (f *testFlags) run(cmd *cobra.Command, args []string) error {
	only, err := regexp.Compile(f.only)
	switch {
	case err != nil:
		return usageError("--run: %w", err)
	case f.seeds < 1 || f.seeds > mostSeeds:
		return usageError("--seeds %d: from 1 to %d", f.seeds, mostSeeds)
	}
	debug.SetGCPercent(sim.GCPercent)
	folders, err := testFolders(cmd, args)
	if err != nil {
		return err
	}
	report := &suite.Report{}
	for _, dir := range folders.order {
		one, err := f.runFolder(cmd.Context(), cmd, dir, folders.folders[dir], only)
		if err != nil {
			return err
		}
		report.Add(one)
	}
	if err := f.print(cmd, report); err != nil {
		return err
	}
	return f.verdict(report, folders)
}

// foundTests are files of tests, and scripts with scenarios, by the folder of their scripts.
type foundTests struct {
	order   []string
	folders map[string]*testFolder
}

// testFolder is a folder with its tests; own are the scripts that lie there.
type testFolder struct {
	suite.Folder
	own []script.Source
}

// folder is a folder with its scripts; those that the folder lacks come from the library. A file that only tells scenarios does
// not take the place of the script of its name there.
func (t *foundTests) folder(dir string, library []script.Source) (*testFolder, error) {
	if f := t.folders[dir]; f != nil {
		return f, nil
	}
	own, err := engine.ReadScripts(dir)
	if err != nil {
		return nil, err
	}
	f := &testFolder{own: own, Folder: suite.Folder{Scripts: slices.Clone(own)}}
	for _, s := range library {
		at := slices.IndexFunc(f.Scripts, func(o script.Source) bool { return o.Name == s.Name })
		switch {
		case at < 0:
			f.Scripts = append(f.Scripts, s)
		case tellsOnly(f.Scripts[at], library):
			f.Scripts[at] = s
		}
	}
	t.folders[dir] = f
	t.order = append(t.order, dir)
	return f, nil
}

// tellsOnly says whether a file holds scenarios and is no script beside. One that does not load is said to be at fault later.
func tellsOnly(file script.Source, library []script.Source) bool {
	told, err := scenario.Load(file, scenario.Options{Runtime: sim.NewRuntime(nil), Library: library})
	return err == nil && !told.Serves()
}

// testFolders finds the tests that the arguments name.
func testFolders(cmd *cobra.Command, args []string) (*foundTests, error) {
	var library []script.Source
	dir, err := scriptsDir(cmd, nil)
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		args = []string{dir}
	} else if cmd.Flags().Changed("scripts") {
		if library, err = engine.ReadScripts(dir); err != nil {
			return nil, err
		}
	}
	found := &foundTests{folders: map[string]*testFolder{}}
	for _, arg := range args {
		if err := found.add(arg, library); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// add takes in what an argument names: all tests and scenarios of a folder, or those of a file.
func (t *foundTests) add(arg string, library []script.Source) error {
	arg = filepath.Clean(arg) // one name for a folder, so that its tests run once
	info, err := os.Stat(arg)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usageError("%s: there is no such folder or file", arg)
	case err != nil:
		return err
	}
	dir := arg
	if !info.IsDir() {
		dir = filepath.Dir(arg)
	}
	folder, err := t.folder(dir, library)
	if err != nil {
		return err
	}
	if info.IsDir() {
		tests, err := suite.FindTests(arg)
		folder.Tests = once(folder.Tests, tests...)
		folder.Stories = once(folder.Stories, suite.Stories(dir, folder.own)...)
		return err
	}
	file, err := suite.ReadTests(dir, arg)
	switch {
	case err != nil:
		return err
	case script.TestFile(arg):
		folder.Tests = once(folder.Tests, file)
	case script.Loadable(arg) && len(suite.Stories(dir, []script.Source{file.Source})) > 0:
		folder.Stories = once(folder.Stories, file)
	default:
		return usageError("%s holds neither tests, whose files end in _test.lua, nor scenarios", arg)
	}
	return nil
}

// once adds files that are not yet there.
func once(files []suite.File, more ...suite.File) []suite.File {
	for _, m := range more {
		if !slices.ContainsFunc(files, func(f suite.File) bool { return f.Path == m.Path }) {
			files = append(files, m)
		}
	}
	return files
}

func (f *testFlags) runFolder(ctx context.Context, cmd *cobra.Command, dir string, folder *testFolder, only *regexp.Regexp) (*suite.Report, error) {
	progress := newTestProgress(cmd.ErrOrStderr())
	defer progress.clear()
	report, err := suite.Run(ctx, suite.Options{
		Folder: folder.Folder, Only: only, Seed: f.seed, Seeds: f.seeds, Coverage: f.coverage, Progress: progress.show,
	})
	if load, ok := errors.AsType[*sim.LoadError](err); ok {
		return nil, checkError("%s: %w: see moonlet script check %s", dir, load, dir)
	}
	return report, err
}

func (f *testFlags) print(cmd *cobra.Command, r *suite.Report) error {
	var saved error // told only after what the tests found
	if f.junit != "" {
		saved = writeReport(f.junit, r.JUnit)
	}
	out := cmd.OutOrStdout()
	switch *f.format {
	case "json":
		return errors.Join(printJSON(out, r), saved)
	case "junit":
		return errors.Join(r.JUnit(out), saved)
	}
	again := "moonlet script test"
	if scripts := cmd.Flags().Lookup("scripts"); scripts.Changed {
		again += " --scripts " + scripts.Value.String()
	}
	return errors.Join(r.Text(out, suite.Look{Color: screenOf(out).color, Again: again}), saved)
}

func writeReport(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return errors.Join(write(file), file.Close())
}

// verdict is nil if all is well: there were tests, and they passed.
func (f *testFlags) verdict(r *suite.Report, found *foundTests) error {
	switch {
	case !r.OK():
		return checkError("%s", r.Verdict())
	case r.Tests == 0 && f.only != "":
		return checkError("no test matches --run %q", f.only)
	case r.Tests == 0:
		return checkError("there are no tests in %s: write NAME_test.lua beside NAME.lua", strings.Join(found.order, ", "))
	}
	return nil
}
