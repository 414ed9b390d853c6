package state

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strconv"

	gojson "github.com/goccy/go-json"
	"go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"
)

// load fills an empty store from the file.
func (s *Store) load(f *file) error {
	return guard(func() error {
		return f.db.View(func(tx *bbolt.Tx) error {
			if err := hasBuckets(tx); err != nil {
				return err
			}
			pods := s.loadPods
			if s.lean {
				pods = s.loadRemembered
			}
			for _, part := range []func(*bbolt.Tx) error{
				s.loadRevision, pods, s.loadCounts, s.loadNodes, s.loadTables, s.loadJournals,
			} {
				if err := part(tx); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (s *Store) loadRevision(tx *bbolt.Tx) error {
	text := tx.Bucket([]byte(bucketMeta)).Get(keyRevision)
	if text == nil {
		return nil
	}
	revision, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		return fmt.Errorf("%w: revision %q", ErrDamaged, text)
	}
	s.revision.Store(revision)
	return nil
}

// stored is one pod's two records, still in the mapped file.
type stored struct {
	key          Key
	object, life []byte
}

// loadPods decodes on all processors: it is nearly all of the time that opening takes.
func (s *Store) loadPods(tx *bbolt.Tx) error {
	records, err := storedPods(tx)
	if err != nil {
		return err
	}
	pods := make([]*Pod, len(records))
	var group errgroup.Group
	share := len(records)/runtime.GOMAXPROCS(0) + 1
	at := 0
	for chunk := range slices.Chunk(records, share) {
		into := pods[at : at+len(chunk)]
		at += len(chunk)
		group.Go(func() error { return decodePods(into, chunk) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, p := range pods {
		p.Revision = s.revision.Load()
		s.add(p)
	}
	return nil
}

// storedPods pairs the records of all pods: both buckets are sorted alike.
func storedPods(tx *bbolt.Tx) ([]stored, error) {
	var records []stored
	lives := tx.Bucket([]byte(bucketLives)).Cursor()
	lifeKey, life := lives.First()
	err := each(tx, bucketObjects, func(key string, object []byte) error {
		if string(lifeKey) != key {
			return fmt.Errorf("%w: pod %q has an object or a life, not both", ErrDamaged, key)
		}
		value, err := unseal(bucketLives, key, life)
		if err != nil {
			return err
		}
		name, err := parsePodRecord(lifeKey)
		records = append(records, stored{name, object, value})
		lifeKey, life = lives.Next()
		return err
	})
	if err == nil && lifeKey != nil {
		err = fmt.Errorf("%w: pod %q has an object or a life, not both", ErrDamaged, lifeKey)
	}
	return records, err
}

// each calls fn with every record of a bucket. The value lives as long as the transaction.
func each(tx *bbolt.Tx, bucket string, fn func(key string, value []byte) error) error {
	return tx.Bucket([]byte(bucket)).ForEach(func(k, sealed []byte) error {
		value, err := unseal(bucket, string(k), sealed)
		if err != nil {
			return err
		}
		return fn(string(k), value)
	})
}

func decodePods(into []*Pod, records []stored) error {
	for i, r := range records {
		p, err := decodeLife(r)
		if err != nil {
			return err
		}
		if err := gojson.Unmarshal(r.object, &p.Object); err != nil {
			return fmt.Errorf("%w: object of pod %s: %w", ErrDamaged, r.key, err)
		}
		if p.Object == nil {
			return fmt.Errorf("%w: pod %s has no object", ErrDamaged, r.key)
		}
		into[i] = p
	}
	return nil
}

// decodeLife is a pod without its object.
func decodeLife(r stored) (*Pod, error) {
	var life lifeRecord
	if err := json.Unmarshal(r.life, &life); err != nil {
		return nil, fmt.Errorf("%w: life of pod %s: %w", ErrDamaged, r.key, err)
	}
	return &Pod{
		Key: r.key, UID: life.UID, Incarnation: life.Incarnation, Attempt: life.Attempt,
		Updates: life.Updates, Deletes: life.Deletes, Created: life.Created, Life: life.Life, Update: life.Update, Memo: life.Memo,
	}, nil
}

func (s *Store) loadCounts(tx *bbolt.Tx) error {
	var records []countRecord
	err := each(tx, bucketCounts, func(key string, value []byte) error {
		name, err := parsePodRecord([]byte(key))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		record := countRecord{key: name}
		records = append(records, record)
		return decode(value, &records[len(records)-1], bucketCounts, key)
	})
	slices.SortFunc(records, func(a, b countRecord) int {
		if a.Order < b.Order {
			return -1
		}
		return 1
	})
	for _, r := range records {
		s.counts.byKey[r.key] = s.counts.order.PushBack(r)
		s.counts.last = r.Order
	}
	return err
}

func (s *Store) loadNodes(tx *bbolt.Tx) error {
	return each(tx, bucketNodes, func(name string, value []byte) error {
		memo := new(Memo)
		s.nodes[name] = memo
		return decode(value, memo, bucketNodes, name)
	})
}

func (s *Store) loadTables(tx *bbolt.Tx) error {
	for bucket, table := range s.tables {
		err := each(tx, bucket, func(key string, value []byte) error {
			table[key] = slices.Clone(value)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func decode(value []byte, into any, bucket, key string) error {
	if err := json.Unmarshal(value, into); err != nil {
		return fmt.Errorf("%w: %s %q: %w", ErrDamaged, bucket, key, err)
	}
	return nil
}
