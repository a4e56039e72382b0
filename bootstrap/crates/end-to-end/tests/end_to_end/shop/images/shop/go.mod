module example.dev/shop

go 1.26
