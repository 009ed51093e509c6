// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// tallies turns what the office counts into metrics when they are asked for, so that they say what is
// in the database and not what this process remembers.
type tallies struct{ s *server }

var (
	journalEntries = prometheus.NewDesc("rogatory_journal_entries", "Entries in the journal.", nil, nil)
	deliveries     = prometheus.NewDesc("rogatory_outbox_deliveries", "Deliveries by state, each counted up to 1000.", []string{"state"}, nil)
	oldest         = prometheus.NewDesc("rogatory_outbox_oldest_seconds", "Age of the oldest delivery that waits.", nil, nil)
	sent           = prometheus.NewDesc("rogatory_messages_sent_total", "Messages made for a State.", []string{"peer"}, nil)
	received       = prometheus.NewDesc("rogatory_messages_received_total", "Messages of a State that have had their effect.", []string{"peer"}, nil)
	failures       = prometheus.NewDesc("rogatory_peer_failures", "Deliveries to a State that failed in a row.", []string{"peer"}, nil)
	requests       = prometheus.NewDesc("rogatory_requests_open", "Requests that are not over, by state, each counted up to 1000.", []string{"state"}, nil)
	wellness       = prometheus.NewDesc("rogatory_check_ok", "Whether a check of the node's health is good.", []string{"check"}, nil)
)

// Describe implements prometheus.Collector.
func (t tallies) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{journalEntries, deliveries, oldest, sent, received, failures, requests, wellness} {
		to <- d
	}
}

// Collect implements prometheus.Collector. When the office cannot count, the scrape fails: no number is
// better than an old one.
func (t tallies) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), healthWait)
	defer cancel()
	n, err := t.s.Office.Tally(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(journalEntries, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(journalEntries, float64(n.Journal))
	gauge(deliveries, float64(n.Waiting), "waiting")
	gauge(deliveries, float64(n.Dead), "dead")
	age := 0.0
	if n.Oldest != 0 {
		age = t.s.Clock.Now().Sub(n.Oldest.Time()).Seconds()
	}
	gauge(oldest, max(age, 0))
	for state, count := range n.Open {
		gauge(requests, float64(count), string(state))
	}
	for peer, p := range n.Peers {
		gauge(failures, float64(p.Failures), string(peer))
		to <- prometheus.MustNewConstMetric(sent, prometheus.CounterValue, float64(p.Sent), string(peer))
		to <- prometheus.MustNewConstMetric(received, prometheus.CounterValue, float64(p.Received), string(peer))
	}
	if t.s.Health == nil {
		return
	}
	for _, c := range t.s.Health(ctx) {
		ok := 0.0
		if c.OK {
			ok = 1
		}
		gauge(wellness, ok, c.Name)
	}
}

func (s *server) metrics() http.Handler {
	registry := prometheus.NewRegistry() // its own: two nodes in one process must not share one
	registry.MustRegister(tallies{s})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: 2, Timeout: healthWait})
}
