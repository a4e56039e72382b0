package kernel

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/nftables"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"backstack.dev/cluster/podnet/policy"
	"backstack.dev/cluster/podnet/rules"
)

const (
	tcp  = 6
	udp  = 17
	sctp = 132
)

// cluster is a node with a server and two clients, a pod on another node, and somebody outside.
type cluster struct {
	test                                *testing.T
	server, friend, other, remote, away *machine
	state                               policy.State
	writer                              Writer
}

func newCluster(test *testing.T) *cluster {
	tracked(test)
	cluster := &cluster{
		test:   test,
		server: plug(test, "10.1.0.2"),
		friend: plug(test, "10.1.0.3"),
		other:  plug(test, "10.1.0.4"),
		remote: plug(test, "10.1.1.2"),
		away:   plug(test, "192.0.2.9"),
	}
	cluster.state = policy.State{
		Node:       "here",
		Namespaces: map[string]map[string]string{"shop": {"team": "shop"}, "bank": {"team": "bank"}},
		Pods: []policy.Pod{
			cluster.pod("shop", "server", "here", cluster.server),
			cluster.pod("shop", "friend", "here", cluster.friend),
			cluster.pod("bank", "other", "here", cluster.other),
			cluster.pod("bank", "remote", "there", cluster.remote),
		},
	}
	cluster.server.serve(test, 80, 8080, 8085, 9090)
	cluster.remote.serve(test, 80, 8080)
	cluster.away.serve(test, 80)
	test.Cleanup(func() { cluster.policies() })
	return cluster
}

func (cluster *cluster) pod(namespace, name, node string, machine *machine) policy.Pod {
	ports := []policy.Port{{Name: "web", Protocol: core.ProtocolTCP, Number: 8080}}
	return policy.Pod{
		Namespace: namespace, Name: name, Node: node, Address: machine.address,
		Labels: map[string]string{"app": name}, Ports: ports,
	}
}

// policies makes these the only ones of namespace `shop`. Each is a spec.
func (cluster *cluster) policies(specs ...string) Done {
	cluster.test.Helper()
	cluster.state.Policies = nil
	for _, text := range specs {
		one := &networking.NetworkPolicy{ObjectMeta: meta.ObjectMeta{Namespace: "shop", Name: text}}
		must(cluster.test, yaml.UnmarshalStrict([]byte(text), &one.Spec))
		cluster.state.Policies = append(cluster.state.Policies, one)
	}
	return cluster.write()
}

func (cluster *cluster) write() Done {
	cluster.test.Helper()
	done, err := cluster.writer.Write(policy.Compile(cluster.state))
	must(cluster.test, err)
	return done
}

func (cluster *cluster) connects(from, to *machine, port uint16, wanted bool) {
	cluster.test.Helper()
	if connected := from.open(cluster.test, to, port, wanted) != nil; connected != wanted {
		cluster.test.Errorf("from %s to %s:%d: connected is %v", from.address, to.address, port, connected)
	}
}

func (cluster *cluster) arrives(from, to *machine, protocol int, port uint16, wanted bool) {
	cluster.test.Helper()
	if from.arrives(cluster.test, to, protocol, port, wanted) != wanted {
		what := fmt.Sprintf("from %s to %s, protocol %d, port %d", from.address, to.address, protocol, port)
		cluster.test.Errorf("%s: arrived is %v", what, !wanted)
	}
}

// kept says whether the kernel has anything of ours.
func kept(test *testing.T) bool {
	test.Helper()
	return uses() > 0
}

// tracked makes the kernel know connections from the start, as it does wherever addresses are translated.
func tracked(test *testing.T) {
	test.Helper()
	connection, err := nftables.New()
	must(test, err)
	table := connection.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "other"})
	chain := connection.AddChain(&nftables.Chain{
		Name: "forward", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter,
	})
	connection.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: append(known(), accept()...)})
	must(test, connection.Flush())
}

func TestNothingIsForbiddenAndNothingKeptWithoutAPolicy(test *testing.T) {
	cluster := newCluster(test)
	cluster.policies()
	cluster.connects(cluster.other, cluster.server, 80, true)
	if kept(test) {
		test.Error("something is in the kernel")
	}
	cluster.policies(`{podSelector: {}}`)
	cluster.connects(cluster.other, cluster.server, 80, false)
	cluster.policies()
	cluster.connects(cluster.other, cluster.server, 80, true)
	if kept(test) {
		test.Error("something is left in the kernel")
	}
}

func TestIngressIsDeniedButForTheNodeThePodItselfAndWhatStands(test *testing.T) {
	cluster := newCluster(test)
	standing := cluster.other.open(test, cluster.server, 80, true)
	cluster.policies(`{podSelector: {matchLabels: {app: server}}, policyTypes: [Ingress]}`)
	for _, from := range []*machine{cluster.friend, cluster.other, cluster.remote, cluster.away} {
		cluster.connects(from, cluster.server, 80, false)
		cluster.arrives(from, cluster.server, udp, 53, false)
	}
	if !talks(standing) {
		test.Error("a connection from before is cut")
	}
	cluster.connects(cluster.server, cluster.remote, 80, true)
	cluster.connects(cluster.other, cluster.remote, 80, true)
	node := &machine{netip.MustParseAddr("169.254.1.1"), nodeSpace(test)}
	cluster.connects(node, cluster.server, 80, true)
}

func TestEgressIsDenied(test *testing.T) {
	cluster := newCluster(test)
	cluster.policies(`{podSelector: {matchLabels: {app: friend}}, policyTypes: [Egress]}`)
	cluster.connects(cluster.friend, cluster.server, 80, false)
	cluster.connects(cluster.friend, cluster.away, 80, false)
	cluster.connects(cluster.other, cluster.server, 80, true)
	cluster.policies(`
podSelector: {matchLabels: {app: friend}}
policyTypes: [Egress]
egress: [{ports: [{port: web}]}]
`)
	cluster.connects(cluster.friend, cluster.server, 8080, true)
	cluster.connects(cluster.friend, cluster.server, 80, false)
	cluster.connects(cluster.friend, cluster.remote, 8080, true)
}

func TestPodsNamespacesAndAddressesAreToldApart(test *testing.T) {
	cluster := newCluster(test)
	allow := func(peers string) {
		cluster.policies(`{podSelector: {matchLabels: {app: server}}, ingress: [{from: ` + peers + `}]}`)
	}
	allow(`[{podSelector: {matchLabels: {app: friend}}}]`)
	cluster.connects(cluster.friend, cluster.server, 80, true)
	cluster.connects(cluster.other, cluster.server, 80, false)
	cluster.connects(cluster.remote, cluster.server, 80, false)
	allow(`[{namespaceSelector: {matchLabels: {team: bank}}}]`)
	cluster.connects(cluster.friend, cluster.server, 80, false)
	cluster.connects(cluster.other, cluster.server, 80, true)
	cluster.connects(cluster.remote, cluster.server, 80, true)
	allow(`[{namespaceSelector: {}, podSelector: {matchLabels: {app: remote}}}]`)
	cluster.connects(cluster.other, cluster.server, 80, false)
	cluster.connects(cluster.remote, cluster.server, 80, true)
	allow(`[{ipBlock: {cidr: 0.0.0.0/0, except: [10.1.0.0/24]}}]`)
	cluster.connects(cluster.other, cluster.server, 80, false)
	cluster.connects(cluster.remote, cluster.server, 80, true)
	cluster.connects(cluster.away, cluster.server, 80, true)
	allow(`[{ipBlock: {cidr: 192.0.2.8/31}}, {ipBlock: {cidr: 255.255.255.255/32}}]`)
	cluster.connects(cluster.remote, cluster.server, 80, false)
	cluster.connects(cluster.away, cluster.server, 80, true)
}

func TestPortsAndProtocolsAreToldApart(test *testing.T) {
	cluster := newCluster(test)
	allow := func(ports string) {
		cluster.policies(`{podSelector: {matchLabels: {app: server}}, ingress: [{ports: ` + ports + `}]}`)
	}
	allow(`[{port: 80}, {port: 8080, endPort: 8085}]`)
	for port, wanted := range map[uint16]bool{80: true, 8080: true, 8085: true, 9090: false} {
		cluster.connects(cluster.other, cluster.server, port, wanted)
	}
	cluster.arrives(cluster.other, cluster.server, udp, 80, false)
	allow(`[{port: web}, {protocol: UDP, port: 53}, {protocol: SCTP, port: 7}]`)
	cluster.connects(cluster.other, cluster.server, 8080, true)
	cluster.connects(cluster.other, cluster.server, 80, false)
	cluster.arrives(cluster.other, cluster.server, udp, 53, true)
	cluster.arrives(cluster.other, cluster.server, udp, 54, false)
	cluster.arrives(cluster.other, cluster.server, sctp, 7, true)
	cluster.arrives(cluster.other, cluster.server, sctp, 8, false)
	cluster.arrives(cluster.other, cluster.server, tcp, 53, false)
	allow(`[{protocol: UDP}]`)
	cluster.arrives(cluster.other, cluster.server, udp, 999, true)
	cluster.connects(cluster.other, cluster.server, 80, false)
}

func TestAPodThatComesOrGoesChangesElementsAlone(test *testing.T) {
	cluster := newCluster(test)
	friends := `
podSelector: {matchLabels: {app: server}}
ingress: [{from: [{podSelector: {matchLabels: {app: friend}}}]}]
`
	all := cluster.state.Pods
	cluster.state.Pods = all[:1]
	if done := cluster.policies(friends); done != Everything {
		test.Errorf("the first policy: done is %d", done)
	}
	cluster.connects(cluster.friend, cluster.server, 80, false)
	cluster.state.Pods = all
	if done := cluster.write(); done != Elements {
		test.Errorf("a pod came: done is %d", done)
	}
	cluster.connects(cluster.friend, cluster.server, 80, true)
	if done := cluster.write(); done != Nothing {
		test.Errorf("nothing changed: done is %d", done)
	}
	cluster.state.Pods = all[:1]
	if done := cluster.write(); done != Elements {
		test.Errorf("a pod went: done is %d", done)
	}
	cluster.connects(cluster.friend, cluster.server, 80, false)
}

func TestAPodWhoseLabelsChangeIsJudgedByOthers(test *testing.T) {
	cluster := newCluster(test)
	cluster.friend.serve(test, 80)
	closed := `{podSelector: {matchLabels: {app: server}}}`
	open := `{podSelector: {matchLabels: {app: friend}}, ingress: [{}]}`
	cluster.policies(closed, open)
	cluster.connects(cluster.other, cluster.server, 80, false)
	cluster.connects(cluster.other, cluster.friend, 80, true)
	pods := cluster.state.Pods
	pods[0].Labels, pods[1].Labels = pods[1].Labels, pods[0].Labels
	if done := cluster.write(); done != Elements {
		test.Errorf("labels changed: done is %d", done)
	}
	cluster.connects(cluster.other, cluster.server, 80, true)
	cluster.connects(cluster.other, cluster.friend, 80, false)
}

func TestWhatOthersTookAwayComesBack(test *testing.T) {
	cluster := newCluster(test)
	cluster.policies(`{podSelector: {}}`)
	cluster.writer.Forget()
	if done := cluster.write(); done != Nothing {
		test.Errorf("nobody took anything away: done is %d", done)
	}
	connection, err := nftables.New()
	must(test, err)
	connection.FlushRuleset()
	must(test, connection.Flush())
	cluster.connects(cluster.other, cluster.server, 80, true)
	cluster.writer.Forget()
	if done := cluster.write(); done != Everything {
		test.Errorf("somebody took all away: done is %d", done)
	}
	cluster.connects(cluster.other, cluster.server, 80, false)
}

func TestALargeClusterFits(test *testing.T) {
	if os.Getenv(apart) == "user" {
		test.Skip("the kernel has large buffers for the real root alone, which podnet is")
	}
	ruleset := rules.New()
	address := netip.MustParseAddr("10.2.0.0")
	for number := range 5000 {
		address = address.Next()
		ruleset.Add("pods", rules.Addresses, rules.Element{Address: address})
		ruleset.Add("ports", rules.Endpoints, rules.Element{Address: address, Port: uint16(number)})
		ruleset.Add(rules.Self, rules.Pairs, rules.Element{Address: address})
		last := address
		address = address.Next()
		ruleset.Add("ranges", rules.Ranges, rules.Element{Address: last, Last: last})
	}
	for number := range 2000 {
		name := fmt.Sprintf("%s-%d", rules.Ingress, number)
		policy := strings.Repeat("name", 63)
		ruleset.Chains[name] = []rules.Rule{{Peers: "pods", Policy: policy}, {Peers: "ranges"}, {Endpoints: "ports"}}
		address = address.Next()
		ruleset.Add(rules.Ingress, rules.Verdicts, rules.Element{Address: address, Chain: name})
	}
	var writer Writer
	if _, err := writer.Write(ruleset); err != nil {
		test.Fatal(err)
	}
	if _, err := writer.Write(rules.New()); err != nil {
		test.Fatal(err)
	}
	if kept(test) {
		test.Error("something is left in the kernel")
	}
}
