package journal

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// The body of an entry is bytes: the time, what it is of kind and has, and then only what it has.

const timeBytes = 8

// maxText is how long a text of an entry may be: more is cut.
const maxText = 512

// What an entry has beside What, Kind and By.
const (
	hasContainer = 1 << iota
	hasMessage
	hasRule
	hasFault // and Why
	hasHook  // and Ask
	hasDraws
	hasGeneration
	hasFigures
)

var kinds = []Kind{"", Kubelet, Script, User, Fault, Reload, Param, Restart}

func appendBody(to []byte, e *Entry, d *words) []byte {
	to = binary.LittleEndian.AppendUint64(to, uint64(e.At.UnixNano()))
	has := contents(e)
	to = append(to, has, byte(max(slices.Index(kinds, e.Kind), 0))) //nolint:gosec // there are eight
	if has&hasHook != 0 {
		to = appendNumber(to, e.Ask) // first, so that a question is found quickly
	}
	to = d.spell(d.spell(to, cut(e.What)), cut(e.By))
	if has&hasContainer != 0 {
		to = d.spell(to, cut(e.Container))
	}
	switch {
	case has&hasMessage != 0 && has&hasDraws != 0 && has&hasFigures == 0:
		to = spellOut(to, cut(e.Message)) // what was drawn for it is said once
	case has&hasMessage != 0:
		to = d.spell(to, cut(e.Message))
	}
	if has&hasRule != 0 {
		to = d.spell(to, cut(e.Rule))
	}
	if has&hasFault != 0 {
		to = d.spell(d.spell(to, cut(e.Fault)), cut(e.Why))
	}
	if has&hasHook != 0 {
		to = d.spell(to, cut(e.Hook))
	}
	if has&hasDraws != 0 {
		to = appendDraws(to, e.Draws, d)
	}
	if has&hasGeneration != 0 {
		to = binary.AppendUvarint(to, e.Generation)
	}
	if has&hasFigures != 0 {
		to = appendFigures(to, e.Figures)
	}
	return to
}

func contents(e *Entry) (has byte) {
	set := func(flag byte, there bool) {
		if there {
			has |= flag
		}
	}
	set(hasContainer, e.Container != "")
	set(hasMessage, e.Message != "")
	set(hasRule, e.Rule != "")
	set(hasFault, e.Fault != "" || e.Why != "")
	set(hasHook, e.Hook != "")
	set(hasDraws, len(e.Draws) > 0)
	set(hasGeneration, e.Generation != 0)
	set(hasFigures, len(e.Figures) > 0)
	return has
}

// maxDraws is how many draws of a question are kept: more decided nothing that a person could follow.
const maxDraws = 16

func appendDraws(to []byte, draws []Draw, d *words) []byte {
	draws = draws[:min(len(draws), maxDraws)]
	to = appendNumber(to, len(draws))
	for i := range draws {
		to = d.spell(d.spell(to, cut(draws[i].Name)), cut(draws[i].Kind))
		to = binary.LittleEndian.AppendUint64(to, math.Float64bits(draws[i].Value))
	}
	return to
}

// maxFigures is how many figures a message may have.
const maxFigures = 16

func appendFigures(to []byte, figures []int64) []byte {
	figures = figures[:min(len(figures), maxFigures)]
	to = appendNumber(to, len(figures))
	for _, f := range figures {
		to = binary.AppendVarint(to, f)
	}
	return to
}

// cut shortens a text, between letters.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	end := maxText
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// asks says that an entry is about a question of that number.
func asks(body []byte, number int) bool {
	if len(body) < timeBytes+2 || body[timeBytes]&hasHook == 0 {
		return false
	}
	n, _, err := readNumber(body[timeBytes+2:], math.MaxInt)
	return err == nil && n == number
}

// readBody reads an entry.
func readBody(body []byte, d *words) (Entry, error) {
	r := reader{rest: body, d: d}
	e := Entry{At: time.Unix(0, int64(r.fixed())).UTC()} //nolint:gosec // the same bits
	has, kind := r.byte(), int(r.byte())
	if kind >= len(kinds) {
		return Entry{}, errLog
	}
	e.Kind = kinds[kind]
	if has&hasHook != 0 {
		e.Ask = r.number(math.MaxInt)
	}
	e.What, e.By = r.text(), r.text()
	for _, one := range []struct {
		flag byte
		into *string
	}{{hasContainer, &e.Container}, {hasMessage, &e.Message}, {hasRule, &e.Rule}, {hasFault, &e.Fault}, {hasFault, &e.Why}, {hasHook, &e.Hook}} {
		if has&one.flag != 0 {
			*one.into = r.text()
		}
	}
	if has&hasDraws != 0 {
		for range r.number(maxDraws) {
			e.Draws = append(e.Draws, Draw{Name: r.text(), Kind: r.text(), Value: math.Float64frombits(r.fixed())})
		}
	}
	if has&hasGeneration != 0 {
		e.Generation = uint64(r.number(math.MaxInt)) //nolint:gosec // not negative
	}
	if has&hasFigures != 0 {
		var figures [maxFigures]int64
		n := r.number(maxFigures)
		for i := range n {
			figures[i] = r.signed()
		}
		e.Message = Fill(e.Message, figures[:n])
	}
	return e, r.err
}

// reader takes a record apart. After an error it gives zeroes.
type reader struct {
	rest []byte
	d    *words
	err  error
}

func (r *reader) skip(n int) []byte {
	if r.err != nil || len(r.rest) < n {
		r.err = errLog
		return make([]byte, n)
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) byte() byte { return r.skip(1)[0] }

func (r *reader) fixed() uint64 { return binary.LittleEndian.Uint64(r.skip(8)) }

func (r *reader) text() (s string) {
	if r.err == nil {
		s, r.rest, r.err = r.d.read(r.rest)
	}
	return s
}

func (r *reader) number(most int) (n int) {
	if r.err == nil {
		n, r.rest, r.err = readNumber(r.rest, most)
	}
	return n
}

func (r *reader) signed() int64 {
	n, size := binary.Varint(r.rest)
	if r.err != nil || size <= 0 {
		r.err = errLog
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func appendNumber(to []byte, n int) []byte {
	return binary.AppendUvarint(to, uint64(n)) //nolint:gosec // never negative
}

func readNumber(from []byte, most int) (int, []byte, error) {
	n, size := binary.Uvarint(from)
	if size <= 0 || n > uint64(most) { //nolint:gosec // not negative
		return 0, nil, errLog
	}
	return int(n), from[size:], nil //nolint:gosec // at most most
}
