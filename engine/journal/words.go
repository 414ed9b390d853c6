package journal

import "hash/maphash"

// A spelling begins with a number: even, twice the length of the text that follows; odd, twice the number of a word.

func spellOut(to []byte, s string) []byte { return append(appendNumber(to, len(s)<<1), s...) }

func spellWord(to []byte, n int) []byte { return appendNumber(to, n<<1|1) }

// readSpelling reads either.
func readSpelling(from []byte, words []string) (s string, rest []byte, err error) {
	n, rest, err := readNumber(from, 1<<30)
	switch {
	case err != nil:
		return "", nil, err
	case n&1 == 1 && n>>1 < len(words) && words[n>>1] != "":
		return words[n>>1], rest, nil
	case n&1 == 0 && n>>1 <= len(rest):
		return string(rest[:n>>1]), rest[n>>1:], nil
	default:
		return "", nil, errLog
	}
}

const (
	maxWords = 1 << 16 // what is met after that is spelt out
	maxWord  = 64      // bytes
	hearing  = 1 << 13 // a power of two
	atHand   = 1 << 8  // a power of two
)

// words are the texts that all diaries share: reasons, hooks, container names, lines of scripts. Only what is met a
// second time soon becomes one, so that what is said once — a UID, how long a pull took — does not fill the list.
type words struct {
	seed    maphash.Seed
	numbers map[string]int
	list    []string // "": not known
	fresh   []int    // the new ones, until somebody takes them from here
	bytes   int      // that all take in a log, nearly
	heard   []uint64 // hashes of texts met once, each at its own place
	near    [atHand]near
}

// near is a word that was met lately: most entries are made of few, and of the same strings in memory.
type near struct {
	text   string
	number int
}

func (w *words) spell(to []byte, s string) []byte {
	if s == "" || len(s) > maxWord {
		return spellOut(to, s)
	}
	lately := &w.near[(len(s)+31*int(s[0])+7*int(s[len(s)/2])+int(s[len(s)-1]))%atHand]
	if lately.text == s {
		return spellWord(to, lately.number)
	}
	if n, known := w.numbers[s]; known {
		*lately = near{s, n}
		return spellWord(to, n)
	}
	if len(w.list) >= maxWords || !w.again(s) {
		return spellOut(to, s)
	}
	n := len(w.list)
	w.set(n, s)
	w.fresh = append(w.fresh, n)
	return spellWord(to, n)
}

// again says that the text was met not long ago.
func (w *words) again(s string) bool {
	if w.heard == nil {
		w.seed, w.heard = maphash.MakeSeed(), make([]uint64, hearing)
	}
	hash := maphash.String(w.seed, s)
	at := &w.heard[hash%hearing]
	if *at == hash {
		return true
	}
	*at = hash
	return false
}

func (w *words) set(n int, s string) {
	if w.numbers == nil {
		w.numbers = map[string]int{}
	}
	for len(w.list) <= n {
		w.list = append(w.list, "")
	}
	w.numbers[s], w.list[n] = n, s
	w.bytes += len(s) + recordHead
}

// learn takes a word from a log, where it may be told more than once.
func (w *words) learn(n int, s string) error {
	switch {
	case n >= maxWords || s == "" || len(s) > maxWord:
		return errLog
	case n >= len(w.list) || w.list[n] == "":
		w.set(n, s)
	case w.list[n] != s:
		return errLog
	}
	return nil
}

func (w *words) read(from []byte) (string, []byte, error) { return readSpelling(from, w.list) }
