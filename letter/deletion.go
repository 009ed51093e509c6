// SPDX-License-Identifier: Apache-2.0

package letter

import (
	"rogatory"
	"rogatory/language"
)

// Deletion is the certificate that a State deleted an exhibit at the end of its retention (Art 36(2)), as that State's
// message says it: what it was, by its digests, and the words that were signed.
func Deletion(f Facts, x rogatory.Exhibit, said Spoken, ls ...*language.Locale) Document {
	f.Message = said.facts(said.Message.Body.Language)
	from, to := f.Requesting, f.Requested
	if from.Party.Code != said.Message.From.State {
		from, to = to, from
	}
	return f.begin("deletion", from, to, ls, func(p *page) {
		l := p.l
		p.add(Paragraph{Text: l.T("letter.opening.deletion")})
		p.subject()
		p.add(Fields{{l.T("letter.exhibit"), []Text{code(string(x.ID))}}, {l.T("letter.description"), []Text{free(x.Title, "")}}, {l.T("letter.file"), []Text{code(x.FileName)}},
			{l.T("letter.size"), []Text{ours(l, l.N("clock.bytes", x.Seal.Size))}}, {"SHA-256", []Text{code(x.Seal.SHA256.String())}},
			{"SHA-512", []Text{code(x.Seal.SHA512.String()[:64] + "\n" + x.Seal.SHA512.String()[64:])}}})
		p.untranslated(f.Message.Language)
		p.add(Section{Label: l.T("letter.certified"), Texts: []Text{free(said.Message.Body.Text, f.Message.Language)}})
	})
}
