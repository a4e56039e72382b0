// Package kernel keeps the rules about network policies in the kernel's nftables, in a table of its own. What is there
// changes as a whole or not at all, goes on without this program, and costs nothing while there is no policy.
package kernel

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"

	"backstack.dev/cluster/podnet/rules"
)

// Table is what `nft list table ip podnet-policies` shows on a node.
const Table = "podnet-policies"

// bufferSize is room for the kernel's answers to one change: it answers every part of it at once, and the default has
// room for some three hundred.
const bufferSize = 16 << 20

// chunk is how many elements are told at once: the kernel's messages count their bytes in 16 bits.
const chunk = 400

// Writer writes rules and remembers what it wrote.
type Writer struct {
	written *rules.Ruleset
	// uses is how many chains and sets the kernel counted in the table then.
	uses uint32
}

// Done is how much a call of Write had to do.
type Done int

const (
	// Nothing: the rules are the same.
	Nothing Done = iota
	// Elements of sets were changed, and no rule.
	Elements
	// Everything was written anew.
	Everything
)

// Write makes the kernel's rules those that are wanted. After an error the kernel has the rules from before, and the
// next call writes all of them.
func (writer *Writer) Write(wanted rules.Ruleset) (Done, error) {
	if writer.written != nil {
		if writer.written.Empty() && wanted.Empty() {
			return Nothing, nil
		}
		if changes, enough := rules.Changes(*writer.written, wanted); enough && len(changes) == 0 {
			return Nothing, nil
		} else if enough {
			return Elements, writer.commit(wanted, func(batch *batch) { batch.change(changes) })
		}
	}
	return Everything, writer.commit(wanted, func(batch *batch) { batch.replace(wanted) })
}

// Forget makes the next call of Write write everything if somebody else has changed the table.
func (writer *Writer) Forget() {
	if writer.written != nil && writer.uses != uses() {
		writer.written = nil
	}
}

// commit sends what is to be done. The kernel does all of it or nothing.
func (writer *Writer) commit(wanted rules.Ruleset, fill func(*batch)) error {
	writer.written = nil
	connection, err := nftables.New(nftables.WithSockOptions(roomy))
	if err != nil {
		return err
	}
	batch := &batch{connection: connection, table: &nftables.Table{Family: nftables.TableFamilyIPv4, Name: Table}}
	fill(batch)
	if batch.err != nil {
		return batch.err
	}
	if err := connection.Flush(); err != nil {
		return fmt.Errorf("the kernel refuses the rules of policies: %w", err)
	}
	writer.written, writer.uses = &wanted, uses()
	return nil
}

func roomy(connection *netlink.Conn) error {
	if err := connection.SetReadBuffer(bufferSize); err != nil {
		return err
	}
	return connection.SetWriteBuffer(bufferSize)
}

// uses is how many chains and sets the table has; 0 if there is none.
func uses() uint32 {
	connection, err := nftables.New()
	if err != nil {
		return 0
	}
	table, err := connection.ListTableOfFamily(Table, nftables.TableFamilyIPv4)
	if err != nil {
		return 0
	}
	return table.Use
}

// batch collects what is to be done at once.
type batch struct {
	connection *nftables.Conn
	table      *nftables.Table
	sets       map[string]*nftables.Set
	err        error
}

// replace takes the table away and writes it anew if it is needed.
func (batch *batch) replace(wanted rules.Ruleset) {
	batch.connection.AddTable(batch.table) // or deleting it would fail where there is none
	batch.connection.DelTable(batch.table)
	if wanted.Empty() {
		return
	}
	batch.connection.AddTable(batch.table)
	chains := slices.Sorted(maps.Keys(wanted.Chains))
	for _, name := range chains {
		batch.connection.AddChain(&nftables.Chain{Name: name, Table: batch.table})
	}
	batch.sets = map[string]*nftables.Set{}
	for _, name := range slices.Sorted(maps.Keys(wanted.Sets)) {
		set := wanted.Sets[name]
		batch.sets[name] = batch.set(name, set.Kind)
		batch.keep(batch.connection.AddSet(batch.sets[name], nil))
		batch.add(batch.sets[name], set.Kind, slices.Collect(maps.Keys(set.Elements)))
	}
	for _, name := range chains {
		batch.fill(name, wanted.Chains[name])
	}
	batch.forward()
}

// change brings sets that are there up to date.
func (batch *batch) change(changes []rules.Change) {
	for _, change := range changes {
		set := batch.set(change.Set, change.Kind)
		for elements := range slices.Chunk(change.Removed, chunk) {
			batch.keep(batch.connection.SetDeleteElements(set, encode(change.Kind, elements)))
		}
		batch.add(set, change.Kind, change.Added)
	}
}

func (batch *batch) add(set *nftables.Set, kind rules.Kind, elements []rules.Element) {
	for elements := range slices.Chunk(elements, chunk) {
		batch.keep(batch.connection.SetAddElements(set, encode(kind, elements)))
	}
}

func (batch *batch) keep(err error) {
	if batch.err == nil {
		batch.err = err
	}
}
