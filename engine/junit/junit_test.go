package junit_test

import (
	"os"
	"time"

	"github.com/moonlet-dev/moonlet/engine/junit"
)

func ExampleWrite() {
	_ = junit.Write(os.Stdout, junit.Report{Name: "stories", Time: junit.Seconds(1250 * time.Millisecond), Suites: []junit.Suite{{
		Name: "zone outage", Cases: []junit.Case{
			{Name: "web keeps two ready", Class: "zone-outage", File: "zone-outage.lua", Line: 15},
			{Name: "all come back", Class: "zone-outage", File: "zone-outage.lua", Line: 16, Failure: &junit.Fault{Message: "false", Text: "4 of 6 & no more"}},
		},
	}}})
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <testsuites name="stories" tests="2" failures="1" errors="0" time="1.250">
	//   <testsuite name="zone outage" tests="2" failures="1" errors="0" time="0.000">
	//     <testcase name="web keeps two ready" classname="zone-outage" file="zone-outage.lua" line="15" time="0.000"></testcase>
	//     <testcase name="all come back" classname="zone-outage" file="zone-outage.lua" line="16" time="0.000">
	//       <failure message="false">4 of 6 &amp; no more</failure>
	//     </testcase>
	//   </testsuite>
	// </testsuites>
}
