// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"

	"rogatory"
)

// A court verifies, years later and offline, what the directory said on the day of a message.
func TestCourt(t *testing.T) {
	s := begin(t)
	s.must(s.repo.RotateRoot(Terms{RootKeys: public("h1", "h2", "h3", "h6", "h7")}))
	s.sign("root", "h1", "h2", "h3")
	s.sign("targets", "h1", "h2", "h3")
	s.publish()
	c := s.client(FolderSource{s.repo.Published()})
	then := s.update(c)
	exhibit := filepath.Join(t.TempDir(), "chain")
	s.must(then.Export(exhibit))
	s.refused(then.Export(exhibit), rogatory.Conflict, "directory_export")

	// Since then the State has moved and changed its keys, and the operators theirs.
	moved := party("XA")
	moved.Endpoint = "https://new.xa.example/federation"
	s.clock.Advance(30 * day)
	s.must(s.repo.RotateState("XA", key("XA anchor"), key("XA second")))
	s.must(s.repo.SubmitParty(moved, key("XA second")))
	s.publish()
	s.update(c)
	s.clock.Advance(10 * 365 * day)

	book, err := VerifyChain(os.DirFS(exhibit), s.trustedRoot(), opening.Add(time.Hour))
	s.must(err)
	if p, _ := book.Party("XA"); p.Endpoint != party("XA").Endpoint || book.Hash() != then.Hash() || book.Version().Root != 2 {
		t.Fatalf("the court reads %s in book %s", p.Endpoint, book.Hash().Short())
	}
	_, err = VerifyChain(os.DirFS(exhibit), s.trustedRoot(), s.clock.Now())
	s.refused(err, rogatory.Stale, "directory_expired")

	// The hash of the book is what stock sha256sum says of the files.
	out, err := exec.Command("sh", "-c", `cd "$1" && find . -type f | sed 's,^\./,,' | LC_ALL=C sort | xargs sha256sum`, "sh", exhibit).Output()
	if err != nil {
		t.Fatalf("sha256sum is needed for this test: %v", err)
	}
	if rogatory.DigestOf(out) != then.Hash() {
		t.Fatalf("sha256sum lists\n%s", out)
	}

	// Change or drop any file of the exhibit, and nothing is proved.
	files := fstest.MapFS{}
	for name, data := range then.Files() {
		files[name] = &fstest.MapFile{Data: data}
	}
	for name := range then.Files() {
		if name == "1.root.json" {
			continue // the court has its own
		}
		kept := files[name]
		delete(files, name)
		if _, err := VerifyChain(files, s.trustedRoot(), opening.Add(time.Hour)); (err == nil) != (name == "2.root.json") {
			t.Errorf("without %s: %v", name, err) // signatures of the first holders suffice for what follows
		}
		changed := strings.Replace(string(kept.Data), "a", "b", 1)
		files[name] = &fstest.MapFile{Data: []byte(changed)}
		if _, err := VerifyChain(files, s.trustedRoot(), opening.Add(time.Hour)); rogatory.KindOf(err) != rogatory.Untrusted {
			t.Errorf("with another %s: %v", name, err)
		}
		files[name] = kept
	}
	_, err = VerifyChain(os.DirFS(exhibit), begin(t).trustedRoot()[:100], opening)
	s.refused(err, rogatory.Untrusted, "directory_tampered")
}

// A stock TUF client, which knows nothing of us, reads the directory from our door.
func TestStockClient(t *testing.T) {
	s := begin(t)
	server := httptest.NewServer(Handler(s.repo.Published()))
	defer server.Close()
	c, err := config.New(server.URL, s.trustedRoot())
	s.must(err)
	c.LocalMetadataDir, c.LocalTargetsDir = t.TempDir(), t.TempDir()
	u, err := updater.New(c)
	s.must(err)
	u.UnsafeSetRefTime(opening.Add(time.Hour))
	info, err := u.GetTargetInfo("XA/party.json")
	s.must(err)
	_, data, err := u.DownloadTarget(info, "", "")
	s.must(err)
	want, err := MarshalParty(party("XA"))
	s.must(err)
	if string(data) != string(want) {
		t.Fatalf("the stock client read %s", data)
	}
}

func TestOverHTTP(t *testing.T) {
	s := begin(t)
	server := httptest.NewServer(http.StripPrefix("/directory", Handler(s.repo.Published())))
	defer server.Close()
	s.must(os.WriteFile(filepath.Join(s.repo.Published(), "secret.txt"), []byte("secret"), 0o600))

	c := s.client(HTTPSource{URL: server.URL + "/directory/", HTTP: server.Client()})
	if b := s.update(c); len(b.Parties()) != 2 {
		t.Fatal(b.Parties())
	}
	source := HTTPSource{URL: server.URL + "/directory", HTTP: server.Client()}
	if b, err := VerifyPublished(t.Context(), source, s.trustedRoot(), s.clock.Now()); err != nil || b.Hash() != c.Book().Hash() {
		t.Fatalf("without a copy: %v", err)
	}
	_, err := VerifyPublished(t.Context(), source, s.trustedRoot(), s.clock.Now().Add(400*day))
	s.refused(err, rogatory.Stale, "directory_expired")
	for _, r := range []struct {
		method, path, cache string
		status              int
	}{
		{"GET", "/directory/timestamp.json", "no-store", 200},
		{"HEAD", "/directory/1.root.json", "public, max-age=31536000, immutable", 200},
		{"GET", "/directory/2.root.json", "no-store", 404}, // it may exist tomorrow
		{"GET", "/directory/secret.txt", "no-store", 404},
		{"GET", "/directory/", "no-store", 404},
		{"GET", "/directory/targets/XA/..%2f..%2fsecret.txt", "no-store", 404},
		{"GET", "/directory/..%2fpending%2froot.json", "no-store", 404},
		{"POST", "/directory/timestamp.json", "", 405},
		{"PUT", "/directory/timestamp.json", "", 405},
	} {
		request, err := http.NewRequest(r.method, server.URL+r.path, nil)
		s.must(err)
		answer, err := server.Client().Do(request)
		s.must(err)
		answer.Body.Close()
		if answer.StatusCode != r.status || answer.Header.Get("Cache-Control") != r.cache {
			t.Errorf("%s %s: %s, %q", r.method, r.path, answer.Status, answer.Header.Get("Cache-Control"))
		}
	}

	// A server in trouble is not the news that no newer root exists.
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".root.json") {
			http.Error(w, "", http.StatusBadGateway)
			return
		}
		Handler(s.repo.Published()).ServeHTTP(w, r)
	}))
	defer sick.Close()
	c.config.Source = HTTPSource{URL: sick.URL, HTTP: sick.Client()}
	_, err = c.Update(context.Background())
	s.refused(err, rogatory.Unavailable, "directory_unreachable")

	// Nor does an endless answer fill the memory.
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	c.config.Source = HTTPSource{URL: endless.URL, HTTP: endless.Client()}
	_, err = c.Update(context.Background())
	s.refused(err, rogatory.Untrusted, "directory_tampered")
}
