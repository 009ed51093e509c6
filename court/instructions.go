// SPDX-License-Identifier: Apache-2.0

package court

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"rogatory"
)

// instructions writes VERIFY.txt for this very package. Lines that begin with four spaces are
// commands; they run as they stand, in order, in one POSIX shell within the package's folder. No
// name in a package needs quoting; see plainPath.
func instructions(x Index, certified []rogatory.ExhibitID) []byte {
	t := &text{}
	t.line("COURT PACKAGE of case " + string(x.Case))
	if x.Title != "" {
		t.line(strings.Join(strings.Fields(x.Title), " "))
	}
	t.line("")
	if x.Mode == rogatory.Exercise {
		t.line("*** EXERCISE. States, persons and evidence are invented. Not for use in any proceeding. ***", "")
	}
	t.line(
		fmt.Sprintf("Made by %s at %s (as that office states).", x.Exporter, moment(x.Made)),
		"",
		"This folder holds the messages between the States of this case as they crossed the border, the",
		"receipts for them, the evidence as plain files, and what is needed to check all of it without a",
		"network and without the software that made it.",
		"",
		"  manifest.asice  the signed and time-stamped list of every file but itself, SHA256SUMS and SHA512SUMS",
		"  messages/       each message, signed by its sender, and its receipt, signed by its receiver",
		"  exhibits/       the evidence",
	)
	if len(certified) > 0 {
		t.line("  custody/        a certificate of custody of each exhibit, to read and to print (PDF, both States' languages)")
	}
	t.line(
		"  proofs/         entries of the exporter's journal (C2SP tlog-proof); cosigned, stamped checkpoints",
		"  certificates/   the certification authorities of the States, and those of the time-stamps",
		"  directory/      the signed directory of States (The Update Framework), which names them",
		"",
		"HOW TO CHECK IT",
		"",
		"One program checks everything and says in words what it proved and what it did not:",
		"  rogatory-verify . --root ROOT",
		"where ROOT is the directory's root as you got it from somebody you trust, not from this folder.",
		"",
		"The commands below check the same with tools made by others: sha256sum, unzip, openssl (3.0 or",
		"later), grep. Open a shell in this folder and type the indented lines in order. Each must succeed:",
		"sha256sum says OK for every file, openssl says \"CAdES Verification successful\" or \"Verification:",
		"OK\", and grep -c prints how often it found a digest: 0 is a failure. To type them all at once and",
		"stop at the first that fails:  sed -n 's/^    //p' VERIFY.txt | sh -e && echo ALL SUCCEEDED",
		"",
		"openssl checks certificates as of today. So that this works years later, each command says as of",
		"when, in seconds since 1970 (-attime): the time that the document states. With -no_check_time",
		"instead, openssl does not look at dates at all.",
		"",
		"sha256sum can be slow on very large files; \"openssl dgst -sha256 FILE\" gives the same digest.",
		"",
		"1. No file was damaged. Both lists cover every file but the lists themselves.",
		"")
	t.command("sha256sum --check --strict "+shortSumsFile, "sha512sum --check --strict "+longSumsFile)
	t.line("", "2. A folder for what gets unpacked, outside of this one.", "")
	t.command(`T=$(mktemp -d)`)

	t.line("", fmt.Sprintf("3. The list was signed by %s and stamped, and every file is as it says.", x.Exporter), "")
	t.container(manifestFile, x.Exporter.State, x.Made, indexFile, custodyFile, signedSumsFile)
	t.stamp(`"$T/manifest/META-INF/ASiCManifest002.xml"`, `"$T/manifest/META-INF/timestamp002.tst"`, x.Made)
	t.command(`openssl ts -reply -token_in -in "$T/manifest/META-INF/timestamp002.tst" -token_out -text | grep "Time stamp"`)
	for _, name := range []string{indexFile, custodyFile, signedSumsFile} {
		t.inManifest("manifest", name, 2)
	}
	t.command(`sha256sum --check --strict "$T/manifest/` + signedSumsFile + `"`)
	t.line("",
		"Then read them: index.json lists the messages, the exhibits with their use limits, and all files;",
		"custody.json tells who did what, when and why.",
		"",
		"4. Each message was signed by its sender, each receipt by its receiver.",
		"")
	for _, m := range x.Messages {
		t.line(fmt.Sprintf("%s, number %d from %s to %s, stated to be sent at %s:", m.Act, m.Sequence, m.From, m.To, moment(m.Sent)), "")
		t.container(m.File, m.From.State, m.Sent, "message.json")
		if m.Receipt != "" {
			t.container(m.Receipt, m.To.State, m.Received, "receipt.json")
			t.command(digestWithin(fmt.Sprintf(`"$T/%s/META-INF/signature001.p7s"`, stem(m.File)), fmt.Sprintf(`"$T/%s/receipt.json"`, stem(m.Receipt))))
		} else {
			t.line("  (no receipt for it is in this package)")
		}
		t.line("")
	}
	t.line(
		"A receipt names the message by the SHA-256 digest of its signature file; the last command of each",
		"pair looks for it. META-INF/journal.tlog-proof in each container shows that the message is an entry",
		"of the sender's, or the receiver's, journal; any C2SP tlog-proof verifier checks it with the key",
		"journal_key of that State's party.json in directory/.",
		"")
	t.line("5. Each exhibit is what the offering State described in its signed message.", "")
	for _, e := range x.Exhibits {
		t.line(fmt.Sprintf("%s, %s:", e.File, e.Exhibit.ID), "")
		offered := false
		for _, m := range x.Messages {
			if m.Act == rogatory.Offer && m.Exhibit == e.Exhibit.ID {
				offered = true
				t.command(digestWithin(e.File, fmt.Sprintf(`"$T/%s/message.json"`, stem(m.File))))
			}
		}
		if !offered {
			t.line("  (no message of this package offers it; its digest is in the exporter's signed list)")
			t.command(digestWithin(e.File, `"$T/manifest/`+indexFile+`"`))
		}
		if slices.Contains(certified, e.Exhibit.ID) {
			t.line(fmt.Sprintf("  (%s tells in words who held it, when and why; what it says of the exporter's", certificateFile(e.Exhibit.ID)),
				"  journal is proved in proofs/, and its own digests are in the signed list)")
		}
		t.line("")
	}
	if len(x.Exhibits) == 0 {
		t.line("This package has no exhibits.", "")
	}
	t.line("6. The checkpoints of the journals existed when the time-stamp authority says.", "")
	stamped := 0
	for _, c := range x.Checkpoints {
		if c.Stamp == "" {
			continue
		}
		stamped++
		t.stamp(c.Body, c.Stamp, c.Stamped)
		t.command(fmt.Sprintf("head -n 3 %s | cmp - %s", c.File, c.Body))
	}
	if stamped == 0 {
		t.line("This package has no stamped checkpoints.")
	}
	t.line("", "7. Whose certificates these are. Compare with what the States publish:", "")
	for _, code := range x.concerned() {
		t.command("openssl x509 -in certificates/" + string(code) + ".pem -noout -subject -fingerprint -sha256")
	}
	t.command("openssl x509 -in " + stampCertificates + " -noout -subject -fingerprint -sha256")
	t.line("",
		"WHAT THESE COMMANDS DO NOT SHOW",
		"",
		"That the certificates belong to the States: compare them by a way you trust. That a key was not",
		"stolen or withdrawn before it was used. That the offices' own clocks were right: only the",
		"time-stamps are by somebody else. That nothing was left out of the package. That what a piece of",
		"evidence says is true. The use limits of each exhibit (index.json) bind whoever holds it.")
	return []byte(t.b.String())
}

type text struct{ b strings.Builder }

func (t *text) line(lines ...string) {
	for _, l := range lines {
		t.b.WriteString(l + "\n")
	}
}

func (t *text) command(commands ...string) {
	for _, c := range commands {
		t.line("    " + c)
	}
}

func stem(file string) string { return strings.TrimSuffix(path.Base(file), ".asice") }

// container says how to check the signature of a container and the digests of its files.
func (t *text) container(file string, signer rogatory.StateCode, at rogatory.Instant, files ...string) {
	at0 := at.Time().Unix()
	t.command(
		fmt.Sprintf(`unzip -q %s -d "$T/%s"`, file, stem(file)),
		fmt.Sprintf(`openssl cms -verify -cades -binary -inform DER -in "$T/%[1]s/META-INF/signature001.p7s" -content "$T/%[1]s/META-INF/ASiCManifest001.xml" -CAfile certificates/%[2]s.pem -attime %[3]d -out /dev/null`, stem(file), signer, at0))
	for _, f := range files {
		t.inManifest(stem(file), f, 1)
	}
}

// digestWithin looks for the digest of one file in another. The digest is a pattern read from a pipe
// (-f -): should openssl fail, there is no pattern, and grep finds nothing, where an empty argument
// would be found everywhere.
func digestWithin(file, within string) string {
	return fmt.Sprintf(`openssl dgst -sha256 -r %s | cut -c1-64 | grep -c -F -f - %s`, file, within)
}

// inManifest looks for a file's digest, in base64, in the manifest with that number.
func (t *text) inManifest(folder, file string, number int) {
	t.command(fmt.Sprintf(`openssl dgst -sha256 -binary "$T/%[1]s/%[2]s" | base64 | grep -c -F -f - "$T/%[1]s/META-INF/ASiCManifest%03[3]d.xml"`, folder, file, number))
}

func (t *text) stamp(data, token string, at rogatory.Instant) {
	t.command(fmt.Sprintf("openssl ts -verify -data %s -in %s -token_in -CAfile %s -attime %d", data, token, stampCertificates, at.Time().Unix()))
}
