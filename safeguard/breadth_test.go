// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
)

var monday = rogatory.At(time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC))

func days(n int) rogatory.Term {
	return rogatory.Term{From: monday, To: monday.Add(time.Duration(n) * 24 * time.Hour)}
}

func many(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("user%d@mail.example", i))
	}
	return all
}

func TestAB01BroadRequests(t *testing.T) {
	v, set := TheVocabulary(), Convention()
	one := []string{"nightowl17@mail.example"}
	broad := map[string]Ask{}
	for i, id := range []string{
		"*@mail.example", "ada*@mail.example", "@mail.example", "%@mail.example", "*.example", "mail.example/*", "＊@mail.example",
		"10.0.0.0/8", "203.0.0.0/9", "0.0.0.0/0", "198.51.0.0/16", "2001:db8::/32", "::/0", "203.0.113.0 - 203.0.255.255", "198.51.100.0-198.51.104.255",
		"203.0.", "203.0.*.*", "203.x.x.x", "AS64500", "as 64501",
		".*@mail\\.example", "user[0-9]+@mail.example", "^a.*$", "\\d{9,}", "(?i)ada", "+44*", "+44", "0044 20", "+44 20 7946 xxxx",
	} {
		broad[fmt.Sprintf("identifier %d: %s", i, id)] = Ask{Identifiers: []string{id}, Period: days(3)}
	}
	for i, text := range []string{
		"all users of the service who were online in the week", "the data of every subscriber in the district", "anyone who opened the page",
		"a tower dump of the three masts around the square", "tous les abonnés de la commune", "todas las personas que visitaron el sitio",
		"данные всех пользователей канала", "所有用户的登记资料", "بيانات جميع المشتركين في المنطقة", "toàn bộ người dùng của diễn đàn", "ผู้ใช้ทั้งหมดของกลุ่ม",
		"the contacts of 10,000 accounts", "около 4 000 абонентов", "the log-ins of 250 subscribers", "about 1500 people",
	} {
		broad[fmt.Sprintf("text %d", i)] = Ask{Identifiers: one, Period: days(3), Text: text}
	}
	broad["nothing named"] = Ask{Period: days(3)}
	broad["blank lines"] = Ask{Identifiers: []string{" ", "\n"}, Period: days(3)}
	broad["ten thousand"] = Ask{Identifiers: many(10_000), Period: days(3)}
	broad["a hundred and one in one line"] = Ask{Identifiers: []string{strings.Join(many(101), ", ")}, Period: days(3)}
	broad["stated subjects"] = Ask{Identifiers: one, Period: days(3), Subjects: Number(5000)}
	broad["no period"] = Ask{Identifiers: one}
	broad["no end"] = Ask{Identifiers: one, Period: rogatory.Term{From: monday}}
	broad["no beginning"] = Ask{Identifiers: one, Period: rogatory.Term{To: monday}}
	broad["ten years"] = Ask{Identifiers: one, Period: days(3653)}
	broad["content of half a year"] = Ask{Identifiers: one, Period: days(180), Categories: []Category{Content}}
	broad["until further notice"] = Ask{Identifiers: one, Period: days(3), Text: "logs until further notice"}
	if len(broad) < 50 {
		t.Fatalf("%d broad requests", len(broad))
	}
	t.Logf("%d broad requests", len(broad))
	for name, ask := range broad {
		b := ask.Breadth(v)
		if b.Mass != Yes || len(b.Signals) == 0 {
			t.Errorf("%s is not flagged: %+v", name, b)
		}
		o := set.Judge(b.Into(calm(rogatory.Accept)))
		if !o.Held || o.Need.People < 3 || !slices.Contains(o.Decided(), "mass") {
			t.Errorf("%s: held %v, %d people, %v", name, o.Held, o.Need.People, o.Decided())
		}
	}
}

func TestAB01NarrowRequests(t *testing.T) {
	v := TheVocabulary()
	narrow := []Ask{
		{Identifiers: []string{"203.0.113.8"}, Period: days(3), Text: "web-server and SSH logs of this host"},
		{Identifiers: []string{"198.51.100.17 on 2026-11-02T03:11Z"}, Period: days(1)},
		{Identifiers: []string{"203.0.113.0/29"}, Period: days(3)},
		{Identifiers: []string{"203.0.113.0/24"}, Period: days(3)},
		{Identifiers: []string{"203.0.113.10-203.0.113.20"}, Period: days(3)},
		{Identifiers: []string{"2001:db8:1::/48"}, Period: days(3)},
		{Identifiers: []string{"2001:db8::1"}, Period: days(3)},
		{Identifiers: []string{"[2001:db8::1]:443"}, Period: days(3)},
		{Identifiers: []string{"nightowl17@mail.example"}, Period: days(30), Text: "all messages of this account"},
		{Identifiers: []string{"ada+shop@mail.example", "bob@mail.example"}, Period: days(90)},
		{Identifiers: []string{"https://share.example/u/881?id=3&name=a%20b"}, Period: days(3)},
		{Identifiers: []string{"+44 20 7946 0018"}, Period: days(14)},
		{Identifiers: []string{"@ada_example@social.example"}, Period: days(3)},
		{Identifiers: []string{"account XB10 0000 1234 at Bank of Borealia"}, Period: days(15)},
		{Identifiers: []string{"bc1qexampleexampleexample"}, Period: days(366)},
		{Identifiers: many(100), Period: days(3)},
		{Identifiers: []string{"customer number 88120"}, Period: days(3), Subjects: Number(1), Text: "the connections of the command server; it answers weekly"},
		{Identifiers: []string{"Cy Example, born 2 March 1991"}, Endless: true},
		{Identifiers: []string{"rack 4, server 7"}, Period: days(3), Text: "Un comptable a viré 12500 EUR; le titulaire du compte est demandé"},
		{Identifiers: []string{"nightowl17"}, Period: days(92), Categories: []Category{Content}, Text: "the messages of 2 November 2026, 3 people took part; in 2026 three people were heard"},
	}
	if len(narrow) != 20 {
		t.Fatalf("%d narrow requests", len(narrow))
	}
	for i, ask := range narrow {
		if b := ask.Breadth(v); b.Mass != No {
			t.Errorf("%d %.3q is flagged: %+v", i, ask.Identifiers, b)
		}
	}
}

// Twelve ways to write one person, of three kinds of identifier: each links with the first.
func TestAB02Aliases(t *testing.T) {
	var key Key
	for kind, aliases := range map[string][]string{
		"mail": {
			"Ada.Example@gmail.com", "ada.example@gmail.com", "ADAEXAMPLE@GMAIL.COM", "ada.example+shop@gmail.com", "a.d.a.example@googlemail.com",
			"mailto:ada.example@gmail.com", "Ada Example <ada.example@gmail.com>", "аda.example@gmail.com" /* Cyrillic а */, "ａｄａ.example@gmail.com",
			"ada.ex\u00adample@gm\u200bail.com", "ada.example [at] gmail[.]com", "adа.ехample@gmail.com.",
		},
		"telephone": {
			"+44 20 7946 0018", "+442079460018", "0044 20 7946 0018", "+44 (0)20 7946 0018", "tel:+44-20-7946-0018", "(+44) 20 7946 0018", "020 7946 0018",
			"(020) 7946-0018", "+44.20.7946.0018", "٠٠٤٤ ٢٠ ٧٩٤٦ ٠٠١٨", "＋４４ ２０ ７９４６ ００１８", "+44 20 7946\u20110018",
		},
		"address": {
			"198.51.100.7", "198.051.100.007", "::ffff:198.51.100.7", "198.51.100.7:443", "198[.]51[.]100[.]7", " 198.51.100.7 ", "[::ffff:198.51.100.7]:80",
			"0xC6336407", "１９８.５１.１００.７", "١٩٨.٥١.١٠٠.٧", "198.51.100.7\u200b", "::FFFF:C633:6407",
		},
		"handle": {
			"@Ada_Example", "@ada_example", "https://social.example/@Ada_Example", "http://www.social.example/ada_example/", "social.example/@ada_example?lang=en",
			"@ada_example@social.example", "@аda_example" /* Cyrillic а */, "hxxps://social[.]example/users/ada_example", "HTTPS://M.SOCIAL.EXAMPLE/ADA_EXAMPLE",
			"@ada_examp1e", "＠ａｄａ_ｅｘａｍｐｌｅ", "https://social.example/profile/ada_example#top",
		},
	} {
		if len(aliases) != 12 {
			t.Fatalf("%s: %d aliases", kind, len(aliases))
		}
		first := Marks(key, aliases[:1])
		for _, alias := range aliases {
			if !slices.ContainsFunc(Marks(key, []string{alias}), func(m [16]byte) bool { return slices.Contains(first, m) }) {
				t.Errorf("%s: %q is %v, and does not link with %v", kind, alias, Normalise(alias), Normalise(aliases[0]))
			}
		}
	}
	for _, pair := range [][2]string{
		{"ada@mail.example", "bob@mail.example"}, {"ada@mail.example", "ada@other.example"}, {"+44 20 7946 0018", "+44 20 7946 0019"},
		{"198.51.100.7", "198.51.100.8"}, {"@ada", "@adb"}, {"https://a.example/@x@", ""}, {"customer 88120", "customer 88121"},
	} {
		a, b := Marks(key, pair[:1]), Marks(key, pair[1:])
		if slices.ContainsFunc(a, func(m [16]byte) bool { return slices.Contains(b, m) }) {
			t.Errorf("%q links with %q", pair[0], pair[1])
		}
	}
}

func TestAB02TheIndexHoldsNoIdentifierAndNeedsItsKey(t *testing.T) {
	a, b := Index(Key{1}, "mail:ada@mail.example"), Index(Key{2}, "mail:ada@mail.example")
	if a == b || a == Index(Key{1}, "mail:bob@mail.example") || a != Index(Key{1}, "mail:ada@mail.example") {
		t.Error("the name does not depend on key and form alone")
	}
	if Normalise("") != nil || Normalise(" \u200b ") != nil {
		t.Error("nothing has a form")
	}
}

func TestAB02ARefusalIsShownAndCoolsOff(t *testing.T) {
	key := Key{7}
	old := Piece{Request: "a.1", Case: "a", State: "XA", At: monday, Marks: Marks(key, []string{"ada.example@gmail.com"}), Refused: monday.Add(48 * time.Hour)}
	next := Piece{Request: "b.1", Case: "b", State: "XA", Marks: Marks(key, []string{"AdaExample+x@googlemail.com"})}
	for _, row := range []struct {
		after   time.Duration // the refusal
		cooling bool
		linked  int
	}{
		{time.Hour, true, 1}, {CoolOff - time.Second, true, 1}, {CoolOff, false, 1}, {LinkWindow, false, 0},
	} {
		next.At = old.Refused.Add(row.after)
		l := Cumulative([]Piece{old}, next)
		if l.Cooling != row.cooling || len(l.Refused) != 1 || len(l.Requests) != row.linked {
			t.Errorf("%v after the refusal: %+v", row.after, l)
		}
		o := Convention().Judge(l.Into(calm(rogatory.Accept)))
		if !slices.Contains(o.Decided(), "refused_before") || slices.Contains(o.Decided(), "cooling") != row.cooling {
			t.Errorf("%v after the refusal: %v", row.after, o.Decided())
		}
	}
}

func TestAB03FivePieces(t *testing.T) {
	key := Key{7}
	provider := Index(key, "provider")
	pieces := map[string][]Piece{
		"of one case": {{Case: "c"}, {Case: "c"}, {Case: "c"}, {Case: "c"}, {Case: "c"}},
		"of one person": {
			{Marks: Marks(key, []string{"ada@mail.example"})}, {Marks: Marks(key, []string{"ADA+1@mail.example"})}, {Marks: Marks(key, []string{"a.d.a@mail.example"})},
			{Marks: Marks(key, []string{"ada+2@mail.example"})}, {Marks: Marks(key, []string{"mailto:ada@mail.example"})},
		},
		"by one officer at one provider":  {{Officer: "o", Custodian: provider}, {Officer: "o", Custodian: provider}, {Officer: "o", Custodian: provider}, {Officer: "o", Custodian: provider}, {Officer: "o", Custodian: provider}},
		"from one device under two names": {{Device: "d", Officer: "1", Custodian: provider}, {Device: "d", Officer: "2", Custodian: provider}, {Device: "d", Officer: "1", Custodian: provider}, {Device: "d", Officer: "2", Custodian: provider}, {Device: "d", Officer: "1", Custodian: provider}},
		"by case, then person, then desk": {
			{Case: "c", Officer: "o", Custodian: provider, Marks: Marks(key, []string{"ada@mail.example"})}, {Case: "c"}, {Case: "c", Marks: Marks(key, []string{"ada@mail.example"})},
			{Case: "c", Officer: "o", Custodian: provider}, {Case: "c"},
		},
	}
	for name, list := range pieces {
		var history []Piece
		for i, p := range list {
			p.Request, p.At = rogatory.RequestID(fmt.Sprintf("x.%d", i+1)), monday.Add(time.Duration(i)*6*time.Hour)
			if l := Cumulative(history, p); l.Cumulative != (i+1 >= 3) {
				t.Errorf("%s: at piece %d cumulative is %v: %v", name, i+1, l.Cumulative, l.Requests)
			}
			history = append(history, p)
		}
	}
	// An officer who asks three providers about three people has not split anything.
	var history []Piece
	for i := range 5 {
		p := Piece{Request: rogatory.RequestID(fmt.Sprintf("y.%d", i)), Case: rogatory.CaseID(fmt.Sprint(i)), Officer: "o", Device: "d", At: monday,
			Custodian: Index(key, fmt.Sprint(i)), Marks: Marks(key, []string{fmt.Sprintf("u%d@mail.example", i)})}
		if l := Cumulative(history, p); l.Cumulative || len(l.Requests) > 0 {
			t.Errorf("day's work is linked: %+v", l)
		}
		history = append(history, p)
	}
}

func TestCounts(t *testing.T) {
	for _, row := range []struct {
		json string
		want Count
	}{{"0", Number(0)}, {"7", Number(7)}, {"null", Count{}}} {
		var c Count
		if err := json.Unmarshal([]byte(row.json), &c); err != nil || c != row.want {
			t.Errorf("%s: %v %v", row.json, c, err)
		}
		if out, err := json.Marshal(c); err != nil || string(out) != row.json {
			t.Errorf("%s became %s", row.json, out)
		}
	}
	for _, bad := range []string{"-1", "1.5", `"7"`, "9223372036854775807"} {
		var c Count
		if err := json.Unmarshal([]byte(bad), &c); err == nil {
			t.Errorf("%s became %v", bad, c)
		}
	}
	if n, ok := Number(1<<63 - 1).Value(); !ok || n != maxCount {
		t.Errorf("%d %v", n, ok)
	}
	if _, ok := Number(-7).Value(); ok {
		t.Error("a negative number is known")
	}
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"ada.example+1@gmail.com", "+44 (0)20 7946 0018", "[::1]:80", "@a@b.example", "https://x.example/u/y", "xn--e1afmkfd.example", "<>", "0xC6336407"} {
		f.Add(s)
	}
	v := TheVocabulary()
	f.Fuzz(func(t *testing.T, s string) {
		forms := Normalise(s)
		for _, form := range forms {
			if form == "" || !strings.Contains(form, ":") {
				t.Fatalf("%q has the form %q", s, form)
			}
		}
		if !slices.Equal(forms, Normalise(s)) {
			t.Fatal("not the same twice")
		}
		b := Ask{Identifiers: []string{s}, Text: s}.Breadth(v)
		if n, ok := b.Addresses.Value(); !ok || n < 0 {
			t.Fatalf("%q: %+v", s, b)
		}
	})
}
