// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package claim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// table says what follows from every event in every state.
var table = map[Event]map[State]State{
	Intends:    {None: Fresh, Elsewhere: Fresh, Tried: Tried, Fresh: Fresh, Pending: Pending, Held: Held},
	Answered:   {None: Held, Elsewhere: Held, Tried: Held, Fresh: Held, Pending: Held, Held: Held},
	Refused:    {None: None, Elsewhere: Elsewhere, Tried: Tried, Fresh: Tried, Pending: Pending, Held: Held},
	Unanswered: {None: None, Elsewhere: Elsewhere, Tried: Pending, Fresh: Pending, Pending: Pending, Held: Held},
	Missed:     {None: None, Elsewhere: Elsewhere, Tried: Tried, Fresh: Fresh, Pending: Pending, Held: Held},
	SawSent:    {None: None, Elsewhere: Elsewhere, Tried: None, Fresh: Held, Pending: Held, Held: Held},
	SawOther:   {None: None, Elsewhere: Elsewhere, Tried: None, Fresh: None, Pending: None, Held: Held},
	Adopts:     {None: Held, Elsewhere: Held, Tried: Held, Fresh: Held, Pending: Held, Held: Held},
	Yields:     {None: None, Elsewhere: None, Tried: None, Fresh: None, Pending: None, Held: None},
	Ends:       {None: None, Elsewhere: None, Tried: None, Fresh: None, Pending: None, Held: None},
}

func TestWhatFollowsFromEveryEventInEveryState(t *testing.T) {
	cases := 0
	for _, event := range Events() {
		for _, state := range States() {
			want, known := table[event][state]
			if !known {
				t.Errorf("nobody says what follows in the state %q when %s", state, event)
			}
			if got := state.After(event); got != want {
				t.Errorf("in the state %q, %s: got %q, want %q", state, event, got, want)
			}
			cases++
		}
	}
	if cases != len(Events())*len(States()) || cases != 60 {
		t.Errorf("%d cases", cases)
	}
}

// A sentence for each promise, over every way to get there.
func TestNoEventGivesARightThatIsNotOnesOwn(t *testing.T) {
	for _, state := range States() {
		for _, event := range []Event{Intends, Refused, Unanswered, Missed, SawOther, Yields, Ends} {
			if state != Held && state.After(event) == Held {
				t.Errorf("in the state %q, %s makes the object the resource's own", state, event)
			}
		}
	}
}

func TestNothingOfACreateTakesAHeldClaimAway(t *testing.T) {
	for _, event := range []Event{Intends, Answered, Refused, Unanswered, Missed, SawSent, SawOther} {
		if Held.After(event) != Held {
			t.Errorf("%s loses the claim", event)
		}
	}
}

func TestACreationThatIsRefusedForDaysRestsInOneState(t *testing.T) {
	state := None
	for attempt := range 10 {
		state = state.After(Missed).After(Intends).After(Refused)
		if state != Tried || state.Claims() {
			t.Fatalf("after attempt %d: %q", attempt+1, state)
		}
	}
}

// docs/claims.md has the same table, written from the code.
func TestTheDocumentedTableIsTheOneOfTheCode(t *testing.T) {
	page := filepath.Join("..", "..", "docs", "claims.md")
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- The table is written by the tests of internal/claim: UPDATE_GOLDEN=1 go test ./internal/claim -->\n", "<!-- end of the table -->\n"
	before, rest, found := strings.Cut(string(content), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("docs/claims.md has no place for the table")
	}
	want := before + begin + documented() + end + after
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want != string(content) && os.Getenv("UPDATE_GOLDEN") == "" {
		t.Errorf("docs/claims.md has another table than the code, which says\n%s", documented())
	}
}

func documented() string {
	var text strings.Builder
	text.WriteString("| what happens |")
	for _, state := range States() {
		text.WriteString(" " + named(state) + " |")
	}
	text.WriteString("\n|---" + strings.Repeat("|---", len(States())) + "|\n")
	for _, event := range Events() {
		text.WriteString("| " + string(event) + " |")
		for _, state := range States() {
			if after := state.After(event); after == state {
				text.WriteString(" = |")
			} else {
				text.WriteString(" " + named(after) + " |")
			}
		}
		text.WriteString("\n")
	}
	return text.String()
}

func named(state State) string {
	if state == None {
		return "None"
	}
	return string(state)
}
