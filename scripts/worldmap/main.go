// SPDX-License-Identifier: Apache-2.0

// Worldmap makes the outlines of the treaty desk's map from the file countries-50m.json of the npm package world-atlas
// (Natural Earth, public domain):
//
//	npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
//	go run ./scripts/worldmap package/countries-50m.json > treaty/atlas/world.txt
//
// A line of the result is an area or a dot: "VN d M12 34l5 6z" or "TV o 1890 420", and "-" for an area that is no State
// of the desk's list. Names are not taken from the file. What it shows is adapted to the practice of the United Nations
// where the file departs from it; see docs/treaty-desk.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

type topology struct {
	Transform struct{ Scale, Translate [2]float64 }
	Arcs      [][][2]float64
	Objects   struct {
		Countries struct{ Geometries []geometry }
	}
}

type geometry struct {
	Type       string
	ID         string
	Arcs       json.RawMessage
	Properties struct{ Name string }
}

// belongs are areas that the file keeps apart and the United Nations lists with another State.
var belongs = map[string]string{"N. Cyprus": "CY", "Somaliland": "SO", "TW": "CN", "HK": "CN", "MO": "CN"}

// absent are States that the file does not have: longitude and latitude.
var absent = map[string][2]float64{"TV": {179.2, -8.5}}

// Sizes in units of the drawing, which is wide units wide.
const (
	wide      = 1600.0
	tolerance = 0.75 // a point that bends its line less is left out
	tiny      = 1.0  // a ring with less area is left out, unless it is the State's largest
	small     = 25.0 // a State with less area gets a dot
	antarctic = "AQ"
	western   = "EH"
	sahara    = 27 + 40.0/60 // degrees north: where Western Sahara begins
)

// project is the Equal Earth projection (Šavrič, Patterson and Jenny, 2018), in units of the drawing.
func project(lon, lat float64) [2]float64 {
	const a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
	t := math.Asin(math.Sqrt(3) / 2 * math.Sin(lat*math.Pi/180))
	t2 := t * t
	t6 := t2 * t2 * t2
	x := 2 * math.Sqrt(3) * lon * math.Pi / 180 * math.Cos(t) / (3 * (9*a4*t6*t2 + 7*a3*t6 + 3*a2*t2 + a1))
	y := t * (a1 + a2*t2 + t6*(a3+a4*t2))
	const half, top = 2.7066299836960748, 1.3173627591574133 // x at 180 degrees east on the equator, y at the pole
	return [2]float64{(x/half + 1) * wide / 2, (top - y) / half * wide / 2}
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: worldmap countries-50m.json")
	}
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var t topology
	if err := json.Unmarshal(data, &t); err != nil {
		log.Fatal(err)
	}
	arcs := make([][][2]float64, len(t.Arcs))
	for i, arc := range t.Arcs {
		var x, y float64
		for _, p := range arc {
			x, y = x+p[0], y+p[1]
			arcs[i] = append(arcs[i], [2]float64{x*t.Transform.Scale[0] + t.Transform.Translate[0], y*t.Transform.Scale[1] + t.Transform.Translate[1]})
			if n := len(arcs[i]); n > 1 {
				arcs[i][n-1][0] += turn(arcs[i][n-2][0], arcs[i][n-1][0])
			}
		}
		arcs[i] = simplify(arcs[i]) // an arc is shared, so that neighbours still fit
	}
	areas := map[string][][][2]float64{}
	for _, g := range t.Objects.Countries.Geometries {
		code := codeOf(g)
		if code == antarctic {
			continue
		}
		for _, ring := range ringsOf(g, arcs) {
			if code == "MA" { // the file draws Western Sahara as it is held, the United Nations as a whole
				if south := within(ring, 1, 1, sahara); len(south) > 0 {
					areas[western] = append(areas[western], projected(south))
				}
				ring = within(ring, 1, -1, sahara)
			}
			for _, part := range cut(ring) {
				to := code
				// General Assembly resolution 68/262.
				if c := middle(part); code == "RU" && c[0] > 32 && c[0] < 37 && c[1] > 44 && c[1] < 46.5 {
					to = "UA"
				}
				areas[to] = append(areas[to], projected(part))
			}
		}
	}
	write(areas)
}

func codeOf(g geometry) string {
	code := "-"
	if n, err := strconv.Atoi(g.ID); err == nil {
		if r, err := language.EncodeM49(n); err == nil {
			code = r.String()
		}
	}
	if to, ok := belongs[g.Properties.Name]; ok && code == "-" {
		return to
	}
	if to, ok := belongs[code]; ok {
		return to
	}
	return code
}

func projected(ring [][2]float64) [][2]float64 {
	for i, p := range ring {
		ring[i] = project(p[0], p[1])
	}
	return ring
}

// turn is by how many degrees a longitude has to be moved to lie within half a turn of another.
func turn(from, to float64) float64 { return -360 * math.Round((to-from)/360) }

// cut divides a ring that crosses the 180th meridian, and moves its parts to their sides of the map.
func cut(ring [][2]float64) (parts [][][2]float64) {
	for _, by := range []float64{-360, 0, 360} {
		part := slices.Clone(ring)
		for i := range part {
			part[i][0] += by
		}
		for _, side := range []float64{-1, 1} {
			part = clip(part, side)
		}
		if len(part) > 0 {
			parts = append(parts, part)
		}
	}
	return parts
}

// clip keeps what of a ring lies on the inner side of the 180th meridian, east or west (Sutherland and Hodgman).
func clip(ring [][2]float64, side float64) [][2]float64 { return within(ring, 0, side, 180*side) }

// within keeps what of a ring lies on one side of a meridian (axis 0) or parallel (axis 1).
func within(ring [][2]float64, axis int, side, line float64) (kept [][2]float64) {
	in := func(p [2]float64) bool { return p[axis]*side <= line*side }
	for i, q := range ring {
		p := ring[(i+len(ring)-1)%len(ring)]
		if in(p) != in(q) {
			part := (line - p[axis]) / (q[axis] - p[axis])
			edge := [2]float64{p[0] + part*(q[0]-p[0]), p[1] + part*(q[1]-p[1])}
			edge[axis] = line
			kept = append(kept, edge)
		}
		if in(q) {
			kept = append(kept, q)
		}
	}
	return kept
}

func ringsOf(g geometry, arcs [][][2]float64) (rings [][][2]float64) {
	var polygons [][][]int
	var err error
	if g.Type == "Polygon" {
		polygons = make([][][]int, 1)
		err = json.Unmarshal(g.Arcs, &polygons[0])
	} else {
		err = json.Unmarshal(g.Arcs, &polygons)
	}
	if err != nil {
		log.Fatal(err)
	}
	for _, polygon := range polygons {
		for _, ring := range polygon {
			var points [][2]float64
			for _, i := range ring {
				arc := arcs[max(i, ^i)]
				if i < 0 {
					arc = slices.Clone(arc)
					slices.Reverse(arc)
				}
				for n, p := range arc {
					if len(points) > 0 {
						if n == 0 {
							continue
						}
						p[0] += turn(points[len(points)-1][0], p[0])
					}
					points = append(points, p)
				}
			}
			rings = append(rings, points)
		}
	}
	return rings
}

// simplify leaves out points that bend the line little (Douglas and Peucker). The ends stay.
// Points are longitude and latitude; how far one is off is measured on the drawing.
func simplify(line [][2]float64) [][2]float64 {
	if len(line) < 3 {
		return line
	}
	drawn := func(p [2]float64) [2]float64 { return project(p[0], p[1]) }
	first, last, far, at := drawn(line[0]), drawn(line[len(line)-1]), 0.0, 0
	dx, dy := last[0]-first[0], last[1]-first[1]
	length := math.Hypot(dx, dy)
	for i := 1; i < len(line)-1; i++ {
		p := drawn(line[i])
		x, y := p[0]-first[0], p[1]-first[1]
		d := math.Hypot(x, y)
		if length > 0 {
			d = math.Abs(x*dy-y*dx) / length
		}
		if d > far {
			far, at = d, i
		}
	}
	if far < tolerance {
		return [][2]float64{line[0], line[len(line)-1]}
	}
	return append(simplify(line[:at+1]), simplify(line[at:])[1:]...)
}

func area(ring [][2]float64) (sum float64) {
	for i, p := range ring {
		q := ring[(i+1)%len(ring)]
		sum += p[0]*q[1] - q[0]*p[1]
	}
	return math.Abs(sum) / 2
}

func middle(ring [][2]float64) (m [2]float64) {
	for _, p := range ring {
		m[0], m[1] = m[0]+p[0]/float64(len(ring)), m[1]+p[1]/float64(len(ring))
	}
	return m
}

func write(areas map[string][][][2]float64) {
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	var codes []string
	for code := range areas {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	var dots []string
	for _, code := range codes {
		rings := areas[code]
		total, largest := 0.0, rings[0]
		for _, r := range rings {
			if total += area(r); area(r) > area(largest) {
				largest = r
			}
		}
		var path strings.Builder
		for _, r := range rings {
			if area(r) >= tiny {
				path.WriteString(pathOf(r))
			}
		}
		if path.Len() > 0 {
			fmt.Fprintf(w, "%s d %s\n", code, path.String())
		}
		if total < small && code != "-" {
			m := middle(largest)
			dots = append(dots, fmt.Sprintf("%s o %.0f %.0f", code, m[0], m[1]))
		}
	}
	for code, at := range absent {
		m := project(at[0], at[1])
		dots = append(dots, fmt.Sprintf("%s o %.0f %.0f", code, m[0], m[1]))
	}
	slices.Sort(dots)
	for _, d := range dots {
		fmt.Fprintln(w, d)
	}
}

// pathOf writes a ring in whole units, each point from the one before.
func pathOf(ring [][2]float64) string {
	var b strings.Builder
	var x, y int
	n := 0
	for _, p := range ring {
		px, py := int(math.Round(p[0])), int(math.Round(p[1]))
		switch {
		case n == 0:
			fmt.Fprintf(&b, "M%d %dl", px, py)
		case px == x && py == y:
			continue
		default:
			if n > 1 && px-x >= 0 {
				b.WriteByte(' ')
			}
			b.WriteString(strconv.Itoa(px - x))
			if py-y >= 0 {
				b.WriteByte(' ')
			}
			b.WriteString(strconv.Itoa(py - y))
		}
		x, y = px, py
		n++
	}
	if n < 3 {
		return ""
	}
	return b.String() + "z"
}
