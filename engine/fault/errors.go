package fault

import (
	"errors"
	"fmt"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/nearest"
)

var (
	// ErrNoMatch says that an order's selector fits nothing.
	ErrNoMatch = errors.New("nothing matches")
	// ErrBlastRadius says that an order would hit more than the configuration allows.
	ErrBlastRadius = errors.New("the blast radius is too large")
	// ErrNoFault says that there is no fault of that ID.
	ErrNoFault = errors.New("there is no such fault")
)

// BadOrder says what is wrong with an order, whatever the pods and nodes are.
type BadOrder struct{ Text string }

// Error implements error.
func (b *BadOrder) Error() string { return b.Text }

func badOrder(format string, args ...any) *BadOrder { return &BadOrder{fmt.Sprintf(format, args...)} }

// oneOf ends an error text with the nearest name, or all of them where none is near.
func oneOf(word string, names []string) string {
	if near := didYouMean(word, names); near != "" {
		return near
	}
	return "; there are " + strings.Join(names, ", ")
}

func didYouMean(word string, names []string) string {
	if near := nearest.To(word, names); near != "" {
		return ", did you mean \"" + near + "\"?"
	}
	return ""
}
