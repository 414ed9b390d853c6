package state

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	gojson "github.com/goccy/go-json"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// The buckets of the file. A pod is one record in objects and one, rewritten more often, in lives.
const (
	bucketMeta    = "moonlet"
	bucketObjects = "objects"
	bucketLives   = "lives"
	bucketCounts  = "counts"
	bucketNodes   = "nodes"
	bucketParams  = "params"
	bucketFacts   = "facts"
	bucketFaults  = "faults"

	bucketJournals = "journals"

	// bucketRemembered has the lives of pods whose objects somebody else keeps. Only lean stores make it.
	bucketRemembered = "remembered"
)

var recordBuckets = []string{bucketObjects, bucketLives, bucketCounts, bucketNodes, bucketParams, bucketFacts, bucketFaults, bucketJournals}

// lifeRecord is what changes often of a pod.
type lifeRecord struct {
	UID         types.UID `json:"uid"`
	Incarnation int       `json:"incarnation"`
	Attempt     int       `json:"attempt"`
	Updates     int       `json:"updates,omitempty"`
	Deletes     int       `json:"deletes,omitempty"`
	Created     time.Time `json:"created,omitzero"`
	Life        *pod.Life `json:"life,omitempty"`
	Update      *Update   `json:"update,omitempty"`
	Memo        *Memo     `json:"memo,omitempty"`
}

func lifeOf(p *Pod) lifeRecord {
	return lifeRecord{
		UID: p.UID, Incarnation: p.Incarnation, Attempt: p.Attempt, Updates: p.Updates, Deletes: p.Deletes, Created: p.Created,
		Life: p.Life, Update: p.Update, Memo: p.Memo,
	}
}

// podRecord is the key of a pod's records: sorted like the pods, for NUL sorts first.
func podRecord(k Key) string { return k.Namespace + "\x00" + k.Name }

func parsePodRecord(record []byte) (Key, error) {
	namespace, name, ok := strings.Cut(string(record), "\x00")
	if !ok {
		return Key{}, fmt.Errorf("record %q names no pod", record)
	}
	return Key{namespace, name}, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumSize is the length of the checksum before each value: bbolt protects its two meta pages only.
const sumSize = 4

func checksum(bucket, key string, value []byte) uint32 {
	sum := crc32.Update(0, castagnoli, []byte(bucket))
	sum = crc32.Update(sum, castagnoli, []byte(key))
	return crc32.Update(sum, castagnoli, value)
}

// seal puts the checksum before a value.
func seal(bucket, key string, value []byte) []byte {
	sealed := make([]byte, sumSize, sumSize+len(value))
	binary.LittleEndian.PutUint32(sealed, checksum(bucket, key, value))
	return append(sealed, value...)
}

var errChecksum = errors.New("bad checksum")

// unseal returns the value behind a checksum that holds.
func unseal(bucket, key string, sealed []byte) ([]byte, error) {
	if len(sealed) < sumSize || binary.LittleEndian.Uint32(sealed) != checksum(bucket, key, sealed[sumSize:]) {
		return nil, fmt.Errorf("%s %q: %w", bucket, key, errChecksum)
	}
	return sealed[sumSize:], nil
}

// encode makes the bytes of a value. Objects are most of the file and of known types: go-json takes a third of the
// time. The rest may hold anything a script made.
func encode(value any) ([]byte, error) {
	switch v := value.(type) {
	case *v1.Pod:
		return gojson.Marshal(v)
	case json.RawMessage:
		return v, nil
	case sealedText:
		return v, nil
	default:
		return json.Marshal(v)
	}
}
