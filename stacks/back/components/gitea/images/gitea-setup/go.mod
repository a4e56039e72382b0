module backstack.dev/gitea-setup

go 1.26

require backstack.dev/lib v0.0.0

replace backstack.dev/lib => ../../../../../lib
