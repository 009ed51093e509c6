// SPDX-License-Identifier: Apache-2.0

// Package plot draws figures as SVG: bars, medians with their 90th percentile on a time axis, a line over months,
// a sparkline.
//
// It promises well-formed SVG with a title and a description, no style and no script of its own (colours are classes
// of the page's sheet), text that keeps its size however wide the page is, and axes that run from left to right in
// every language, while labels stand at the side where their language begins. Whatever a label says is text. It refuses
// nothing: numbers that are no numbers, or below zero, are drawn as zero. There is no state and no error. A drawing is
// never alone: whoever shows one shows the table of the same figures before it.
package plot

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
	"time"
)

// Words are what a drawing says of itself, for people who do not see it, and how its language runs.
type Words struct {
	Title       string
	Description string
	RightToLeft bool
}

// Measures in CSS pixels. Widths are percent of the drawing, so that a narrow page needs no other drawing.
const (
	rowHeight  = 40 // a label, and what is drawn beneath it
	labelBase  = 16 // from the top of a row to the foot of its label
	markMiddle = 28 // from the top of a row to the middle of what is drawn
	axisHeight = 24
	barHeight  = 10
	radius     = 5
	lineHeight = 160 // of a line over months, without its axis
	margin     = 2.0 // percent at either side of an axis, so that marks at its ends are whole
)

// canvas writes one drawing.
type canvas struct {
	strings.Builder
	words Words
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}

func (c *canvas) put(format string, args ...any) { fmt.Fprintf(c, format, args...) }

// open begins a drawing. Its direction is left to right for the axes; labels have their own.
func (c *canvas) open(class string, height int) {
	c.put(`<svg xmlns="http://www.w3.org/2000/svg" class="plot %s" width="100%%" height="%d" role="img" direction="ltr">`, class, height)
	c.put(`<title>%s</title><desc>%s</desc>`, escaped(c.words.Title), escaped(c.words.Description))
}

func (c *canvas) close() string {
	c.put(`</svg>`)
	return c.String()
}

// label writes text at the side where its language begins.
func (c *canvas) label(y int, text string) {
	if c.words.RightToLeft {
		c.put(`<text class="label" x="100%%" y="%d" direction="rtl">%s</text>`, y, escaped(text))
		return
	}
	c.put(`<text class="label" x="0" y="%d">%s</text>`, y, escaped(text))
}

// atRight writes text at the right end, where time ends.
func (c *canvas) atRight(y int, text string) {
	if c.words.RightToLeft {
		c.label(y, text)
		return
	}
	c.put(`<text class="label last" x="100%%" y="%d">%s</text>`, y, escaped(text))
}

// number keeps what is drawn within what can be drawn.
func number(v float64) float64 {
	if math.IsNaN(v) || v < 0 {
		return 0
	}
	return min(v, math.MaxFloat32)
}

// share is where a part of 0 to 1 lies on an axis, in percent of the drawing.
func share(part float64) float64 { return margin + (100-2*margin)*min(1, max(0, part)) }

// Bar is a row of a bar drawing.
type Bar struct {
	Label string
	Value float64
	Part  float64 // of Value, drawn within the bar; zero draws none
}

// Bars draws horizontal bars from zero on, each beneath its label. In a language that runs from right to left they
// begin at the right: they are amounts, and no axis of time.
func Bars(w Words, rows []Bar) string {
	c := &canvas{words: w}
	c.open("bars", len(rows)*rowHeight)
	largest := 0.0
	for _, r := range rows {
		largest = max(largest, number(r.Value))
	}
	draw := func(class string, y int, value float64) {
		width := 0.0
		if largest > 0 {
			width = 100 * min(1, number(value)/largest)
		}
		x := 0.0
		if w.RightToLeft {
			x = 100 - width
		}
		c.put(`<rect class="%s" x="%.2f%%" y="%d" width="%.2f%%" height="%d"/>`, class, x, y+markMiddle-barHeight/2, width, barHeight)
	}
	for i, r := range rows {
		c.label(i*rowHeight+labelBase, r.Label)
		draw("bar", i*rowHeight, r.Value)
		if r.Part > 0 {
			draw("part", i*rowHeight, min(number(r.Part), number(r.Value)))
		}
	}
	return c.close()
}

// Dot is a row of a dot drawing.
type Dot struct {
	Label       string
	Median, P90 time.Duration
}

// Tick is a place on a time axis.
type Tick struct {
	At    time.Duration
	Label string
}

// MaxTicks is how many labels stand beside one another on a telephone.
const MaxTicks = 5

// shortest is where a time axis begins: what took less is drawn there.
const shortest = time.Minute

// reach is the last place of an axis that holds all rows and ticks.
func reach(rows []Dot, ticks []Tick) time.Duration {
	last := shortest * 2
	for _, r := range rows {
		last = max(last, r.Median, r.P90)
	}
	for _, t := range ticks {
		last = max(last, t.At)
	}
	return last
}

// onLog is where a duration lies between shortest and last, from 0 to 1.
func onLog(d, last time.Duration) float64 {
	return math.Log(float64(max(d, shortest))/float64(shortest)) / math.Log(float64(last)/float64(shortest))
}

// Dots draws a median as a full dot and a 90th percentile as an open one, on an axis on which equal steps are equal
// multiples of time. At most MaxTicks ticks are drawn.
func Dots(w Words, rows []Dot, ticks []Tick) string {
	c := &canvas{words: w}
	height := len(rows) * rowHeight
	c.open("dots", height+axisHeight)
	ticks = ticks[:min(len(ticks), MaxTicks)]
	last := reach(rows, ticks)
	for i, t := range ticks {
		x := share(onLog(t.At, last))
		c.put(`<line class="grid" x1="%.2f%%" x2="%.2f%%" y1="0" y2="%d"/>`, x, x, height)
		c.tick(i, len(ticks), x, height, t.Label)
	}
	for i, r := range rows {
		y := i*rowHeight + markMiddle
		from, to := share(onLog(r.Median, last)), share(onLog(r.P90, last))
		c.label(i*rowHeight+labelBase, r.Label)
		c.put(`<line class="span" x1="%.2f%%" x2="%.2f%%" y1="%d" y2="%d"/>`, from, to, y, y)
		c.put(`<circle class="p90" cx="%.2f%%" cy="%d" r="%d"/><circle class="median" cx="%.2f%%" cy="%d" r="%d"/>`, to, y, radius, from, y, radius)
	}
	return c.close()
}

// tick writes the label of a place on an axis; the outer ones are kept within the drawing.
func (c *canvas) tick(i, of int, x float64, y int, label string) {
	class, first, last, direction := "tick", "tick first", "tick last", ""
	if c.words.RightToLeft { // a text that runs to the left begins at its right end
		first, last, direction = last, first, ` direction="rtl"`
	}
	switch {
	case i == 0 && x < 15:
		class, x = first, 0
	case i == of-1 && x > 85:
		class, x = last, 100
	}
	c.put(`<text class="%s" x="%.2f%%" y="%d"%s>%s</text>`, class, x, y+labelBase, direction, escaped(label))
}

// Point is a place of a line.
type Point struct {
	Label string // beneath the axis; empty for none
	Value float64
	None  bool // there is no value: the line is broken
}

// Line draws values over equal steps of time, from zero on. Top is what stands at the greatest value.
func Line(w Words, points []Point, top string) string {
	c := &canvas{words: w}
	c.open("line", lineHeight+axisHeight)
	largest := 0.0
	for _, p := range points {
		if !p.None {
			largest = max(largest, number(p.Value))
		}
	}
	const head = 24 // above the greatest value, for its label
	at := func(i int) (x, y float64) {
		if x = 0.5; len(points) > 1 {
			x = float64(i) / float64(len(points)-1)
		}
		y = lineHeight
		if largest > 0 {
			y -= (lineHeight - head) * number(points[i].Value) / largest
		}
		return share(x), y
	}
	c.put(`<line class="grid" x1="0" x2="100%%" y1="%d" y2="%d"/><line class="axis" x1="0" x2="100%%" y1="%d" y2="%d"/>`, head, head, lineHeight, lineHeight)
	if largest > 0 {
		c.label(labelBase, top)
	}
	var marked []int
	for i, p := range points {
		x, y := at(i)
		if i > 0 && !p.None && !points[i-1].None {
			x0, y0 := at(i - 1)
			c.put(`<line class="span" x1="%.2f%%" x2="%.2f%%" y1="%.1f" y2="%.1f"/>`, x0, x, y0, y)
		}
		if !p.None {
			c.put(`<circle class="median" cx="%.2f%%" cy="%.1f" r="3"/>`, x, y)
		}
		if p.Label != "" {
			marked = append(marked, i)
		}
	}
	for n, i := range marked {
		x, _ := at(i)
		c.tick(n, len(marked), x, lineHeight, points[i].Label)
	}
	return c.close()
}

// Spark draws values as small columns of equal width, without axes, for a cell of a table.
func Spark(w Words, values []float64) string {
	const width, height = 96, 20
	c := &canvas{words: w}
	c.put(`<svg xmlns="http://www.w3.org/2000/svg" class="plot spark" width="%d" height="%d" viewBox="0 0 %d %d" role="img" direction="ltr">`, width, height, width, height)
	c.put(`<title>%s</title>`, escaped(w.Title))
	largest := 0.0
	for _, v := range values {
		largest = max(largest, number(v))
	}
	step := float64(width) / float64(max(1, len(values)))
	step = min(step, 12)
	for i, v := range values {
		tall := 1.0 // nothing is a hair, so that a gap is seen to be a month
		if largest > 0 {
			tall = max(tall, height*number(v)/largest)
		}
		c.put(`<rect class="bar" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, float64(i)*step, height-tall, max(0.5, step-1), tall)
	}
	return c.close()
}

// Stair is a step of a staircase: from this day on there are Value.
type Stair struct {
	Days  int // since the first day of the drawing
	Value int
	Words string // what happened, shown where the mouse rests
}

// Row is a staircase with its name.
type Row struct {
	Class  string // of the stylesheet: one or other
	Stairs []Stair
}

// Mark is a place on an axis of days.
type Mark struct {
	Days  int
	Label string
}

// Goal is a value that a staircase is on the way to.
type Goal struct {
	Value int
	Label string
}

// Stairs draws numbers that change on single days, from the first to the last day, with the goal as a line across.
// Numbers are drawn from zero to the greatest of them and the goal.
func Stairs(w Words, rows []Row, days int, marks []Mark, goal Goal) string {
	c := &canvas{words: w}
	c.open("stairs", lineHeight+axisHeight)
	largest := max(1, goal.Value)
	for _, r := range rows {
		for _, s := range r.Stairs {
			largest = max(largest, s.Value)
		}
	}
	const head = 24
	x := func(day int) float64 { return share(float64(day) / float64(max(1, days))) }
	y := func(v int) float64 { return lineHeight - float64(lineHeight-head)*float64(max(0, v))/float64(largest) }
	c.put(`<line class="axis" x1="0" x2="100%%" y1="%d" y2="%d"/>`, lineHeight, lineHeight)
	if goal.Value > 0 {
		c.put(`<line class="goal" x1="0" x2="100%%" y1="%.1f" y2="%.1f"/>`, y(goal.Value), y(goal.Value))
		c.atRight(int(y(goal.Value))-6, goal.Label)
	}
	for _, r := range rows {
		from, value := 0, 0
		for _, s := range r.Stairs {
			c.put(`<line class="%s" x1="%.2f%%" x2="%.2f%%" y1="%.1f" y2="%.1f"/>`, r.Class, x(from), x(s.Days), y(value), y(value))
			c.put(`<line class="%s" x1="%.2f%%" x2="%.2f%%" y1="%.1f" y2="%.1f"><title>%s</title></line>`, r.Class, x(s.Days), x(s.Days), y(value), y(s.Value), escaped(s.Words))
			from, value = s.Days, s.Value
		}
		c.put(`<line class="%s" x1="%.2f%%" x2="%.2f%%" y1="%.1f" y2="%.1f"/>`, r.Class, x(from), x(days), y(value), y(value))
	}
	for i, m := range marks {
		c.tick(i, len(marks), x(m.Days), lineHeight, m.Label)
	}
	return c.close()
}
