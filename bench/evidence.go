// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"rogatory"
	"rogatory/clock"
	"rogatory/keyring"
	"rogatory/vault"
	"rogatory/vault/disk"
	"rogatory/wire"
)

// The folders and files of the evidence, below the run's own folder.
const (
	plainFile  = "evidence"      // the evidence itself
	ourVault   = "vault"         // of the sealing State
	theirVault = "vault-there"   // of the receiving State
	stockFile  = "evidence.age"  // what stock age makes
	keyFile    = "evidence.key"  // the secret key that both ways open with
	openedFile = "evidence.open" // what is opened
)

// ageVersion is of the stock program, and is that of the library we use.
const ageVersion = "v1.3.2"

// tools are the stock programs that we are held against.
type tools struct{ age, key string }

// run runs a stock program; what it prints is of no interest unless it fails.
func (b *bench) run(name string, args ...string) error {
	if out, err := exec.CommandContext(b.ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// evidence measures sealing, the way to another State and opening, each against stock tools.
func (b *bench) evidence() ([]figure, error) {
	stock := tools{age: b.path("age"), key: b.path(keyFile)}
	install := exec.CommandContext(b.ctx, "go", "install", "filippo.io/age/cmd/age@"+ageVersion)
	install.Env = append(os.Environ(), "GOBIN="+b.dir, "CGO_ENABLED=0")
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the stock age: %w: %s", err, out)
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		return nil, fmt.Errorf("the stock openssl is needed: %w", err)
	}
	identity, err := vault.GenerateIdentity()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(stock.key, []byte(identity.String()+"\n"), 0o600); err != nil {
		return nil, err
	}
	f, err := os.Create(b.path(plainFile))
	if err != nil {
		return nil, err
	}
	// Written just now, the evidence is in the page cache for both ways.
	_, err = io.Copy(f, io.LimitReader(mathrand.NewChaCha8([32]byte{1}), b.size))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("make evidence: %w", err)
	}
	sealing, seal, err := b.sealing(stock, identity)
	if err != nil {
		return nil, err
	}
	figures := []figure{sealing}
	transfer, err := b.transfer(seal)
	if err != nil {
		return figures, err
	}
	figures = append(figures, transfer...)
	opening, err := b.opening(stock, seal, identity)
	if err != nil {
		return figures, err
	}
	return append(figures, opening), nil
}

func openVault(folder string) (*vault.Vault, func() error, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, nil, err
	}
	d, err := disk.Open(folder)
	if err != nil {
		return nil, nil, err
	}
	v, err := vault.Open(d)
	return v, d.Close, err
}

func (b *bench) sealing(stock tools, identity *age.HybridIdentity) (_ figure, seal rogatory.Seal, err error) {
	plain, recipient := b.path(plainFile), identity.Recipient()
	ours := func() (float64, error) {
		if err := os.RemoveAll(b.path(ourVault)); err != nil {
			return 0, err
		}
		v, done, err := openVault(b.path(ourVault))
		if err != nil {
			return 0, err
		}
		defer done()
		return b.took(func() error {
			f, err := os.Open(plain)
			if err != nil {
				return err
			}
			defer f.Close()
			seal, err = v.Deposit(b.ctx, f, []age.Recipient{recipient}, nil)
			return err
		})
	}
	theirs := func() (float64, error) {
		if err := os.RemoveAll(b.path(stockFile)); err != nil {
			return 0, err
		}
		return b.took(func() error {
			return errors.Join(b.run("openssl", "dgst", "-sha256", plain), b.run("openssl", "dgst", "-sha512", plain),
				b.run(stock.age, "-r", recipient.String(), "-o", b.path(stockFile), plain))
		})
	}
	times, err := b.versus(ours, theirs)
	if err != nil {
		return figure{}, seal, err
	}
	return atMost("seal, of the stock tools' time", ratio(times[0], times[1]), "ratio", 0.65,
		b.compared("one synced pass with the segment tree", times[0], "openssl sha256, sha512 and age one after another, unsynced", times[1])), seal, nil
}

// compared puts two ways into words.
func (b *bench) compared(our string, us []float64, their string, them []float64) string {
	mib := float64(b.size) / (1 << 20)
	return fmt.Sprintf("%.0f MiB, median of %d: %.2f s (%.0f MiB/s) %s; %.2f s %s", mib, b.rounds, median(us), mib/median(us), our, median(them), their)
}

func (b *bench) opening(stock tools, seal rogatory.Seal, identity *age.HybridIdentity) (figure, error) {
	v, done, err := openVault(b.path(ourVault))
	if err != nil {
		return figure{}, err
	}
	defer done()
	desk, err := disk.Open(b.dir)
	if err != nil {
		return figure{}, err
	}
	defer desk.Close()
	opened := b.path(openedFile)
	ours := func() (float64, error) {
		defer os.Remove(opened)
		return b.took(func() error {
			return v.Extract(b.ctx, seal, []age.Identity{identity}, desk, openedFile, nil)
		})
	}
	theirs := func() (float64, error) {
		defer os.Remove(opened)
		return b.took(func() error {
			return errors.Join(b.run(stock.age, "-d", "-i", stock.key, "-o", opened, b.path(stockFile)),
				b.run("openssl", "dgst", "-sha256", opened), b.run("openssl", "dgst", "-sha512", opened))
		})
	}
	times, err := b.versus(ours, theirs)
	if err != nil {
		return figure{}, err
	}
	return atMost("open, of the stock tools' time", ratio(times[0], times[1]), "ratio", 0.7,
		b.compared("every segment and both digests checked, synced", times[0], "age -d and openssl dgst twice, unsynced", times[1])), nil
}

// passage is what the processes of a transfer are told.
type passage struct {
	Folder string // of the vault, or of what is downloaded
	File   string // to be downloaded plainly
	Keys   string // folder of the State's keys
	Party  rogatory.Party
	Seal   rogatory.Seal
}

// passed is how a transfer went.
type passed struct{ Seconds, Peak float64 }

// transfer brings the sealed evidence from one process to another over loopback TLS.
func (b *bench) transfer(seal rogatory.Seal) (_ []figure, err error) {
	parties := map[rogatory.StateCode]*keyring.Keyring{}
	for _, code := range []rogatory.StateCode{"XA", "XB"} {
		parties[code], err = keyring.Create(b.path("keys-"+string(code)), keyring.Config{State: code, StateName: string(code), Authority: "justice",
			Hosts: []string{"127.0.0.1"}, Now: b.clock.Now(), Rand: rand.Reader})
		if err != nil {
			return nil, err
		}
	}
	sealed := filepath.Join(b.path(ourVault), "objects", seal.Root.String()[:2], seal.Root.String()+".age")
	var endpoint string
	there, err := b.serve("door", passage{Folder: b.path(ourVault), File: sealed, Keys: b.path("keys-XB"), Seal: seal,
		Party: rogatory.Party{Code: "XA", Certificates: []string{parties["XA"].AuthorityPEM()}}}, &endpoint)
	if err != nil {
		return nil, err
	}
	defer there.end()
	party := rogatory.Party{Code: "XB", Endpoint: endpoint, Certificates: []string{parties["XB"].AuthorityPEM()}}
	peak := 0.0
	fetch := func(part, folder string) func() (float64, error) {
		return func() (float64, error) {
			if err := os.RemoveAll(folder); err != nil {
				return 0, err
			}
			defer os.RemoveAll(folder)
			settle()
			var p passed
			err := b.ask(part, passage{Folder: folder, Keys: b.path("keys-XA"), Party: party, Seal: seal}, &p)
			if part == "pull" {
				peak = max(peak, p.Peak)
			}
			return p.Seconds, err
		}
	}
	times, err := b.versus(fetch("pull", b.path(theirVault)), fetch("plain", b.path("download")))
	if err != nil {
		return nil, err
	}
	us, them := times[0], times[1]
	door, err := resident(there.cmd.Process.Pid, "VmHWM")
	if err != nil {
		return nil, err
	}
	return []figure{
		atLeast("transfer, of a plain download's throughput", ratio(them, us), "ratio", 0.7,
			b.compared("into the vault, each segment verified, synced", us, "plain HTTPS download by the same TLS, synced", them)),
		atMost("transfer, peak memory of either process", max(peak, door), "MiB", 128, fmt.Sprintf("receiver %.0f MiB, sender %.0f MiB", peak, door)),
	}, nil
}

// offered is an office that has one exhibit on offer.
type offered struct{ seal rogatory.Seal }

func (offered) Receive(context.Context, rogatory.StateCode, []byte) ([]byte, error) {
	return nil, errors.New("no messages here")
}

func (o offered) Outgoing(_ context.Context, _ rogatory.StateCode, root rogatory.Digest) (rogatory.Seal, error) {
	if root != o.seal.Root {
		return rogatory.Seal{}, rogatory.Fault(rogatory.NotFound, "exhibit_unknown", "exhibit %s is not on offer", root.Short())
	}
	return o.seal, nil
}

func (offered) Incoming(context.Context, rogatory.StateCode, rogatory.Digest) (rogatory.Seal, error) {
	return rogatory.Seal{}, errors.New("nothing is brought here")
}

func (offered) Arrived(context.Context, rogatory.StateCode, rogatory.Digest) error { return nil }

func certificateOf(folder string) (func() (*tls.Certificate, error), error) {
	keys, err := keyring.Load(folder)
	if err != nil {
		return nil, err
	}
	certificate := keys.TLS()
	return func() (*tls.Certificate, error) { return &certificate, nil }, nil
}

// playDoor is the sending State: its federation door, and beside it a plain file server.
func playDoor(in *json.Decoder, out *json.Encoder) error {
	var p passage
	if err := in.Decode(&p); err != nil {
		return err
	}
	v, done, err := openVault(p.Folder)
	if err != nil {
		return err
	}
	defer done()
	certificate, err := certificateOf(p.Keys)
	if err != nil {
		return err
	}
	door, err := wire.New(wire.ServerConfig{Inbox: offered{p.Seal}, Vault: v, Clock: clock.Real{},
		Peer: func([]*x509.Certificate) (rogatory.StateCode, error) { return p.Party.Code, nil }})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/federation/", door)
	mux.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, p.File) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := wire.NewHTTPServer(mux, wire.ServerTLS(certificate))
	go func() {
		untilInputEnds(in)
		s.Close()
	}()
	if err := out.Encode("https://" + l.Addr().String()); err != nil {
		return err
	}
	if err := s.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// timed answers with how long f took in this process, and the most memory it had.
func timed(out *json.Encoder, f func() error) error {
	began := clock.Real{}.Now()
	if err := f(); err != nil {
		return err
	}
	p := passed{Seconds: clock.Real{}.Now().Sub(began).Seconds()}
	var err error
	if p.Peak, err = resident(os.Getpid(), "VmHWM"); err != nil {
		return err
	}
	return out.Encode(p)
}

// playPull is the receiving State.
func playPull(in *json.Decoder, out *json.Encoder) error {
	var p passage
	if err := in.Decode(&p); err != nil {
		return err
	}
	v, done, err := openVault(p.Folder)
	if err != nil {
		return err
	}
	defer done()
	certificate, err := certificateOf(p.Keys)
	if err != nil {
		return err
	}
	client, err := wire.NewClient(wire.ClientConfig{Certificate: certificate, Clock: clock.Real{}, Jitter: mathrand.Float64})
	if err != nil {
		return err
	}
	return timed(out, func() error {
		incoming, err := v.Expect(p.Seal)
		if err != nil {
			return err
		}
		if err := client.Pull(context.Background(), p.Party, incoming, nil); err != nil {
			return err
		}
		return incoming.Commit()
	})
}

// playPlain downloads the same file over the same kind of connection, as any program would.
func playPlain(in *json.Decoder, out *json.Encoder) error {
	var p passage
	if err := in.Decode(&p); err != nil {
		return err
	}
	certificate, err := certificateOf(p.Keys)
	if err != nil {
		return err
	}
	config, err := wire.ClientTLS(certificate, p.Party)
	if err != nil {
		return err
	}
	client := http.Client{Transport: wire.NewTransport(config)}
	return timed(out, func() error {
		res, err := client.Get(p.Party.Endpoint + "/plain")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		f, err := os.Create(p.Folder)
		if err != nil {
			return err
		}
		defer f.Close()
		if n, err := io.Copy(f, res.Body); err != nil || n != p.Seal.SealedSize {
			return fmt.Errorf("download: %d of %d bytes: %w", n, p.Seal.SealedSize, err)
		}
		return f.Sync()
	})
}
