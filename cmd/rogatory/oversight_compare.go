// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"rogatory"
	"rogatory/oversight"
)

type oversightListCmd struct {
	Folder string `arg:"" help:"Folder of what was pulled." type:"existingdir"`
	File   string `arg:"" help:"New file for the list." type:"path"`
	Peer   string `help:"The other State." required:"" placeholder:"XX"`
	Salt   string `help:"The salt that both bodies use." required:"" placeholder:"HEX"`
	Key    string `help:"File of the body's key." required:"" type:"path" placeholder:"FILE"`
}

// Run writes a list.
func (c *oversightListCmd) Run(d *desk) error {
	salt, err := readSalt(c.Salt)
	if err != nil {
		return err
	}
	k, f, h, err := held(d, c.Folder, c.Key)
	if err != nil {
		return err
	}
	at, signed, err := f.against(h, k.State)
	if err != nil {
		return err
	}
	l, err := h.Blinded(rogatory.StateCode(c.Peer), salt, at, signed)
	if err != nil {
		return err
	}
	text, err := k.SignList(l)
	if err != nil {
		return err
	}
	if err := writeNew(c.File, text, 0o600); err != nil {
		return err
	}
	return d.give(map[string]any{"file": c.File, "messages": len(l.Rows)}, func(w io.Writer) { fmt.Fprintf(w, "%s\t%d messages\n", c.File, len(l.Rows)) })
}

type oversightCompareCmd struct {
	A      string `arg:"" help:"List of one State." type:"existingfile"`
	B      string `arg:"" help:"List of the other." type:"existingfile"`
	Folder string `help:"Folder of what was pulled: the body that writes the proof." required:"" type:"existingdir" placeholder:"FOLDER"`
	Key    string `help:"File of the body's key." required:"" type:"path" placeholder:"FILE"`
	Salt   string `help:"The salt that both bodies use." required:"" placeholder:"HEX"`
	Fresh  int64  `help:"How many of the last numbers of each sender may still be on their way." default:"0"`
	Proofs string `help:"Folder for the proofs, which must be there." type:"existingdir" placeholder:"FOLDER"`
}

func readList(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil || info.Size() > oversight.MaxList {
		return nil, rogatory.Fault(rogatory.Invalid, "file_too_large", "%s cannot be read, or has more than %d bytes", name, oversight.MaxList)
	}
	return os.ReadFile(name)
}

// Run compares. A difference is an error, so that a timetable notices.
func (c *oversightCompareCmd) Run(d *desk) error {
	salt, err := readSalt(c.Salt)
	if err != nil {
		return err
	}
	k, f, h, err := held(d, c.Folder, c.Key)
	if err != nil {
		return err
	}
	at, signed, err := f.against(h, k.State)
	if err != nil {
		return err
	}
	lists, texts := map[rogatory.StateCode]oversight.List{}, map[rogatory.StateCode][]byte{}
	var order []rogatory.StateCode
	for _, name := range []string{c.A, c.B} {
		text, err := readList(name)
		if err != nil {
			return err
		}
		l, err := f.list(text)
		if err != nil {
			return err
		}
		lists[l.State], texts[l.State] = l, text
		order = append(order, l.State)
	}
	found, err := oversight.Compare(lists[order[0]], lists[order[1]], c.Fresh)
	if err != nil {
		return err
	}
	for i, one := range found {
		if c.Proofs == "" || one.In != k.State {
			continue
		}
		other := one.From
		if other == k.State {
			other = one.To
		}
		p, err := h.Prove(one, salt, signed, at.Size, texts[other])
		if err != nil {
			return err
		}
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if err := writeNew(fmt.Sprintf("%s/%s-%d-%s-%d.json", c.Proofs, one.From, one.Sequence, one.What, i), text, 0o600); err != nil {
			return err
		}
	}
	err = d.give(append([]oversight.Finding{}, found...), func(w io.Writer) {
		for _, one := range found {
			fmt.Fprintf(w, "%s\tmessage %d of %s to %s\tentry %d of %s\n", one.What, one.Sequence, one.From, one.To, one.Index, one.In)
		}
		if len(found) == 0 {
			fmt.Fprintf(w, "%s and %s say the same of %d and %d messages\n", order[0], order[1], len(lists[order[0]].Rows), len(lists[order[1]].Rows))
		}
	})
	if err == nil && len(found) > 0 {
		err = rogatory.Fault(rogatory.Untrusted, "oversight_differs", "the journals of %s and %s differ in %d messages", order[0], order[1], len(found)).WithHint("each body writes the proof of what is in its own State's journal; rogatory oversight verify checks one")
	}
	return err
}

// list opens a list of a State that the folder knows.
func (f pulled) list(text []byte) (oversight.List, error) {
	names, err := os.ReadDir(f.dir + "/parties")
	if err != nil {
		return oversight.List{}, rogatory.Fault(rogatory.NotFound, "file_missing", "read the States: %w", err)
	}
	for _, n := range names {
		if len(n.Name()) != len("XX.json") {
			continue
		}
		p, err := f.party(rogatory.StateCode(n.Name()[:2]))
		if err != nil {
			return oversight.List{}, err
		}
		l, err := oversight.OpenList(text, p)
		if rogatory.CodeOf(err) == "oversight_unknown" {
			continue
		}
		return l, err
	}
	return oversight.List{}, rogatory.Fault(rogatory.Untrusted, "oversight_unknown", "no oversight body of the directory signed this list")
}

type oversightVerifyCmd struct {
	Proof     string `arg:"" help:"File of the proof." type:"existingfile"`
	Directory string `help:"The published directory of States: its address, or a folder that has it." required:"" placeholder:"PLACE"`
	Root      string `help:"File with the trusted root of the directory." required:"" type:"existingfile" placeholder:"FILE"`
}

// Run verifies a proof with nothing but the directory.
func (c *oversightVerifyCmd) Run(d *desk) error {
	b, err := verifiedBook(d, c.Directory, c.Root)
	if err != nil {
		return err
	}
	text, err := readList(c.Proof)
	if err != nil {
		return err
	}
	p, err := oversight.ParseProof(text)
	if err != nil {
		return err
	}
	f := p.Finding
	other := f.From
	if other == f.In {
		other = f.To
	}
	has, err := b.Party(f.In)
	if err != nil {
		return err
	}
	lacks, err := b.Party(other)
	if err != nil {
		return err
	}
	receipted, err := p.Verify(has, lacks)
	if err != nil {
		return err
	}
	result := struct {
		oversight.Finding
		Receipted bool `json:"receipted"`
	}{f, receipted}
	return d.give(result, func(w io.Writer) {
		fmt.Fprintf(w, "It holds: message %d of %s to %s is entry %d of the journal of %s; the journal of %s, by the list that its oversight body signed, has it %s.\n",
			f.Sequence, f.From, f.To, f.Index, f.In, other, map[bool]string{true: "with other content", false: "not"}[f.What == oversight.Altered])
		if receipted {
			fmt.Fprintf(w, "%s acknowledged this very message with a signed receipt.\n", other)
		}
	})
}
