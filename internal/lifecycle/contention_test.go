// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const interval = marketplace.DefaultInterval

// meddling is what somebody does to the user again and again.
type meddling struct {
	meddle func(*world)
	// correction is the write that undoes it.
	correction string
	fields     []string
	message    string
}

func meddlings() map[string]meddling {
	return map[string]meddling{
		"changes the e-mail": {
			func(w *world) { w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"}) },
			patchUser, []string{"Email"}, "somebody keeps changing Email of " + userPath + " back: find out who",
		},
		"changes two fields": {
			func(w *world) {
				w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example", "LastName": "Theirs"})
			},
			patchUser, []string{"LastName", "Email"}, "somebody keeps changing LastName, Email of " + userPath + " back: find out who",
		},
		"deletes it": {
			func(w *world) { w.mutate(http.MethodDelete, userPath, nil) },
			postUser, []string{"ID"}, "somebody keeps deleting " + userPath + ": find out who",
		},
	}
}

func changeEmail(w *world) {
	w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
}

// quarrel lets somebody meddle until the operator stops to undo it at once.
func (w *world) quarrel(user *v1alpha1.BuyerUser, meddle func(*world)) {
	w.t.Helper()
	for number := range int32(3) {
		meddle(w)
		w.mustPass(user)
		w.expect(user, "Ready", "True Corrected")
		if last := user.Status.LastDrift; last == nil || last.Corrections != number+1 {
			w.t.Fatalf("after correction %d: %+v", number+1, last)
		}
	}
	meddle(w)
	w.mustPass(user)
	w.expectContended(user)
}

func (w *world) expectContended(user *v1alpha1.BuyerUser) {
	w.t.Helper()
	w.expect(user, "Ready", "False Contended")
	w.expect(user, "Synced", "False Contended")
	w.expect(user, "Stalled", "True Contended")
	w.expect(user, "Drifted", "True Drifted")
}

func TestWhatSomebodyKeepsUndoingIsLeftAloneAfterThreeCorrections(t *testing.T) {
	for name, test := range meddlings() {
		t.Run("somebody "+name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.ready(user)
			w.forget()
			w.quarrel(user, test.meddle)
			w.expectWrites(append(slices.Repeat([]string{test.correction, "patch status"}, 3), "patch status")...)
			if got := w.whyNotReady(user); !strings.HasPrefix(got, test.message) {
				t.Errorf("got %q", got)
			}
			if diff := cmp.Diff(test.fields, user.Status.LastDrift.Fields); diff != "" || len(user.Status.Drift) != len(test.fields) {
				t.Errorf("drift %v, fields of lastDrift (-want +got)\n%s", user.Status.Drift, diff)
			}
			w.events()
			w.forget()
			for range 3 { // nothing changes, so nothing is written
				result, err := w.pass(user)
				if err != nil || result.RequeueAfter != w.untilTick() {
					t.Errorf("got %+v, %v", result, err)
				}
			}
			w.start() // what is known is in the status
			w.mustPass(user)
			w.expectWrites()
			w.expectEvents()
		})
	}
}

// tryAgain counts the intervals until the operator undoes once more what somebody
// did, and lets them do it again.
func (w *world) tryAgain(user *v1alpha1.BuyerUser, test meddling, restarts bool) int {
	w.t.Helper()
	w.forget()
	for waited := 1; waited <= 40; waited++ {
		w.clock.SetTime(w.clock.Now().Add(interval))
		if restarts {
			w.start()
		}
		w.mustPass(user)
		if slices.Contains(w.written(), test.correction) {
			w.expect(user, "Ready", "True Corrected")
			test.meddle(w)
			w.mustPass(user)
			w.expectContended(user)
			return waited
		}
		w.expectWrites()
		w.expectContended(user)
	}
	w.t.Fatal("never tried again")
	return 0
}

func TestAContendedObjectIsPutBackEverMoreSeldom(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		of       string
		restarts bool
	}{
		"one that is changed":                          {"changes the e-mail", false},
		"one that is deleted":                          {"deletes it", false},
		"though the operator restarts again and again": {"changes the e-mail", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			user := declaredUser()
			w.ready(user)
			does := meddlings()[test.of]
			w.quarrel(user, does.meddle)
			var got []int
			for range 6 {
				got = append(got, w.tryAgain(user, does, test.restarts))
			}
			if diff := cmp.Diff([]int{1, 2, 4, 8, 16, 16}, got); diff != "" {
				t.Errorf("tried after so many intervals (-want +got)\n%s", diff)
			}
		})
	}
}

// Nobody asks for looks: those that are due anyway have to notice.
func TestAFightIsNoticedByTheLooksThatAreDueAnyway(t *testing.T) {
	for name, apart := range map[string]time.Duration{"on time": interval, "late": interval + interval/5} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.ready(user)
			for range 3 {
				w.clock.SetTime(w.clock.Now().Add(apart))
				changeEmail(w)
				w.mustPass(user)
				w.expect(user, "Ready", "True Corrected")
			}
			w.clock.SetTime(w.clock.Now().Add(apart))
			changeEmail(w)
			w.mustPass(user)
			w.expectContended(user)
		})
	}
}

func TestAQuietTimeEndsAFight(t *testing.T) {
	for name, test := range map[string]struct {
		tries  int
		quiet  time.Duration
		forgot bool
	}{
		"not yet, after the first corrections": {0, 2 * interval, false},
		"after the first corrections":          {0, 2*interval + time.Second, true},
		"not yet, after a long fight":          {2, 2 * (4*interval + interval), false},
		"after a long fight":                   {2, 2*(4*interval+interval) + time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.ready(user)
			corrections := int32(2)
			if test.tries == 0 {
				for range corrections {
					changeEmail(w)
					w.mustPass(user)
				}
			} else {
				corrections = 3 + int32(test.tries)
				w.quarrel(user, changeEmail)
				for range test.tries {
					w.tryAgain(user, meddlings()["changes the e-mail"], false)
				}
				// Whoever it was gives in.
				w.mutate(http.MethodPatch, userPath, map[string]any{"Email": user.Spec.Email})
				w.mustPass(user)
				w.expect(user, "Ready", "True InSync")
			}
			w.clock.SetTime(w.clock.Now().Add(test.quiet))
			changeEmail(w)
			w.mustPass(user)
			want := corrections + 1
			if test.forgot {
				want = 1
			} else if test.tries > 0 {
				want = corrections // and is not corrected
			}
			if got := user.Status.LastDrift.Corrections; got != want {
				t.Errorf("the corrections in a row are %d, want %d", got, want)
			}
		})
	}
}

func TestAnotherFieldIsAnotherStory(t *testing.T) {
	for name, before := range map[string]func(*world, *v1alpha1.BuyerUser){
		"after a correction":                    func(*world, *v1alpha1.BuyerUser) {},
		"instead of the one that was contended": func(w *world, user *v1alpha1.BuyerUser) { changeEmail(w); w.mustPass(user) },
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.ready(user)
			for range 3 {
				changeEmail(w)
				w.mustPass(user)
			}
			before(w, user)
			w.clock.SetTime(w.clock.Now().Add(time.Minute))
			w.mutate(http.MethodPatch, userPath, map[string]any{"Email": user.Spec.Email, "LastName": "Theirs"})
			w.mustPass(user)
			w.expect(user, "Ready", "True Corrected")
			last := user.Status.LastDrift
			if last.Corrections != 1 || !slices.Equal(last.Fields, []string{"LastName"}) || !last.DetectedTime.Time.Equal(w.clock.Now()) {
				t.Errorf("it goes on from the other field: %+v", last)
			}
		})
	}
}

func TestANewDeclarationIsWrittenAtOnceThoughTheObjectIsContended(t *testing.T) {
	for name, fault := range map[string]*sandbox.Fault{
		"in one pass":                     nil,
		"after a look that failed":        {Method: http.MethodGet, Path: "/v1/buyers/**", Status: http.StatusInternalServerError, Count: 10},
		"after a write that was refused":  {Method: http.MethodPatch, Status: http.StatusInternalServerError, Count: 10},
		"after a write that was not seen": {Method: http.MethodPatch, Kind: sandbox.FaultLostAnswer, Count: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.ready(user)
			w.quarrel(user, changeEmail)
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.Phone = new("555-0100") })
			if fault != nil {
				w.box.Inject(*fault)
				w.mustPass(user)
				w.expect(user, "Synced", "False Unavailable")
				w.box.ClearFaults()
			}
			w.mustPass(user)
			if status, reason := readyStatus(user); status != "True" {
				t.Errorf("not Ready: %s: %s", reason, w.whyNotReady(user))
			}
			w.expectField(userPath, "Email", user.Spec.Email)
			w.expectField(userPath, "Phone", "555-0100")
		})
	}
}

func TestWhoOnlyWatchesDoesNotFight(t *testing.T) {
	w := begin(t)
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil))
	user := declaredUser()
	user.Spec.ManagementPolicy = v1alpha1.ManagementObserve
	w.declare(user)
	w.mustPass(user)
	for range 6 {
		changeEmail(w)
		w.mustPass(user)
		w.expect(user, "Ready", "False Drifted")
		w.mutate(http.MethodPatch, userPath, map[string]any{"Email": user.Spec.Email})
		w.mustPass(user)
		w.expect(user, "Ready", "True InSync")
	}
	if last := user.Status.LastDrift; last.Corrections != 0 {
		t.Errorf("the corrections of one that writes nothing are %d", last.Corrections)
	}
}

func TestWhoOnlyWatchesFromNowOnDoesNotFightAnyMore(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.ready(user)
	w.quarrel(user, changeEmail)
	edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
	for range 2 {
		w.mustPass(user)
		w.expect(user, "Ready", "False Drifted")
		w.expect(user, "Synced", "True Drifted")
	}
}
