// Puts images into the store of a containerd that is not running: `store ROOT NAME=LAYOUT ...`.
//
// LAYOUT is the folder of an OCI image layout with one manifest. Its blobs are copied below ROOT,
// where containerd keeps content, and its name and blobs are entered into containerd's database.
// A containerd that starts on ROOT finds the images as if it had pulled them; it unpacks each when
// it is first used. The same images give the same bytes.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Where containerd keeps its content and its database, below the root of the file system.
const (
	contentFolder = "var/lib/containerd/io.containerd.content.v1.content"
	databaseFile  = "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "store:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: store ROOT NAME=LAYOUT ...")
	}
	root := args[0]
	var images []image
	for _, arg := range args[1:] {
		name, layout, ok := strings.Cut(arg, "=")
		if !ok || name == "" || layout == "" {
			return fmt.Errorf("%q is not NAME=LAYOUT", arg)
		}
		read, err := readLayout(name, layout)
		if err != nil {
			return fmt.Errorf("image %s in %s: %w", name, layout, err)
		}
		images = append(images, read)
	}
	// The order of the arguments must not show in the result.
	slices.SortFunc(images, func(a, b image) int { return strings.Compare(a.name, b.name) })
	for _, image := range images {
		if err := copyBlobs(root, image); err != nil {
			return fmt.Errorf("image %s: %w", image.name, err)
		}
	}
	// containerd makes this folder itself, but then with the time of its first start.
	if err := os.MkdirAll(filepath.Join(root, contentFolder, "ingest"), 0o700); err != nil {
		return err
	}
	return writeDatabase(filepath.Join(root, databaseFile), images)
}
