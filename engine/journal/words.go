package journal

import "hash/maphash"

// dictionary turns texts into bytes and back.
type dictionary interface {
	spell(to []byte, s string) []byte
	read(from []byte) (string, []byte, error)
}

// A spelling begins with a number: even, twice the length of the text that follows; odd, twice the number of a word.

func spellOut(to []byte, s string) []byte { return append(appendNumber(to, len(s)<<1), s...) }

func spellWord(to []byte, n int) []byte { return appendNumber(to, n<<1|1) }

// readSpelling reads either.
func readSpelling(from []byte, words []string) (s string, isWord bool, rest []byte, err error) {
	n, rest, err := readNumber(from, 1<<30)
	switch {
	case err != nil:
		return "", false, nil, err
	case n&1 == 1 && n>>1 < len(words):
		return words[n>>1], true, rest, nil
	case n&1 == 0 && n>>1 <= len(rest):
		return string(rest[:n>>1]), false, rest[n>>1:], nil
	default:
		return "", false, nil, errLog
	}
}

const (
	maxWords = 1 << 16 // what is met after that is spelt out
	maxWord  = 128     // bytes
	hearing  = 1 << 13 // a power of two
)

// words are the texts that all diaries share: reasons, hooks, container names, lines of scripts. Only what is met a
// second time soon becomes one, so that what is said once — a UID, how long a pull took — does not fill the list.
type words struct {
	seed    maphash.Seed
	numbers map[string]int
	list    []string
	heard   []uint64 // hashes of texts met once, each at its own place
}

func (w *words) spell(to []byte, s string) []byte {
	if n, known := w.numbers[s]; known {
		return spellWord(to, n)
	}
	if s == "" || len(s) > maxWord || len(w.list) >= maxWords || !w.again(s) {
		return spellOut(to, s)
	}
	n := len(w.list)
	w.numbers[s] = n
	w.list = append(w.list, s)
	return spellWord(to, n)
}

// again says that the text was met not long ago.
func (w *words) again(s string) bool {
	if w.numbers == nil {
		w.seed, w.numbers, w.heard = maphash.MakeSeed(), map[string]int{}, make([]uint64, hearing)
	}
	hash := maphash.String(w.seed, s)
	at := &w.heard[hash%hearing]
	if *at == hash {
		return true
	}
	*at = hash
	return false
}

func (w *words) read(from []byte) (string, []byte, error) {
	s, _, rest, err := readSpelling(from, w.list)
	return s, rest, err
}

// local is the words of one batch of the log: a text is spelt out the first time, and thereby gets the next number.
type local struct {
	numbers map[string]int
	list    []string
}

func newLocal() *local { return &local{numbers: map[string]int{}} }

func (l *local) spell(to []byte, s string) []byte {
	if n, known := l.numbers[s]; known {
		return spellWord(to, n)
	}
	if s != "" {
		l.numbers[s] = len(l.numbers)
	}
	return spellOut(to, s)
}

func (l *local) read(from []byte) (string, []byte, error) {
	s, isWord, rest, err := readSpelling(from, l.list)
	if err == nil && !isWord && s != "" {
		l.list = append(l.list, s)
	}
	return s, rest, err
}
