package main

import (
	"strings"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/script"
)

func TestCheckReportReadsLikeACompiler(t *testing.T) {
	report := newCheckReport("scripts", 3, []*script.Error{
		{Script: "flaky.lua", Line: 12, Col: 10, Kind: "compile", Text: "syntax error near 'return'", Source: "\treturn x return"},
		{Script: "lib/x.lua", Line: 3, Kind: "compile", Warning: true, Text: "two files define heartbeat", Source: "function heartbeat(node)"},
		{Script: "big.lua", Kind: "compile", Text: "is larger than 1 MiB"},
		{Script: "end.lua", Line: 1, Col: 99, Kind: "compile", Text: "column beyond the line", Source: "x"},
	})
	var b strings.Builder
	if err := report.print(&b); err != nil {
		t.Fatal(err)
	}
	want := `scripts/flaky.lua:12:10: error: syntax error near 'return'
    	return x return
    	        ^
scripts/lib/x.lua:3: warning: two files define heartbeat
    function heartbeat(node)
scripts/big.lua: error: is larger than 1 MiB
scripts/end.lua:1:99: error: column beyond the line
    x
3 files checked: 3 errors, 1 warning
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	if got := exitCode(report.verdict()); got != exitCheck {
		t.Errorf("exit code %d, want %d", got, exitCheck)
	}
	if warned := newCheckReport("scripts", 1, []*script.Error{{Script: "a.lua", Warning: true}}); warned.verdict() != nil {
		t.Error("warnings alone must pass")
	}
}
