package lab

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The test binary is what moonlet-lab is: a supervisor that starts itself again as each of the programs. Its programs
// only answer that they are well.
const (
	supervisorMode = "supervisor"
	// troubleVariable makes one program end at its start: NAME.
	troubleVariable = "LAB_TEST_TROUBLE"
	lastWords       = "these are my last words"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch {
		case os.Args[1] == supervisorMode:
			os.Exit(runSupervisor(Dir(os.Args[2])))
		case slices.Contains(Names(), os.Args[1]):
			Tether()
			runProgram(os.Args[1], os.Args[2:])
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

func runSupervisor(dir Dir) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	supervisor := &Supervisor{
		Options:    Options{Dir: dir, NodeGrace: 40 * time.Second},
		Executable: os.Args[0],
		Kubernetes: "v1.37.1",
		Steps:      printedSteps{},
		Log:        func(text string) { fmt.Println(text) },
		OnReady:    func(State) { fmt.Println("ready") },
	}
	err := supervisor.Run(ctx)
	stop()
	if err == nil {
		err = goleak.Find()
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

type printedSteps struct{}

func (printedSteps) Step(what string) func(error) {
	return func(err error) { fmt.Println("step", what, err == nil) }
}

// runProgram returns when the program is in trouble.
func runProgram(name string, args []string) {
	if os.Getenv(troubleVariable) == name {
		fmt.Fprintln(os.Stderr, lastWords)
		return
	}
	value := func(flag string) string {
		for _, arg := range args {
			if after, ok := strings.CutPrefix(arg, flag+"="); ok {
				return after
			}
		}
		return ""
	}
	well := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	var err error
	if client, ok := strings.CutPrefix(value("--listen-client-urls"), "http://"); ok {
		err = http.ListenAndServe(client, well)
	} else {
		err = http.ListenAndServeTLS("127.0.0.1:"+value("--secure-port"), value("--tls-cert-file"), value("--tls-private-key-file"), well)
	}
	fmt.Fprintln(os.Stderr, err)
}
