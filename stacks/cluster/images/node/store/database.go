package main

import (
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The database's layout: what containerd 2 calls schema v1, version 4.
const (
	schema        = "v1"
	schemaVersion = 4
	// namespace is the one that Kubernetes' images are kept in.
	namespace = "k8s.io"
)

// created is the time that everything gets, or no two databases would be the same.
var created = time.Unix(0, 0).UTC()

// writeDatabase writes a new database with these images.
func writeDatabase(path string, images []image) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	// The page size is fixed, since the default is the builder's. Nothing is lost without syncing:
	// a build that is cut off starts again.
	database, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: 4096, NoSync: true})
	if err != nil {
		return err
	}
	err = fill(database, images)
	if closed := database.Close(); err == nil {
		err = closed
	}
	return err
}

// fill enters everything. Each transaction touches one entry only: with several, bbolt would lay out
// their pages in the order of a map, which is another one every time.
func fill(database *bolt.DB, images []image) error {
	err := database.Update(func(tx *bolt.Tx) error {
		root, err := tx.CreateBucket([]byte(schema))
		if err != nil {
			return err
		}
		return root.Put([]byte("version"), number(schemaVersion))
	})
	if err != nil {
		return err
	}
	for _, image := range images {
		err := within(database, []string{"images"}, func(names *bolt.Bucket) error {
			return enterImage(names, image)
		})
		if err != nil {
			return fmt.Errorf("image %s: %w", image.name, err)
		}
		for _, blob := range image.blobs() {
			err := within(database, []string{"content", "blob"}, func(blobs *bolt.Bucket) error {
				return enterBlob(blobs, blob, references(image, blob))
			})
			if err != nil {
				return fmt.Errorf("blob %s: %w", blob.Digest, err)
			}
		}
	}
	return nil
}

// within changes one bucket of the namespace, in a transaction of its own.
func within(database *bolt.DB, path []string, change func(*bolt.Bucket) error) error {
	return database.Update(func(tx *bolt.Tx) error {
		bucket, err := nested(tx.Bucket([]byte(schema)), append([]string{namespace}, path...)...)
		if err != nil {
			return err
		}
		return change(bucket)
	})
}

// enterImage enters a name. The label makes the CRI take the image for one of its own.
func enterImage(names *bolt.Bucket, image image) error {
	entry, err := names.CreateBucket([]byte(image.name))
	if err != nil {
		return err
	}
	if err := stamp(entry, map[string]string{"io.cri-containerd.image": "managed"}); err != nil {
		return err
	}
	target, err := nested(entry, "target")
	if err != nil {
		return err
	}
	return put(target, map[string][]byte{
		"digest":    []byte(image.manifest.Digest),
		"mediatype": []byte(image.manifest.MediaType),
		"size":      number(image.manifest.Size),
	})
}

// enterBlob enters a blob, once for all images that have it.
func enterBlob(blobs *bolt.Bucket, blob descriptor, references map[string]string) error {
	if blobs.Bucket([]byte(blob.Digest)) != nil {
		return nil
	}
	entry, err := nested(blobs, blob.Digest)
	if err != nil {
		return err
	}
	if err := stamp(entry, references); err != nil {
		return err
	}
	return entry.Put([]byte("size"), number(blob.Size))
}

// references are the labels by which the garbage collector gets from a manifest to its blobs.
func references(image image, blob descriptor) map[string]string {
	if blob.Digest != image.manifest.Digest {
		return nil
	}
	labels := map[string]string{"containerd.io/gc.ref.content.config": image.config.Digest}
	for i, layer := range image.layers {
		labels[fmt.Sprintf("containerd.io/gc.ref.content.l.%d", i)] = layer.Digest
	}
	return labels
}

// stamp gives an entry its times and labels.
func stamp(entry *bolt.Bucket, labels map[string]string) error {
	at, err := created.MarshalBinary()
	if err != nil {
		return err
	}
	if err := put(entry, map[string][]byte{"createdat": at, "updatedat": at}); err != nil {
		return err
	}
	if len(labels) == 0 {
		return nil
	}
	bucket, err := nested(entry, "labels")
	if err != nil {
		return err
	}
	values := map[string][]byte{}
	for key, value := range labels {
		values[key] = []byte(value)
	}
	return put(bucket, values)
}

// put enters values in the order of their keys: the order of writing shows in the file.
func put(bucket *bolt.Bucket, values map[string][]byte) error {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if err := bucket.Put([]byte(key), values[key]); err != nil {
			return err
		}
	}
	return nil
}

func nested(bucket *bolt.Bucket, path ...string) (*bolt.Bucket, error) {
	for _, name := range path {
		next, err := bucket.CreateBucketIfNotExists([]byte(name))
		if err != nil {
			return nil, err
		}
		bucket = next
	}
	return bucket, nil
}

// number encodes an integer as containerd does.
func number(value int64) []byte {
	return binary.AppendVarint(nil, value)
}
