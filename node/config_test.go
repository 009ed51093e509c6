// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/node"
)

func aurelia() node.Config {
	return node.Config{Mode: rogatory.Exercise, State: "XA", StateName: "Aurelia", Authority: "justice", AuthorityName: "Central Authority of Aurelia",
		Roles: []rogatory.Role{rogatory.CentralAuthority}, Languages: []string{"en"}, FederationListen: "127.0.0.1:0", OfficeListen: "127.0.0.1:0",
		Endpoint: "https://127.0.0.1:8443", JournalURL: "http://127.0.0.1:8080/journal", Database: node.Database{Engine: "sqlite", Source: "node.db"}, Directory: node.Source{From: "nowhere"}}
}

func TestInitMakesANodeOnceAndOverwritesNothing(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "xa")
	if _, err := node.Init(ctx, dir, aurelia(), []string{"127.0.0.1"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "node.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := node.Init(ctx, dir, aurelia(), []string{"127.0.0.1"}, time.Now()); rogatory.CodeOf(err) != "folder_not_empty" {
		t.Errorf("the second init: %v, want folder_not_empty", err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "node.json")); err != nil || string(after) != string(before) {
		t.Errorf("the second init changed the configuration (%v)", err)
	}
	if _, err := node.Open(ctx, dir, node.Options{}); rogatory.CodeOf(err) != "directory_root_missing" {
		t.Errorf("a node without a trusted directory opens: %v", err)
	}
	if _, err := node.Open(ctx, filepath.Join(dir, "nothing"), node.Options{}); rogatory.CodeOf(err) != "node_missing" {
		t.Errorf("a folder without a node: %v, want node_missing", err)
	}
}

func TestConfigurationSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*node.Config)
		words string
	}{
		{"a real State in an exercise", func(c *node.Config) { c.State = "FR" }, "exercise nodes are for the States XA to XZ"},
		{"an exercise State live", func(c *node.Config) { c.Mode = rogatory.Live }, "exercise nodes are for the States XA to XZ"},
		{"no languages", func(c *node.Config) { c.Languages = nil }, "roles and languages"},
		{"a door without TLS", func(c *node.Config) { c.Endpoint = "http://example.org" }, "endpoint must be an https URL"},
		{"screens without TLS", func(c *node.Config) { c.Origin = "http://office.example" }, "origin must be https"},
		{"screens under a path", func(c *node.Config) { c.Origin = "https://office.example/there" }, "origin must be https"},
		{"a sign-in without TLS", func(c *node.Config) {
			c.Origin, c.SignIn = "https://office.example", node.SignIn{Issuer: "http://login.example", ClientID: "x", SecretFile: "secrets/x"}
		}, "sign_in.issuer must be an https URL"},
		{"a sign-in without a name for the office", func(c *node.Config) {
			c.SignIn = node.SignIn{Issuer: "https://login.example", ClientID: "x", SecretFile: "secrets/x"}
		}, "sign_in needs"},
		{"an unknown engine", func(c *node.Config) { c.Database.Engine = "oracle" }, "sqlite or postgres"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := aurelia()
			c.spoil(&config)
			dir := filepath.Join(t.TempDir(), "xa")
			_, err := node.Init(context.Background(), dir, config, []string{"127.0.0.1"}, time.Now())
			if rogatory.CodeOf(err) != "config_invalid" || !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %v, want config_invalid with %q", err, c.words)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Error("a refused init left something behind")
			}
		})
	}
}

func TestUnknownSettingIsAnError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "xa")
	if _, err := node.Init(context.Background(), dir, aurelia(), []string{"127.0.0.1"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "node.json")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	spoiled := strings.Replace(string(text), `"mode"`, `"moode": "x", "mode"`, 1)
	if err := os.WriteFile(name, []byte(spoiled), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := node.LoadConfig(dir); rogatory.CodeOf(err) != "config_invalid" || !strings.Contains(err.Error(), `node.json:2: unknown member "moode"`) {
		t.Errorf("got %v, want config_invalid naming moode and its line", err)
	}
}

func TestPeopleHaveTokensThatOnlyTheyKnow(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "xa")
	if _, err := node.Init(context.Background(), dir, aurelia(), []string{"127.0.0.1"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	token, err := node.AddPerson(dir, "A. Okafor", rogatory.DutyOfficer)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := os.ReadFile(filepath.Join(dir, "people.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(stored), token) {
		t.Error("people.json holds the token itself")
	}
	for name, want := range map[string]string{"A. Okafor": "person_exists", "../escape": "name_invalid", "": "name_invalid"} {
		if _, err := node.AddPerson(dir, name, rogatory.DutyOfficer); rogatory.CodeOf(err) != want {
			t.Errorf("person %q: %v, want %s", name, err, want)
		}
	}
	if _, err := node.AddPerson(dir, "B", "emperor"); rogatory.CodeOf(err) != "role_unknown" {
		t.Errorf("an unknown role: %v", err)
	}
}
