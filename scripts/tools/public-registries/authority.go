package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// authority signs the certificate of every host: one that the world's clients are told to trust, and a second one,
// which they are not told of.
type authority struct {
	// The trusted authority, and all that the machine trusts.
	bundle string

	mutex            sync.Mutex
	trusted, unknown *signer
	made             map[key]*tls.Certificate
}

type key struct {
	name    string
	unknown bool
}

type signer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Where distributions keep what the machine trusts.
var bundles = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}

func newAuthority(folder string) (*authority, error) {
	trusted, err := newSigner("public registries, played")
	if err != nil {
		return nil, err
	}
	unknown, err := newSigner("nobody knows this authority")
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.certificate.Raw})
	for _, path := range bundles {
		if machine, err := os.ReadFile(path); err == nil {
			text = append(text, machine...)
			break
		}
	}
	bundle := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(bundle, text, 0o644); err != nil {
		return nil, err
	}
	return &authority{bundle: bundle, trusted: trusted, unknown: unknown, made: map[key]*tls.Certificate{}}, nil
}

func newSigner(name string) (*signer, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificateTemplate(name)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(raw)
	return &signer{certificate, private}, err
}

// certificate of a host, made when it is first asked for.
func (a *authority) certificate(name string, unknown bool) (*tls.Certificate, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if had := a.made[key{name, unknown}]; had != nil {
		return had, nil
	}
	by := a.trusted
	if unknown {
		by = a.unknown
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificateTemplate(name)
	template.DNSNames = []string{name}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	raw, err := x509.CreateCertificate(rand.Reader, template, by.certificate, private.Public(), by.key)
	if err != nil {
		return nil, err
	}
	made := &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: private}
	a.made[key{name, unknown}] = made
	return made, nil
}

func certificateTemplate(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // There is no randomness: nothing can go on.
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(30 * 24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}
