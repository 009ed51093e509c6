// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/notice"
	"rogatory/notice/post"
	"rogatory/store"
)

func (s *server) noticeRoutes(mux *http.ServeMux) {
	handle := func(pattern string, f func(*server, *visit) error) { s.page(mux, pattern, f) }
	handle("GET notices", (*server).noticesPage)
	handle("POST notices", (*server).noticesChosen)
	handle("POST notices/stop", (*server).noticesStopped)
	handle("POST notices/test", (*server).noticesTested)
	handle("GET notices/all", (*server).noticesAll)
	handle("GET notices/{number}", (*server).noticeItem)
}

// itemView is something that a person was told, with what it means inside.
type itemView struct {
	store.NoticeItem
	Opens bool // the person may open the request
}

type noticesView struct {
	Fields  []field
	Off     bool // nothing was chosen
	Ways    bool // this node has channels
	Reached bool // and the person an address on one
	Items   []itemView
	Sent    []sentView
	All     bool // the person may see what others were sent
}

// sentView is one attempt at one channel, or a notice that was not tried yet.
type sentView struct {
	Person, Time, Channel, Code string
	Test                        bool
}

// What the page shows of the past: a screen's worth.
const (
	lastItems = 25
	lastSent  = 25
	allSent   = 100
	// maxTries is how many attempts a page shows, of however many notices: more does not cross a slow line.
	maxTries = 300
)

func (s *server) noPost() error {
	return rogatory.Fault(rogatory.NotFound, "page_unknown", "this office tells nobody anything")
}

func (s *server) noticesPage(v *visit) error {
	if s.Post == nil {
		return s.noPost()
	}
	c, found, err := s.Post.Choice(v.ctx, v.by)
	if err != nil {
		return err
	}
	if !found {
		c = notice.Choice{Language: v.loc.Tag(), About: notice.Sorts(), Days: usualDays, Zone: zoneOf(s.party(s.Office.Us.State)), Hour: usualHour}
	}
	quiet := func(t notice.Clock) string {
		if c.QuietFrom == c.QuietTo {
			return ""
		}
		return t.String()
	}
	when := "once"
	if c.Daily {
		when = "daily"
	}
	var about []string
	for _, a := range c.About {
		about = append(about, string(a))
	}
	return s.showNotices(v, http.StatusOK, !found, s.noticeFields(v, map[string]string{"language": c.Language, "channels": joinLines(c.Channels), "about": joinLines(about),
		"days": strconv.Itoa(max(c.Days, 1)), "zone": c.Zone, "when": when, "hour": c.Hour.String(), "quiet_from": quiet(c.QuietFrom), "quiet_to": quiet(c.QuietTo)}))
}

// What a fresh form says.
const (
	usualDays              = 3
	usualHour notice.Clock = 8 * 60
)

func (s *server) noticeFields(v *visit, x map[string]string) []field {
	f := func(name, form string, options ...option) field {
		return field{Name: name, Label: v.loc.T("notices." + name), Form: form, Value: x[name], Needed: true, Options: options}
	}
	language, channels, about, when, hour, zone := f("language", "select"), f("channels", "check"), f("about", "check"), f("when", "radio"), f("hour", "text"), f("zone", "text")
	for _, l := range s.spoken {
		language.Options = append(language.Options, option{l.Tag(), l.Language(l.Tag())})
	}
	channels.Hint = v.loc.T("notices.channels.hint")
	for _, w := range s.Post.Ways(v.by) {
		if w.Reaches {
			channels.Options = append(channels.Options, option{w.Channel, w.Channel})
		}
	}
	for _, sort := range notice.Sorts() {
		if sort == notice.Approval && v.by.Role != rogatory.Decider {
			continue // nobody asks that of them
		}
		if sort == notice.Vote && !docket.MayHold(v.by.Role) {
			continue
		}
		about.Options = append(about.Options, option{string(sort), v.loc.T("notices.about." + string(sort))})
	}
	for _, w := range []string{"once", "daily"} {
		when.Options = append(when.Options, option{w, v.loc.T("notices.when." + w)})
	}
	hour.Hint, zone.Hint = v.loc.T("notices.hour.hint"), v.loc.T("notices.zone.hint", "zone", zoneOf(s.party(s.Office.Us.State)))
	from, to := f("quiet_from", "text"), f("quiet_to", "text")
	from.Hint, from.Needed, to.Needed = v.loc.T("notices.quiet.hint"), false, false
	return []field{language, channels, about, f("days", "number"), when, hour, from, to, zone}
}

func (s *server) showNotices(v *visit, status int, off bool, fields []field) error {
	ways := s.Post.Ways(v.by)
	view := noticesView{Fields: fields, Off: off, Ways: len(ways) > 0, Reached: slices.ContainsFunc(ways, func(w post.Way) bool { return w.Reaches }), All: v.by.Role == rogatory.Administrator}
	items, err := s.Post.Items(v.ctx, v.by, lastItems)
	if err != nil {
		return err
	}
	for _, n := range items {
		view.Items = append(view.Items, itemView{n, docket.MayRead(v.by) == nil})
	}
	sent, err := s.Post.Sent(v.ctx, v.by, false, lastSent)
	if err != nil {
		return err
	}
	view.Sent = s.sentOf(v, sent)
	return v.show(status, noticesScreen(v.frame(v.loc.T("notices.title"), "notices"), view))
}

func (s *server) sentOf(v *visit, all []post.Sent) (views []sentView) {
	zone := zoneOf(s.party(s.Office.Us.State))
	for _, l := range all {
		if len(views) > maxTries-notice.MaxChannels*notice.MaxTries {
			break
		}
		for _, t := range l.Tries {
			views = append(views, sentView{l.Person, when(v.loc, t.Begun, zone), t.Channel, t.Code, l.Test})
		}
		if len(l.Tries) == 0 && l.DueAt != 0 {
			views = append(views, sentView{l.Person, when(v.loc, l.Made, zone), strings.Join(l.Channels, ", "), "", l.Test})
		}
	}
	return views
}

// noticesChosen keeps how the person wants to be told. A form that cannot be taken keeps what was typed.
func (s *server) noticesChosen(v *visit) error {
	if s.Post == nil {
		return s.noPost()
	}
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_invalid", "read the form: %w", err)
	}
	x := map[string]string{}
	for name := range v.r.PostForm {
		x[name] = strings.TrimSpace(joinLines(v.r.PostForm[name]))
	}
	fields := s.noticeFields(v, x)
	wrong := func(name, key string) {
		for i := range fields {
			if fields[i].Name == name && fields[i].Wrong == "" {
				fields[i].Wrong = v.loc.T(key)
			}
		}
	}
	c := notice.Choice{Language: x["language"], Channels: lines(x["channels"]), Zone: x["zone"], Daily: x["when"] == "daily"}
	for _, a := range lines(x["about"]) {
		c.About = append(c.About, notice.Sort(a))
	}
	clock := func(name string, empty bool) notice.Clock {
		t, ok := notice.ParseClock(x[name])
		if !ok && !(empty && x["quiet_from"] == "" && x["quiet_to"] == "") {
			wrong(name, "notices.wrong.hour")
		}
		return t
	}
	c.QuietFrom, c.QuietTo, c.Hour = clock("quiet_from", true), clock("quiet_to", true), clock("hour", false)
	if slices.Contains(c.About, notice.Due) {
		days, err := strconv.Atoi(x["days"])
		if c.Days = days; err != nil || days < 1 || days > notice.MaxDays {
			wrong("days", "notices.wrong.days")
		}
	}
	if len(c.Channels) == 0 {
		wrong("channels", "notices.wrong.none")
	}
	if len(c.About) == 0 {
		wrong("about", "notices.wrong.none")
	}
	if !anyWrong(fields) {
		err := s.Post.Choose(v.ctx, v.by, c)
		if err == nil {
			v.say("notices.saved")
			return v.to("notices")
		}
		if rogatory.CodeOf(err) != "notice_choice_invalid" {
			return err
		}
		wrong("zone", "notices.wrong.zone") // all else was looked at above
	}
	_, found, err := s.Post.Choice(v.ctx, v.by)
	if err != nil {
		return err
	}
	return s.showNotices(v, http.StatusUnprocessableEntity, !found, fields)
}

func (s *server) noticesStopped(v *visit) error {
	if s.Post == nil {
		return s.noPost()
	}
	if err := s.Post.Stop(v.ctx, v.by); err != nil {
		return err
	}
	v.say("notices.stopped")
	return v.to("notices")
}

func (s *server) noticesTested(v *visit) error {
	if s.Post == nil {
		return s.noPost()
	}
	if err := s.Post.Test(v.ctx, v.by); err != nil {
		return err
	}
	v.say("notices.tested")
	return v.to("notices")
}

// noticesAll shows an administrator what everybody was sent.
func (s *server) noticesAll(v *visit) error {
	if s.Post == nil {
		return s.noPost()
	}
	sent, err := s.Post.Sent(v.ctx, v.by, true, allSent)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, noticesAllScreen(v.frame(v.loc.T("notices.all"), "notices"), s.sentOf(v, sent)))
}

// noticeItem opens what a number means that the person was told.
func (s *server) noticeItem(v *visit) error {
	if s.Post == nil {
		return s.noPost()
	}
	number, err := strconv.ParseInt(v.r.PathValue("number"), 10, 64)
	if err != nil {
		return rogatory.Fault(rogatory.NotFound, "notice_unknown", "%.40q is no number of an item", v.r.PathValue("number"))
	}
	n, err := s.Post.Item(v.ctx, v.by, number)
	if err != nil {
		return err
	}
	return v.to("requests/" + string(n.Request))
}
