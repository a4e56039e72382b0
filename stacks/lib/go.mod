module backstack.dev/lib

go 1.26
