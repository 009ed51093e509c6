// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"slices"

	"rogatory"
	"rogatory/docket"
)

// entering is a form that ends in one entry of the journal: it asks, shows what will be written, and then writes it.
type entering struct {
	Title, Lead string
	Request     rogatory.RequestID // that it is about; empty if there is none yet
	About       string             // the title of what it is about
	Action      string             // where it is sent; also where its page is
	Leave       string             // where the person goes who leaves it
	Do          string             // the words on the button
	Entry       rogatory.EntryType // what is written
	Fields      []field
	Hidden      []option   // what the form carries along
	Will        []willView // what else the entry will hold
	Notes       []string   // what is true after it, a sentence each
	Grave       bool       // a passkey is asked for
	AdviceOn    string     // the fault on which Advice, an address and its words, leads on
	Advice      option

	checked bool
	fault   *rogatory.Error
}

// entries adds the pages of a form that ends in one entry.
func (s *server) entries(mux *http.ServeMux, path string, form func(*server, *visit) (entering, func() (string, error), error)) {
	s.page(mux, "GET "+path, func(s *server, v *visit) error {
		e, _, err := form(s, v)
		if err != nil {
			return err
		}
		return s.enterPage(v, e)
	})
	s.page(mux, "POST "+path, func(s *server, v *visit) error {
		e, do, err := form(s, v)
		if err != nil {
			return err
		}
		return s.entered(v, e, do)
	})
}

// willView is a line of what will be written.
type willView struct {
	Label, Value string
	Code         bool // a reference or a digest: from left to right in every language
}

func (e entering) wrong() bool { return anyWrong(e.Fields) }

// enterPage shows the form as nobody has filled it in yet.
func (s *server) enterPage(v *visit, e entering) error {
	for i := range e.Fields {
		e.Fields[i].Wrong = ""
		if len(e.Fields[i].Options) == 1 && e.Fields[i].Needed && e.Fields[i].Value == "" {
			e.Fields[i].Value = e.Fields[i].Options[0].Value
		}
	}
	e.checked = len(e.Fields) == 0
	return s.showEntering(v, http.StatusOK, e)
}

func (s *server) showEntering(v *visit, status int, e entering) error {
	return v.show(status, enterScreen(v.frame(e.Title, "inbox"), e))
}

// entered takes a form that was sent: what is to be mended stands beside its field, what can be written is shown once
// more, and what was confirmed is done. What was typed is never lost.
func (s *server) entered(v *visit, e entering, do func() (to string, err error)) error {
	need(v, e.Fields)
	switch step := v.r.PostForm.Get("step"); {
	case e.wrong():
		return s.showEntering(v, http.StatusUnprocessableEntity, e)
	case step == "edit":
		return s.showEntering(v, http.StatusOK, e)
	case step != "do":
		e.checked = true
		return s.showEntering(v, http.StatusOK, e)
	}
	if e.Grave {
		if ok, err := v.fresh(); err != nil || !ok {
			return err
		}
	}
	to, err := do()
	if err != nil {
		if e.fault = faultOf(err); e.fault == nil || e.fault.Kind == rogatory.Internal {
			return err
		}
		e.checked = len(e.Fields) == 0
		return s.showEntering(v, statusOf(err), e)
	}
	return v.to(to)
}

// need marks the fields that say nothing and have to, and those whose choice is none of theirs.
func need(v *visit, fields []field) {
	for i := range fields {
		f := &fields[i]
		chosen := func(value string) bool {
			return slices.ContainsFunc(f.Options, func(o option) bool { return o.Value == value })
		}
		switch {
		case f.Wrong != "":
		case f.Value == "" && f.Needed:
			f.Wrong = v.loc.T("wrong.missing", "label", f.Label)
		case f.Value == "":
		case (f.Form == "radio" || f.Form == "select") && !chosen(f.Value), f.Form == "check" && slices.ContainsFunc(lines(f.Value), func(l string) bool { return !chosen(l) }):
			f.Wrong = v.loc.T("wrong.choice")
		}
	}
}

// form reads what was typed, once.
func (v *visit) form() (map[string]string, error) {
	if err := v.r.ParseForm(); err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	return typed(v.r), nil
}

// fileForm reads the request of the path, and what was typed.
func (v *visit) fileForm() (docket.File, map[string]string, error) {
	f, err := v.file()
	if err != nil {
		return f, nil, err
	}
	values, err := v.form()
	return f, values, err
}

// saidWill are the fields as the entry will hold them.
func saidWill(fields []field) (all []willView) {
	for _, f := range fields {
		value := f.Value
		var names []string
		for _, o := range f.Options {
			if chosen(f, o) {
				names = append(names, o.Label)
			}
		}
		if len(f.Options) > 0 {
			value = joinLines(names)
		}
		if value != "" {
			all = append(all, willView{Label: f.Label, Value: value})
		}
	}
	return all
}
