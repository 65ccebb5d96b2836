// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package claim

// Event is what happens to a claim.
type Event string

const (
	// Intends is that a create is about to be sent.
	Intends Event = "a create is about to be sent"
	// Answered is OrderCloud's own answer that a write took effect.
	Answered Event = "OrderCloud answers that it took effect"
	// Refused is that a create certainly had no effect: OrderCloud itself refused it, or
	// it was never sent.
	Refused Event = "the create was refused, or never sent"
	// Unanswered is that a create was sent, and nothing is known of its effect.
	Unanswered Event = "the create was sent, and its effect is not known"
	// Missed is a look that found no object.
	Missed Event = "a look finds no object"
	// SawSent is a look at an object that shows exactly what the latest create sent.
	SawSent Event = "a look shows exactly what was sent"
	// SawOther is a look at an object that shows something else.
	SawOther Event = "a look shows something else"
	// Adopts is that adoptionPolicy allows the object that is there.
	Adopts Event = "adoptionPolicy allows what is there"
	// Yields is that another resource has the better right.
	Yields Event = "another resource has the better right"
	// Ends is that the object is deleted, handed over, left alone or let go.
	Ends Event = "the object is deleted, handed over or let go"
)

// States lists the states of a claim, in the order of their strength.
func States() []State { return []State{None, Elsewhere, Tried, Fresh, Pending, Held} }

// Events lists what can happen to a claim.
func Events() []Event {
	return []Event{Intends, Answered, Refused, Unanswered, Missed, SawSent, SawOther, Adopts, Yields, Ends}
}

// After returns the state that follows from an event. It is a pure function: whose an
// object is, is decided here and nowhere else.
func (s State) After(event Event) State {
	switch event {
	case Intends:
		return s.intending()
	case Answered, Adopts:
		return Held
	case Refused:
		return s.refused()
	case Unanswered:
		return s.unanswered()
	case SawSent:
		if s.IsPending() {
			return Held
		}
		return s.After(SawOther)
	case SawOther:
		// What is there was made by another, whatever becomes of the create.
		if s.IsPending() || s == Tried {
			return None
		}
	case Yields, Ends:
		return None
	case Missed:
	}
	return s
}

// intending makes a claim before a create is sent, so that a process that ends in between
// leaves no object behind that nobody owns. What is claimed elsewhere is given up for it.
func (s State) intending() State {
	if s == None || s == Elsewhere {
		return Fresh
	}
	return s
}

// refused takes back the claim that the same pass has made. An older one stays: what was
// owned before the object vanished is owned when it comes back.
func (s State) refused() State {
	if s == Fresh {
		return Tried
	}
	return s
}

func (s State) unanswered() State {
	if s == Fresh || s == Tried {
		return Pending
	}
	return s
}
