package hook

import (
	"fmt"
	"time"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// forever is the hang that only the client ends.
const forever = time.Duration(-1)

// faultAnswer reads the answer of on_request: what a fault verb returned, or a table of several faults.
func faultAnswer(v script.Value) (fault.Fault, error) {
	switch v.Kind() {
	case script.Nil:
		return fault.Fault{}, nil
	case script.Tagged:
		return faultVerb(v)
	case script.Table:
		return faultTable(v)
	default:
		return noFault(v)
	}
}

func noFault(v script.Value) (fault.Fault, error) {
	return fault.Fault{}, fmt.Errorf("answer: %s is not a fault: return latency(d), reject(code, why), hang(), drop(), garble(), cut(share) or a table of them", describe(v))
}

func faultVerb(v script.Value) (f fault.Fault, err error) {
	args := v.Args()
	switch v.Tag() {
	case "latency", "delay":
		f.Latency, err = tagDuration(v)
	case "reject":
		asked, err := rejection(v)
		if err != nil {
			return f, err
		}
		return asked.Fault, nil
	case "hang":
		f.Hang = forever
		if len(args) > 0 && args[0].Kind() != script.Nil {
			f.Hang, err = args[0].Duration("answer: hang")
		}
	case "drop":
		f.Drop = true
	case "garble":
		f.Garble = true
	case "cut":
		f.Cut = 0.5
		if len(args) > 0 && args[0].Kind() == script.Number {
			f.Cut = args[0].Number()
		}
		err = checkCut(f.Cut)
	default:
		err = fmt.Errorf("answer: %s() is not a fault", v.Tag())
	}
	return f, err
}

func checkCut(share float64) error {
	if share <= 0 || share >= 1 {
		return fmt.Errorf("answer: cut(%v): want the share of the body that is sent, between 0 and 1", share)
	}
	return nil
}

func faultTable(v script.Value) (fault.Fault, error) {
	var t struct {
		Latency duration `json:"latency"`
		Error   int      `json:"error"`
		Message string   `json:"message"`
		Hang    *hang    `json:"hang"`
		Drop    bool     `json:"drop"`
		Cut     float64  `json:"cut"`
		Garble  bool     `json:"garble"`
	}
	if err := v.Decode("answer", &t); err != nil {
		return fault.Fault{}, err
	}
	if t.Error != 0 && (t.Error < 400 || t.Error > 599) {
		return fault.Fault{}, fmt.Errorf("answer.error: want an HTTP status from 400 to 599, got %d", t.Error)
	}
	if t.Cut != 0 {
		if err := checkCut(t.Cut); err != nil {
			return fault.Fault{}, err
		}
	}
	f := fault.Fault{Latency: time.Duration(t.Latency), Code: t.Error, Message: t.Message, Drop: t.Drop, Cut: t.Cut, Garble: t.Garble}
	if t.Hang != nil {
		f.Hang = time.Duration(*t.Hang)
	}
	return f, nil
}

// hang decodes true (until the client leaves) or a duration.
type hang time.Duration

// DecodeLua implements [script.LuaDecoder].
func (h *hang) DecodeLua(v script.Value, path string) error {
	if v.Kind() == script.Bool {
		if v.Bool() {
			*h = hang(forever)
		}
		return nil
	}
	d, err := v.Duration(path)
	*h = hang(d)
	return err
}
