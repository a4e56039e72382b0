module backstack.dev/composition-preview

go 1.26

require (
	golang.org/x/net v0.58.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
	golang.org/x/text v0.41.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260819154853-08b0e4226688 // indirect
)

require (
	backstack.dev/lib v0.0.0
	github.com/crossplane/crossplane/v2 v2.4.0
	google.golang.org/grpc v1.83.2
	google.golang.org/protobuf v1.36.12
)

replace backstack.dev/lib => ../../../../../lib
