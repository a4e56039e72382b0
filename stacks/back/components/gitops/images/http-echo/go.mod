// The sample program that keeps to the policies.
module backstack.dev/images/http-echo

go 1.26

require github.com/hashicorp/http-echo v1.0.0 // indirect

tool github.com/hashicorp/http-echo
