// SPDX-License-Identifier: Apache-2.0

package language

import (
	"strings"
	"testing"

	"rogatory"
)

// The names of CLDR are those of everyday speech. These rows are names that the United Nations, or in Vietnamese and
// Thai the foreign ministry, writes otherwise: they are lost first when the files are made anew without "ours".
func TestStatesAreNamedAsTheUnitedNationsNamesThem(t *testing.T) {
	c := Load()
	for _, row := range []struct{ tag, state, want string }{
		{"ar", "CL", "شيلي"},
		{"ar", "SY", "الجمهورية العربية السورية"},
		{"ar", "TH", "تايلند"},
		{"zh", "EU", "欧洲联盟"},
		{"zh", "GB", "大不列颠及北爱尔兰联合王国"},
		{"zh", "KP", "朝鲜民主主义人民共和国"},
		{"fr", "IQ", "Iraq"},
		{"fr", "MD", "République de Moldova"},
		{"fr", "NG", "Nigéria"},
		{"fr", "TL", "Timor-Leste"},
		{"fr", "TR", "Türkiye"},
		{"ru", "AE", "Объединенные Арабские Эмираты"},
		{"ru", "CK", "Острова Кука"},
		{"ru", "KG", "Кыргызстан"},
		{"ru", "NL", "Нидерланды (Королевство)"},
		{"es", "BY", "Belarús"},
		{"es", "CV", "Cabo Verde"},
		{"es", "NZ", "Nueva Zelandia"},
		{"es", "SA", "Arabia Saudita"},
		{"vi", "RU", "Liên bang Nga"},
		{"vi", "VA", "Tòa Thánh"},
		{"th", "CZ", "เช็กเกีย"},
		{"th", "LA", "สาธารณรัฐประชาธิปไตยประชาชนลาว"},
	} {
		if got := c.Locale(row.tag).State(rogatory.StateCode(row.state)); got != row.want {
			t.Errorf("%s: %s is %q, want %q", row.tag, row.state, got, row.want)
		}
	}
}

// An abbreviated name ("ОАЭ", "о-ва Кука") is no name for a letter.
func TestNoStateIsNamedByAnAbbreviation(t *testing.T) {
	for name, f := range everything(t) {
		for key, text := range f.texts {
			if s := text.plain; strings.HasPrefix(key, "state.") && (strings.Contains(s, "о-ва") || strings.ToUpper(s) == s && strings.ToLower(s) != s) {
				t.Errorf("%v: %s is abbreviated: %q", name, key, s)
			}
		}
	}
}

// Two States or two languages of one name cannot be told apart in a list.
func TestNoNameStandsForTwo(t *testing.T) {
	for name, f := range everything(t) {
		seen := map[string]string{}
		for key, text := range f.texts {
			group, _, _ := strings.Cut(key, ".")
			if name.Name != "names" {
				continue
			}
			if other, twice := seen[group+text.plain]; twice {
				t.Errorf("%v: %s and %s are both %q", name, key, other, text.plain)
			}
			seen[group+text.plain] = key
		}
	}
}

// iso639 are the 183 codes of ISO 639-1.
const iso639 = "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"

func TestEveryTwoLetterLanguageHasAName(t *testing.T) {
	english := everything(t)[File{Base, "names"}].texts // every other language has the keys of English
	want := strings.Fields(iso639)
	for _, code := range want {
		if _, ok := english["language."+code]; !ok {
			t.Errorf("the language %s has no name", code)
		}
	}
	listed := 0
	for key := range english {
		if strings.HasPrefix(key, "language.") {
			listed++
		}
	}
	if listed != len(want) || listed != 183 {
		t.Errorf("%d languages are named, ISO 639-1 has %d", listed, len(want))
	}
}
