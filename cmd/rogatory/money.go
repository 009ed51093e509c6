// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"rogatory"
	"rogatory/api"
	"rogatory/treaty"
)

// moneyCmds stop money, and say what came back.
type moneyCmds struct {
	Report    moneyReportCmd    `cmd:"" help:"Turn a fraud report into a freeze request: one line for each hop of the money."`
	Recovered moneyRecoveredCmd `cmd:"" help:"What of attempted losses was frozen and returned, by currency."`
}

type moneyReportCmd struct {
	To        string   `help:"State where the money is now, or STATE/AUTHORITY." required:"" placeholder:"XB"`
	Payment   []string `help:"A hop, first one first: FROM > TO, AMOUNT CODE, TIME; an account may name its institution after @." required:"" placeholder:"HOP" sep:"none"`
	Account   string   `help:"What happened, in a sentence or two." required:""`
	Law       string   `help:"Provision of law that makes it an offence." required:""`
	Authority string   `help:"Authority that asks, as the other State would address it." required:""`
	File      string   `help:"File number of the police or the bank." required:"" placeholder:"2026/118"`
	Language  string   `help:"Language of the words." default:"en"`
}

// Run drafts the freeze request. A second person sends it.
func (c *moneyReportCmd) Run(d *desk) error {
	report := treaty.FraudReport{Authority: c.Authority, Account: c.Account, Law: c.Law, File: c.File, Language: c.Language}
	for _, text := range c.Payment {
		p, err := payment(text)
		if err != nil {
			return err
		}
		report.Payments = append(report.Payments, p)
	}
	client, err := d.client()
	if err != nil {
		return err
	}
	draft := api.Draft{To: addressOf(c.To), Request: treaty.FreezeRequest(report)}
	if err := complete(d, client, &draft); err != nil {
		return err
	}
	f, err := client.Draft(d.ctx, draft)
	if err != nil {
		return err
	}
	return drafted(d, client, f)
}

type moneyRecoveredCmd struct{}

// Run shows what was recovered.
func (c *moneyRecoveredCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	all, err := client.Money(d.ctx)
	if err != nil {
		return err
	}
	return d.give(all, func(w io.Writer) {
		for _, t := range all {
			fmt.Fprintf(w, "%s\t%d requests\t%s attempted\t%s frozen\t%s returned\t%d.%d %%\n", t.Code, t.Requests, t.Attempted, t.Frozen, t.Returned, t.Share/10, t.Share%10)
		}
		if len(all) == 0 {
			d.say("nothing was reported yet; the act report_recovery does")
		}
	})
}

// payment reads "GB29 1@Bank One > DE89 2, 12500.00 EUR, 2026-11-25T09:58Z".
func payment(text string) (rogatory.Payment, error) {
	wrong := usage("%.120q is not a payment", text).WithHint("write FROM > TO, AMOUNT CODE, TIME: 'AU12 0001@Aurelia Savings > XB77 9001@Bank of Borealia, 12500.00 EUR, 2026-11-25T09:58Z'")
	parts := strings.Split(text, ",")
	from, to, ok := strings.Cut(parts[0], ">")
	if len(parts) != 3 || !ok {
		return rogatory.Payment{}, wrong
	}
	at, err := moment(strings.TrimSpace(parts[2]))
	if err != nil {
		return rogatory.Payment{}, err
	}
	p := rogatory.Payment{From: accountOf(from), To: accountOf(to), Amount: sum(parts[1]), At: at}
	if !p.Amount.Valid() || p.From.Number == "" || p.To.Number == "" {
		return rogatory.Payment{}, wrong
	}
	return p, nil
}

func accountOf(text string) rogatory.Account {
	number, institution, _ := strings.Cut(text, "@")
	return rogatory.Account{Number: strings.TrimSpace(number), Institution: strings.TrimSpace(institution)}
}

// sum reads "12500.00 EUR"; what is not one is not Valid.
func sum(text string) rogatory.Amount {
	value, code, _ := strings.Cut(strings.TrimSpace(text), " ")
	return rogatory.Amount{Value: value, Code: strings.TrimSpace(code)}
}

// asset reads "4100.00/12500.00 EUR" for an account.
func asset(account, text string) (rogatory.Asset, error) {
	amounts, code, _ := strings.Cut(strings.TrimSpace(text), " ")
	frozen, asked, ok := strings.Cut(amounts, "/")
	a := rogatory.Asset{Account: accountOf(account), Frozen: sum(frozen + " " + code), Asked: sum(asked + " " + code)}
	if !ok || !a.Frozen.Valid() || !a.Asked.Valid() {
		return a, usage("%.80q is not what was frozen of what was asked for", text).WithHint("write --asset 'XB77 9001@Bank of Borealia=4100.00/12500.00 EUR'")
	}
	return a, nil
}
