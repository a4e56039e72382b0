package main

import (
	_ "github.com/cert-manager/cert-manager/internal/apis/config/cainjector"
	_ "github.com/cert-manager/cert-manager/internal/apis/config/controller"
	_ "github.com/cert-manager/cert-manager/internal/webhook"
	_ "github.com/cert-manager/cert-manager/pkg/controller/cainjector"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificatesigningrequests/acme"
)

func main() {}
