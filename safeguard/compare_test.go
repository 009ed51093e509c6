// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"rogatory"
)

var november = rogatory.Term{From: monday, To: monday + rogatory.Instant(day)}

func TestAB17ComparesWithoutBeingToldTheColumns(t *testing.T) {
	scope := Scope{Period: november, Identifiers: []string{"203.0.113.8", "ada@mail.example"}}
	in := rogatory.Instant.String(monday)
	for name, row := range map[string]struct {
		file, text string
		named      Columns
		want       Verdict
		why        string
		rows, out  int64
		columns    string
	}{
		"english":                       {"a.csv", "Time,IP address\n" + in + ",203.0.113.8\n" + in + ",203.0.113.9\n", Columns{}, Exceeds, "", 2, 1, "Time [IP address]"},
		"all of it within":              {"a.csv", "Time,IP address\n" + in + ",203.0.113.8\n", Columns{}, Within, "", 1, 0, "Time [IP address]"},
		"semicolons, as in an office":   {"a.csv", "\ufeffHorodatage;Courriel;n\n" + in + ";Ada@mail.example;1\n", Columns{}, Within, "", 1, 0, "Horodatage [Courriel]"},
		"tabs":                          {"a.tsv", "时间\t电子邮件\n" + in + "\tbob@mail.example\n", Columns{}, Exceeds, "", 1, 1, "时间 [电子邮件]"},
		"by content, whatever the name": {"a.txt", "timestamp,src_ip\n" + in + ",203.0.113.8\n", Columns{}, Within, "", 1, 0, "timestamp [src_ip]"},
		"json lines, objects within":    {"a.log", `{"ts":"` + in + `","client":{"ip":"203.0.113.8"}}` + "\n" + `{"ts":"` + in + `","client":{"ip":"203.0.113.7"}}` + "\n", Columns{}, Exceeds, "", 2, 1, "ts [client.ip]"},
		"columns that a person named":   {"a.csv", "x,y\n" + in + ",203.0.113.8\n", Columns{Time: "x", Identifiers: []string{"y"}}, Within, "", 1, 0, "x [y]"},
		"a named column that is not there": {"a.csv", "x,y\n" + in + ",203.0.113.8\n", Columns{Time: "x", Identifiers: []string{"z"}}, Undetermined,
			NoColumns, 0, 0, "x []"},
		"no names of columns":                         {"a.csv", in + ",203.0.113.8\n", Columns{}, Undetermined, NoColumns, 0, 0, " []"},
		"a row without an end":                        {"a.csv", "time,ip\n\"" + strings.Repeat("x", 2*MaxRow), Columns{}, Undetermined, NotReadable, 0, 0, "time [ip]"},
		"in another encoding":                         {"a.csv", "t\x00i\x00m\x00e\x00,\x00i\x00p\x00\n\x00", Columns{}, Undetermined, NoColumns, 0, 0, " []"},
		"nothing was found":                           {"a.csv", "time,ip\n", Columns{}, NotCompared, NoRows, 0, 0, "time [ip]"},
		"a picture":                                   {"a.png", "\x89PNG\r\n\x1a\n\x00", Columns{}, NotCompared, NotStructured, 0, 0, " []"},
		"a mail":                                      {"a.eml", "From: ada@mail.example\nTo: bob@mail.example\n", Columns{}, NotCompared, NotStructured, 0, 0, " []"},
		"one document of json":                        {"a.json", `{"rows":[]}`, Columns{}, Undetermined, NotReadable, 0, 0, " []"},
		"an array of json":                            {"a.txt", "[\n {\"ts\":\"" + in + "\",\"ip\":\"203.0.113.9\"}\n]", Columns{}, Undetermined, NotReadable, 0, 0, " []"},
		"json over several lines":                     {"a.dat", "{\n \"rows\": [\n", Columns{}, Undetermined, NotReadable, 0, 0, " []"},
		"a spreadsheet":                               {"a.XLSX", "PK\x03\x04", Columns{}, Undetermined, NotReadable, 0, 0, " []"},
		"a table, compressed":                         {"a.csv.gz", "\x1f\x8b\x08", Columns{}, Undetermined, NotReadable, 0, 0, " []"},
		"a disk, compressed":                          {"a.dd.gz", "\x1f\x8b\x08", Columns{}, NotCompared, NotStructured, 0, 0, " []"},
		"an archive":                                  {"a.zip", "PK\x03\x04", Columns{}, NotCompared, NotStructured, 0, 0, " []"},
		"text in UTF-16":                              {"a.txt", "\xff\xfet\x00i\x00m\x00e\x00", Columns{}, Undetermined, NotReadable, 0, 0, " []"},
		"a blank line before":                         {"a.txt", "\r\n\ntimestamp,src_ip\n" + in + ",203.0.113.9\n", Columns{}, Exceeds, "", 1, 1, "timestamp [src_ip]"},
		"a time without a zone":                       {"a.csv", "time,ip\n2026-11-02 10:00:00,203.0.113.8\n", Columns{}, Exceeds, "", 1, 1, "time [ip]"},
		"a time in another zone":                      {"a.csv", "time,ip\n" + monday.Time().In(time.FixedZone("", 5*3600)).Format(time.RFC3339) + ",203.0.113.8\n", Columns{}, Within, "", 1, 0, "time [ip]"},
		"one column that is known, and not the other": {"a.txt", "who,src_ip\nx,203.0.113.8\n", Columns{}, Undetermined, NoColumns, 0, 0, " [src_ip]"},
		"columns that a person named, in another encoding": {"a.txt", "x,y\n\xe4,203.0.113.8\n", Columns{Time: "x", Identifiers: []string{"y"}}, Undetermined, NotReadable, 0, 0, " []"},
		"rows that end with a return alone":                {"a.csv", "time,ip,n\r" + in + ",203.0.113.9,1\r", Columns{}, Undetermined, NotReadable, 0, 0, " []"},
		"a letter in RTF":                                  {"a.doc", "{\\rtf1 time, ip\n", Columns{}, NotCompared, NotStructured, 0, 0, " []"},
		"a text that has commas":                           {"a.txt", "Dear colleagues, time is short,\nand so on\n", Columns{}, NotCompared, NotStructured, 0, 0, " []"},
		"an empty file":                                    {"a.csv", "", Columns{}, Undetermined, NotReadable, 0, 0, " []"},
	} {
		c, err := StandardHeaders().Compare(scope, row.named, row.file, iotest.OneByteReader(strings.NewReader(row.text)))
		got := fmt.Sprintf("%s %v", c.Columns.Time, c.Columns.Identifiers)
		if err != nil || c.Verdict != row.want || c.Why != row.why || c.Rows != row.rows || c.Outside != row.out || got != row.columns {
			t.Errorf("%s: %+v, columns %s, %v", name, c, got, err)
		}
		if said := fmt.Sprint(c); strings.Contains(said, "203.0.113") || strings.Contains(said, "mail.example") {
			t.Errorf("%s: the comparison repeats a value: %s", name, said)
		}
	}
	t.Run("a kind of rows that no column tells is said", func(t *testing.T) {
		scope := scope
		scope.Kinds = []string{"traffic"}
		c, err := StandardHeaders().Compare(scope, Columns{}, "a.csv", strings.NewReader("time,ip\n"+in+",203.0.113.8\n"))
		if err != nil || c.Verdict != Within || len(c.Open) != 1 || c.Open[0] != WrongKind {
			t.Errorf("%+v, %v", c, err)
		}
	})
	t.Run("nothing asked that rows can be compared with", func(t *testing.T) {
		c, err := StandardHeaders().Compare(Scope{}, Columns{}, "a.csv", strings.NewReader("time,ip\n"))
		if err != nil || c.Verdict != NotCompared || c.Why != NoScope {
			t.Errorf("%+v, %v", c, err)
		}
	})
	t.Run("a disk that fails is no verdict", func(t *testing.T) {
		_, err := StandardHeaders().Compare(scope, Columns{}, "a.csv", io.MultiReader(strings.NewReader("time,ip\n"), failing{}))
		if err == nil || errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}

func TestAB17CutKeepsRowsAsTheyStand(t *testing.T) {
	scope := Scope{Identifiers: []string{"ada@mail.example"}}
	by := Columns{Identifiers: []string{"who"}}
	for name, row := range map[string]struct {
		format     Format
		text, want string
	}{
		"quotes, line ends and blanks stay": {CSV, "\ufeffn;\"who\"\r\n1;ada@mail.example\r\n2;bob@mail.example\r\n\"3;\"\"x\"\"\n\"; Ada@mail.example \r\n4;bob@mail.example",
			"\ufeffn;\"who\"\r\n1;ada@mail.example\r\n\"3;\"\"x\"\"\n\"; Ada@mail.example \r\n"},
		"a last row without an end": {CSV, "who,n\nbob@mail.example,1\nada@mail.example,2", "who,n\nada@mail.example,2"},
		"a row of another width":    {CSV, "who,n\nada@mail.example,1,bob@mail.example\nada@mail.example,2\n", "who,n\nada@mail.example,2\n"},
		"lines": {JSONLines, "{\"who\": \"ada@mail.example\"}\r\n\n{\"who\":\"bob@mail.example\"}\nnone\n{\"who\":\"ada@mail.example\"}",
			"{\"who\": \"ada@mail.example\"}\r\n{\"who\":\"ada@mail.example\"}"},
	} {
		var out bytes.Buffer
		r, err := Cut(scope, by, row.format, iotest.HalfReader(strings.NewReader(row.text)), &out)
		if err != nil || out.String() != row.want || r.Outside == 0 {
			t.Errorf("%s: %q, %+v, %v", name, out.String(), r, err)
		}
		if again, err := Excess(scope, by, row.format, &out); err != nil || again.Outside != 0 || again.Rows != r.Rows-r.Outside {
			t.Errorf("%s: what was cut is compared as %+v, %v", name, again, err)
		}
	}
	var out bytes.Buffer
	if _, err := Cut(scope, by, CSV, io.MultiReader(strings.NewReader("who,n\n"), failing{}), &out); err == nil {
		t.Error("a part of an answer is cut")
	}
}

// A row about another is outside, though the two look alike where a repeated request is looked for.
func TestAB17OneThatLooksLikeTheOneAskedForIsAnother(t *testing.T) {
	for _, row := range []struct {
		asked, in string
		want      bool
	}{
		{"+41 79 123 45 67", "0041791234567", true},
		{"+41 79 123 45 67", "079 123 45 67", true},
		{"079 123 45 67", "+41791234567", true},
		{"+41 79 123 45 67", "+33 5 91 23 45 67", false}, // the end is the same
		{"@ada@social.example", "@ada", true},
		{"@ada", "https://social.example/@ada", true},
		{"@ada@social.example", "@ada@other.example", false},
		{"490154203237518", "490154203237518", true},
		{"490154203237518", "350154203237518", false}, // two devices
		{"ada@mail.example", "Ada+news@mail.example", true},
	} {
		c := newComparer(Scope{Identifiers: []string{row.asked}}, Columns{Identifiers: []string{"x"}})
		if err := c.prepare(); err != nil {
			t.Fatal(err)
		}
		if got := c.asked(row.in); got != row.want {
			t.Errorf("%s was asked for, %s is within: %t", row.asked, row.in, got)
		}
	}
}

func TestComparableIsWhatCanStandInARow(t *testing.T) {
	got := Comparable([]string{"account of the holder of 198.51.100.17 on 2 November 2026", "Ada Example, born in 1990", "nightowl17", "traffic data of 203.0.113.8 port 666", "ada@mail.example; 198.51.100.0/24", "the telephone +41 79 123 45 67", "+41791234567 of Ada"})
	want := []string{"198.51.100.17", "nightowl17", "203.0.113.8", "ada@mail.example", "198.51.100.0/24", "+41791234567"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q", got)
	}
}

func TestHeadersAreReadStrictly(t *testing.T) {
	ok := `{"version":"1","verified":false,"languages":[{"tag":"en","time":["time"],"identifier":["ip"],"kind":[]}]}`
	if _, err := ParseHeaders("h.json", []byte(ok)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"one name for two things": strings.Replace(ok, `["ip"]`, `["time"]`, 1),
		"a name in large letters": strings.Replace(ok, `["ip"]`, `["IP"]`, 1),
		"no version":              strings.Replace(ok, `"1"`, `""`, 1),
		"an unknown member":       strings.Replace(ok, `"tag"`, `"more":1,"tag"`, 1),
	} {
		if h, err := ParseHeaders("h.json", []byte(text)); rogatory.CodeOf(err) != "headers_invalid" || h.Version != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	tags := map[string]bool{}
	for _, l := range StandardHeaders().Languages {
		tags[l.Tag] = len(l.Time) > 0 && len(l.Identifier) > 0 && len(l.Kind) > 0
	}
	for _, tag := range []string{"ar", "en", "es", "fr", "ru", "th", "vi", "zh"} {
		if !tags[tag] {
			t.Errorf("no names of columns in %s", tag)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add([]byte(answer), true)
	f.Add([]byte("a,\"b\nc"), true)
	f.Add([]byte(`{"account":"ada@mail.example"}`), false)
	scope, by := Scope{Identifiers: []string{"ada@mail.example"}}, Columns{Identifiers: []string{"account"}}
	f.Fuzz(func(t *testing.T, data []byte, csv bool) {
		format := JSONLines
		if csv {
			format = CSV
		}
		var out bytes.Buffer
		r, err := Cut(scope, by, format, bytes.NewReader(data), &out)
		if plain, errPlain := Excess(scope, by, format, bytes.NewReader(data)); plain.Rows != r.Rows || plain.Outside != r.Outside || (err == nil) != (errPlain == nil) {
			t.Fatalf("cutting counts %+v (%v), comparing %+v (%v)", r, err, plain, errPlain)
		}
		if out.Len() > len(data) {
			t.Fatal("the cut is longer than the answer")
		}
	})
}

// A comparison remembers what it found of a text, within bounds: what comes after them is looked at as well as what came before.
func TestAB17RemembersWithinBounds(t *testing.T) {
	var table strings.Builder
	table.WriteString("account\n")
	const others = maxKnown + 10
	long := strings.Repeat("x", maxKnownText) + "@example.org"
	for i := range others {
		fmt.Fprintf(&table, "other%d@example.org\n Nadia@EXAMPLE.org\n%s\n", i, long)
	}
	for _, asked := range []string{"nadia@example.org", long} {
		got, err := StandardHeaders().Compare(Scope{Identifiers: []string{asked}}, Columns{Identifiers: []string{"account"}}, "log.csv", strings.NewReader(table.String()))
		if err != nil || got.Rows != 3*others || got.Outside != 2*others {
			t.Errorf("asked for %.30s: %+v, %v", asked, got, err)
		}
	}
}
