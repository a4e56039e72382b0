module backstack.dev/gitops

go 1.26

require backstack.dev/lib v0.0.0

require gopkg.in/yaml.v3 v3.0.1

replace backstack.dev/lib => ../../../../../lib
