// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"rogatory"
)

// Difference is one field in which two entries of a State differ, named as in the entry's JSON.
type Difference struct {
	Field string `json:"field"` // such as endpoint or authorities[0].message_recipient
	Has   string `json:"has"`   // in the first entry; empty if it is not there
	Wants string `json:"wants"` // in the second
}

// Differences compares what the directory has with what a State wants it to have, in the order of the
// fields' names. It is empty if both are encoded alike.
func Differences(has, wants rogatory.Party) ([]Difference, error) {
	a, err := fields(has)
	if err != nil {
		return nil, err
	}
	b, err := fields(wants)
	if err != nil {
		return nil, err
	}
	var list []Difference
	for name, v := range a {
		if w := b[name]; v != w {
			list = append(list, Difference{name, v, w})
		}
	}
	for name, w := range b {
		if _, both := a[name]; !both && w != "" {
			list = append(list, Difference{name, "", w})
		}
	}
	slices.SortFunc(list, func(x, y Difference) int { return cmp.Compare(x.Field, y.Field) })
	return list, nil
}

// fields flattens an entry.
func fields(p rogatory.Party) (map[string]string, error) {
	data, err := encodeParty(p)
	if err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, invalidParty(p.Code, "%w", err)
	}
	flat := map[string]string{}
	flatten("", v, flat)
	return flat, nil
}

func flatten(name string, v any, flat map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			flatten(strings.TrimPrefix(name+"."+key, "."), member, flat)
		}
	case []any:
		var texts []string
		for i, member := range v {
			if s, ok := member.(string); ok {
				texts = append(texts, s)
			} else {
				flatten(fmt.Sprintf("%s[%d]", name, i), member, flat)
			}
		}
		if len(texts) > 0 {
			flat[name] = strings.Join(texts, ", ")
		}
	case nil:
	default:
		flat[name] = fmt.Sprint(v)
	}
}
