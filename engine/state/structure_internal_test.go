package state

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// TestWhatBoltWritesIsSound would fail first if another bbolt laid out its pages in another way.
func TestWhatBoltWritesIsSound(t *testing.T) {
	for _, size := range []int{10, 300, 20_000} { // inline buckets, branches, overflow
		t.Run(fmt.Sprintf("values up to %d bytes", size), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "moonlet.db")
			if err := create(path, formats.current); err != nil {
				t.Fatal(err)
			}
			db, err := openBolt(path, bbolt.Options{NoSync: true})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			content, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer content.Close()
			draw := rand.New(rand.NewPCG(1, uint64(size)))
			for range 40 {
				if err := db.Update(func(tx *bbolt.Tx) error { return shuffle(tx, draw, size) }); err != nil {
					t.Fatal(err)
				}
				if err := checkStructure(content, db.Info().PageSize); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// shuffle puts and deletes, by turns more of one or the other, down to nothing.
func shuffle(tx *bbolt.Tx, draw *rand.Rand, size int) error {
	b, err := tx.CreateBucketIfNotExists([]byte{byte('a' + draw.IntN(3))})
	if err != nil {
		return err
	}
	puts := draw.IntN(4)
	for i := range 200 {
		key := fmt.Appendf(nil, "%03d", i)
		if draw.IntN(3) < puts {
			err = b.Put(key, make([]byte, draw.IntN(size)))
		} else {
			err = b.Delete(key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
