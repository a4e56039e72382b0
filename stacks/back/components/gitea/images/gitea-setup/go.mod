module backstack.dev/gitea-setup

go 1.26
