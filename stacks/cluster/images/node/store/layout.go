package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// descriptor points to a blob.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// image is one image of a layout: its manifest and what the manifest points to.
type image struct {
	name     string
	layout   string
	manifest descriptor
	config   descriptor
	layers   []descriptor
}

// blobs lists everything that the image is made of.
func (i image) blobs() []descriptor {
	return append([]descriptor{i.manifest, i.config}, i.layers...)
}

func readLayout(name, layout string) (image, error) {
	var index struct {
		Manifests []descriptor `json:"manifests"`
	}
	if err := readJSON(filepath.Join(layout, "index.json"), &index); err != nil {
		return image{}, err
	}
	if len(index.Manifests) != 1 {
		return image{}, fmt.Errorf("the layout has %d manifests, not one", len(index.Manifests))
	}
	path, err := blobPath(layout, index.Manifests[0].Digest)
	if err != nil {
		return image{}, err
	}
	var manifest struct {
		Config descriptor   `json:"config"`
		Layers []descriptor `json:"layers"`
	}
	if err := readJSON(path, &manifest); err != nil {
		return image{}, err
	}
	if manifest.Config.Digest == "" {
		return image{}, fmt.Errorf("manifest %s is not an image's", index.Manifests[0].Digest)
	}
	return image{name, layout, index.Manifests[0], manifest.Config, manifest.Layers}, nil
}

func readJSON(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// blobPath is the path of a blob below a folder; layouts and containerd have the same one.
func blobPath(folder, digest string) (string, error) {
	algorithm, sum, _ := strings.Cut(digest, ":")
	if decoded, err := hex.DecodeString(sum); algorithm != "sha256" || err != nil || len(decoded) != sha256.Size {
		return "", fmt.Errorf("%q is not a SHA-256 digest", digest)
	}
	return filepath.Join(folder, "blobs", algorithm, sum), nil
}

// copyBlobs copies the blobs that are not there yet: images share layers.
func copyBlobs(root string, image image) error {
	for _, blob := range image.blobs() {
		from, err := blobPath(image.layout, blob.Digest)
		if err != nil {
			return err
		}
		to, err := blobPath(filepath.Join(root, contentFolder), blob.Digest)
		if err != nil {
			return err
		}
		if _, err := os.Stat(to); err == nil {
			continue
		}
		if err := copyBlob(from, to, blob); err != nil {
			return err
		}
	}
	return nil
}

// copyBlob copies one blob and checks it on the way: containerd itself would not.
func copyBlob(from, to string, blob descriptor) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o444)
	if err != nil {
		return err
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(target, sum), source)
	if closed := target.Close(); err == nil {
		err = closed
	}
	if err == nil && (size != blob.Size || "sha256:"+hex.EncodeToString(sum.Sum(nil)) != blob.Digest) {
		err = fmt.Errorf("blob %s is damaged", blob.Digest)
	}
	if err != nil {
		os.Remove(to)
	}
	return err
}
