// SPDX-License-Identifier: Apache-2.0

package language

// Category is a plural category of CLDR.
type Category string

// The categories.
const (
	Zero  Category = "zero"
	One   Category = "one"
	Two   Category = "two"
	Few   Category = "few"
	Many  Category = "many"
	Other Category = "other"
)

// Categories lists the cardinal plural categories of a language, CLDR 48. Whole numbers never reach the
// Russian "other", which fractions have; translators write it all the same, as CLDR's own data do.
func Categories(tag string) []Category {
	switch tag {
	case "ar":
		return []Category{Zero, One, Two, Few, Many, Other}
	case "ru":
		return []Category{One, Few, Many, Other}
	case "fr", "es":
		return []Category{One, Many, Other}
	case "en":
		return []Category{One, Other}
	}
	return []Category{Other}
}

// million is from where French and Spanish say "1 000 000 de jours".
const million = 1_000_000

// CategoryOf returns the category of a whole number by the cardinal rules of CLDR 48. A negative number has
// that of its amount.
func CategoryOf(tag string, n int64) Category {
	i := uint64(n)
	if n < 0 {
		i = -i
	}
	ten, hundred := i%10, i%100
	switch tag {
	case "ar":
		switch {
		case i == 0:
			return Zero
		case i == 1:
			return One
		case i == 2:
			return Two
		case hundred >= 3 && hundred <= 10:
			return Few
		case hundred >= 11:
			return Many
		}
	case "ru":
		switch {
		case ten == 1 && hundred != 11:
			return One
		case ten >= 2 && ten <= 4 && (hundred < 12 || hundred > 14):
			return Few
		}
		return Many
	case "fr", "es":
		switch {
		case i == 1, i == 0 && tag == "fr":
			return One
		case i != 0 && i%million == 0:
			return Many
		}
	case "en":
		if i == 1 {
			return One
		}
	}
	return Other
}
