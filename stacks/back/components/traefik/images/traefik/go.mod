module backstack.dev/images/traefik

go 1.26.0

tool github.com/traefik/traefik/v3/cmd/traefik

require github.com/traefik/traefik/v3 v3.7.13

// A nested module of upstream's that no module proxy serves: two types of our own in its place.
replace github.com/traefik/traefik/dynamic/ext => ./ext

// Upstream's own replacements; a required module's are not looked at.
replace (
	github.com/abbot/go-http-auth => github.com/containous/go-http-auth v0.4.1-0.20260804094822-b975dcaa8c48
	github.com/gorilla/mux => github.com/containous/mux v0.0.0-20250523120546-41b6ec3aed59
)

// The old all-in-one module holds packages that newer, smaller modules hold too.
exclude github.com/tencentcloud/tencentcloud-sdk-go v3.0.83+incompatible
