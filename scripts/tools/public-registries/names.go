package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// names is the name server of the world. A name that is asked for first gets the next number, which is in each of its
// addresses.
type names struct {
	world   *world
	doors   *doors
	played  map[string]string
	outside bool

	mutex   sync.Mutex
	numbers map[string]int
}

// newNames plays these hosts, under every name by which clients call them.
func newNames(w *world, d *doors, hosts []string, outside bool) *names {
	played := map[string]string{}
	for _, host := range hosts {
		for _, name := range callNames(host) {
			played[name] = host
		}
	}
	return &names{world: w, doors: d, played: played, outside: outside, numbers: map[string]int{}}
}

func (n *names) serve() error {
	socket, err := n.world.listenPacket(resolver + ":53")
	if err != nil {
		return fmt.Errorf("the name server: %w", err)
	}
	go func() {
		buffer := make([]byte, 4096)
		for {
			size, from, err := socket.ReadFrom(buffer)
			if err != nil {
				return
			}
			question := append([]byte(nil), buffer[:size]...)
			go func() {
				if answer := n.answer(question); answer != nil {
					_, _ = socket.WriteTo(answer, from)
				}
			}()
		}
	}()
	return nil
}

func (n *names) answer(packet []byte) []byte {
	var parser dnsmessage.Parser
	header, err := parser.Start(packet)
	if err != nil {
		return nil
	}
	question, err := parser.Question()
	if err != nil {
		return nil
	}
	name := strings.ToLower(strings.TrimSuffix(question.Name.String(), "."))
	address, known := n.address(name)
	head := dnsmessage.Header{ID: header.ID, Response: true, RecursionDesired: true, RecursionAvailable: true}
	if !known {
		head.RCode = dnsmessage.RCodeNameError
	}
	builder := dnsmessage.NewBuilder(nil, head)
	_ = builder.StartQuestions()
	_ = builder.Question(question)
	_ = builder.StartAnswers()
	if known && question.Type == dnsmessage.TypeA {
		resource := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET}
		_ = builder.AResource(resource, dnsmessage.AResource{A: address})
	}
	answer, err := builder.Finish()
	if err != nil {
		return nil
	}
	return answer
}

// address of a name, as the faults of this moment have it.
func (n *names) address(name string) (address [4]byte, known bool) {
	host, played := n.played[name]
	if !played && n.doors.hosts.hasFiles(name) {
		host, played = name, true
	}
	if !played && !(n.outside && exists(name)) {
		return address, false
	}
	number, err := n.number(name, host, played)
	if err != nil {
		n.doors.journal.write(entry{Host: name, Path: "(name)", Note: err.Error()})
		return address, false
	}
	address = [4]byte{198, 18, byte(number >> 8), byte(number)}
	if fault := n.doors.faults.ofConnection(host, name); fault != nil {
		switch fault.Kind {
		case "nameless":
			return address, false
		case "refused":
			address[1] = 19
		case "dropped":
			address[1], address[2] = 19, 128+address[2]
		}
	}
	return address, true
}

// number of a name; at the first time its doors are opened.
func (n *names) number(name, host string, played bool) (int, error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if number, had := n.numbers[name]; had {
		return number, nil
	}
	number := 256 + len(n.numbers)
	address := fmt.Sprintf("%s.%d.%d", listening, number>>8, number&255)
	if err := n.doors.open(address, name, host, played); err != nil {
		return 0, err
	}
	n.numbers[name] = number
	return number, nil
}

// exists asks the machine's own name server.
func exists(name string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := net.DefaultResolver.LookupHost(ctx, name)
	return err == nil
}
