// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var hostile = Words{Title: `</title><script>alert(1)</script>`, Description: "a & b < c \x00 \xff", RightToLeft: true}

// drawings are all drawings, of nothing, of one thing and of things that should not be.
func drawings() map[string]string {
	long := 400 * 24 * time.Hour
	ticks := []Tick{{time.Minute, "1 min"}, {time.Hour, "1 h"}, {24 * time.Hour, "1 d"}, {long, `"><x>`}, {2 * long, "2 y"}, {3 * long, "one too many"}}
	return map[string]string{
		"no bars":      Bars(hostile, nil),
		"bars":         Bars(Words{Title: "Requests", Description: "By kind"}, []Bar{{"stored data", 3, 1}, {"<b>", 1, 9}, {"nothing", 0, 0}}),
		"odd bars":     Bars(hostile, []Bar{{"x", math.NaN(), 1}, {"y", math.Inf(1), math.Inf(1)}, {"z", -4, -4}}),
		"no dots":      Dots(hostile, nil, nil),
		"dots":         Dots(Words{Title: "Stages"}, []Dot{{"Receipt", time.Second, time.Hour}, {"Answer", 48 * time.Hour, long}}, ticks),
		"odd dots":     Dots(hostile, []Dot{{"back", -time.Hour, -time.Minute}, {"ever", math.MaxInt64, math.MaxInt64}}, ticks),
		"no line":      Line(hostile, nil, "0"),
		"a point":      Line(hostile, []Point{{"October", 4, false}}, "4"),
		"line":         Line(hostile, []Point{{"October", 4, false}, {"", 0, true}, {"December", math.Inf(1), false}, {"", -1, false}}, "4"),
		"no spark":     Spark(hostile, nil),
		"spark":        Spark(hostile, []float64{0, 1, math.NaN(), 5, -3}),
		"no stairs":    Stairs(hostile, nil, 0, nil, Goal{}),
		"stairs":       Stairs(hostile, []Row{{"one", []Stair{{0, 65, "opened"}, {20, 70, "<i>"}}}, {"other", []Stair{{400, 3, "later"}}}}, 420, []Mark{{0, "Oct"}, {420, "Dec"}}, Goal{40, "40"}),
		"falling down": Stairs(hostile, []Row{{"one", []Stair{{9, -5, "less"}}}}, 3, nil, Goal{Value: 1}),
	}
}

func TestEveryDrawingIsWellFormedAndSaysWhatItIs(t *testing.T) {
	place := regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?%?$`)
	for name, svg := range drawings() {
		titles := 0
		for d := xml.NewDecoder(strings.NewReader(svg)); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v in %s", name, err, svg)
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			switch e.Name.Local {
			case "title":
				titles++
			case "svg", "desc", "line", "rect", "circle", "text":
			default:
				t.Errorf("%s holds an element %s", name, e.Name.Local)
			}
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height":
					v, err := strconv.ParseFloat(strings.TrimSuffix(a.Value, "%"), 64)
					if err != nil || !place.MatchString(a.Value) || v < -1 || v > 2000 || strings.HasSuffix(a.Value, "%") && v > 100.01 {
						t.Errorf("%s: %s of %s is %s", name, a.Name.Local, e.Name.Local, a.Value)
					}
				case "style":
					t.Errorf("%s has a style, which the console's policy forbids", name)
				}
			}
		}
		if titles == 0 {
			t.Errorf("%s has no title", name)
		}
	}
}

func TestTimeRunsFromLeftToRightAlsoInArabic(t *testing.T) {
	for _, rtl := range []bool{false, true} {
		svg := Dots(Words{Title: "t", RightToLeft: rtl}, []Dot{{"stage", time.Hour, 24 * time.Hour}}, []Tick{{time.Minute, "1"}, {24 * time.Hour, "2"}})
		at := func(class string) float64 {
			m := regexp.MustCompile(`class="` + class + `" cx="([0-9.]+)%"`).FindStringSubmatch(svg)
			if m == nil {
				t.Fatalf("no %s in %s", class, svg)
			}
			v, _ := strconv.ParseFloat(m[1], 64)
			return v
		}
		if at("median") >= at("p90") {
			t.Errorf("right to left %t: a day lies before an hour", rtl)
		}
		if strings.Contains(svg, `direction="rtl">stage`) != rtl {
			t.Errorf("right to left %t: the label stands at the wrong side", rtl)
		}
	}
}

func TestAnHourLiesWhereAnHourLies(t *testing.T) {
	// From a minute to 3600 minutes, an hour is half of the way on an axis of equal multiples.
	if got := onLog(time.Hour, 3600*time.Minute); math.Abs(got-0.5) > 1e-9 {
		t.Errorf("an hour lies at %f", got)
	}
	if onLog(0, time.Hour) != 0 || onLog(time.Hour, time.Hour) != 1 {
		t.Error("the ends of the axis are not 0 and 1")
	}
}

func TestMoreTicksThanFitAreLeftOut(t *testing.T) {
	if svg := drawings()["dots"]; strings.Contains(svg, "one too many") {
		t.Error("six ticks are drawn")
	}
}
