// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const (
	clientID     = "5A3D0C5E-1D7B-4C0E-9A43-0000000000A1"
	clientSecret = "q7-client-secret"
	// anotherSecret is what the API client's secret may be changed to, and
	// anotherClientID an API client of the same marketplace.
	anotherSecret   = "q7-another-secret"
	anotherClientID = "5A3D0C5E-1D7B-4C0E-9A43-0000000000A2"
)

// world is a registry, what Kubernetes holds, and the sandbox behind an address.
type world struct {
	t *testing.T
	// box has the operator's API client; another is the marketplace of another seller
	// at the same address.
	box, another *sandbox.Sandbox
	url          string
	clock        *clocktesting.FakeClock
	// hold, when set, is called while GET /v1/me waits for its answer.
	hold atomic.Pointer[func()]

	kube     client.WithWatch
	registry *marketplace.Registry

	lock sync.Mutex
	// fresh makes prove ask again.
	fresh bool
	// failing is what reading a Secret itself answers, if not nil.
	failing error
	// failingFor is the name of what may not be read.
	failingFor string
	// secretsRead counts how often a Secret itself was read.
	secretsRead int
}

func begin(t *testing.T, objects ...client.Object) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{t: t, clock: clocktesting.NewFakeClock(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))}
	w.open()
	for _, object := range objects {
		if declared, ok := object.(*v1alpha1.Marketplace); ok && declared.Spec.URL == "" {
			declared.Spec.URL = w.url
		}
	}
	w.kube = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build()
	secrets := interceptor.NewClient(w.kube, interceptor.Funcs{
		Get: func(ctx context.Context, to client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			w.lock.Lock()
			w.secretsRead++
			failing := w.failing
			if key.Name == w.failingFor {
				failing = refused("namespaces")
			}
			w.lock.Unlock()
			if failing != nil {
				return failing
			}
			return to.Get(ctx, key, object, options...)
		},
	})
	w.registry = marketplace.NewRegistry(w.kube, secrets, endpoints(t, w.url, w.elsewhere()), "ordercloud-operator/test")
	w.registry.UseClock(w.clock)
	return w
}

// open opens a region with two marketplaces.
func (w *world) open() {
	w.t.Helper()
	seed := sandbox.DefaultSeed()
	own := seed.Objects["apiclients/"+clientID]
	own["ClientSecret"] = clientSecret
	seed.Objects["apiclients/"+anotherClientID] = maps.Clone(own)
	for box, of := range map[**sandbox.Sandbox]sandbox.Seed{&w.box: seed, &w.another: seed.OfSeller("another-seller")} {
		opened, err := sandbox.New(sandbox.WithSeed(of))
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(opened.ClearFaults)
		*box = opened
	}
	region := sandbox.Region(w.box, w.another)
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if hold := w.hold.Load(); hold != nil && request.URL.Path == "/v1/me" {
			(*hold)()
		}
		region.ServeHTTP(writer, request)
	}))
	w.t.Cleanup(server.Close)
	w.url = server.URL
}

// elsewhere is another address of the same region.
func (w *world) elsewhere() string { return strings.Replace(w.url, "127.0.0.1", "localhost", 1) }

// accept lets OrderCloud take another secret than before.
func (w *world) accept(secret string) {
	w.t.Helper()
	err := w.box.Mutate(sandbox.Mutation{
		Method: http.MethodPatch, Path: "apiclients/" + clientID, Body: map[string]any{"ClientSecret": secret},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// prove asks for the proof of the Marketplace shop/default.
func (w *world) prove() (marketplace.Proof, error) {
	w.t.Helper()
	object := declared()
	if err := w.kube.Get(w.t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		w.t.Fatal(err)
	}
	return w.registry.Prove(w.t.Context(), object, w.fresh)
}

// declared is a Marketplace at the address of the world.
func declared() *v1alpha1.Marketplace {
	return &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "default", UID: "first"},
		Spec:       v1alpha1.MarketplaceSpec{CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"}},
	}
}

func credentials() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "ordercloud", UID: "secret"},
		Data:       map[string][]byte{"clientID": []byte(clientID), "clientSecret": []byte(clientSecret)},
	}
}

func edit[T client.Object](w *world, object T, change func(T)) {
	w.t.Helper()
	if err := w.kube.Get(w.t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		w.t.Fatal(err)
	}
	change(object)
	if err := w.kube.Update(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) connect() *marketplace.Connection {
	w.t.Helper()
	connection, err := w.registry.Connect(w.t.Context(), "shop", v1alpha1.MarketplaceReference{})
	if err != nil {
		w.t.Fatal(err)
	}
	return connection
}

func TestAMarketplacesClientIsRenewedOnlyWhenItHasTo(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*world)
		kept   bool
		reads  int
	}{
		"nothing changes": {func(*world) {}, true, 1},
		"the Secret's labels": {func(w *world) {
			edit(w, credentials(), func(secret *corev1.Secret) { secret.Labels = map[string]string{"a": "b"} })
		}, true, 2},
		"another key of the Secret": {func(w *world) {
			edit(w, credentials(), func(secret *corev1.Secret) { secret.Data["note"] = []byte("x") })
		}, true, 2},
		"a line break at the end": {func(w *world) {
			edit(w, credentials(), func(secret *corev1.Secret) { secret.Data["clientSecret"] = []byte(clientSecret + "\n") })
		}, true, 2},
		"the client's secret": {func(w *world) {
			w.accept(anotherSecret)
			edit(w, credentials(), func(secret *corev1.Secret) { secret.Data["clientSecret"] = []byte(anotherSecret) })
		}, false, 2},
		"the client's ID": {func(w *world) {
			edit(w, credentials(), func(secret *corev1.Secret) { secret.Data["clientID"] = []byte(anotherClientID) })
		}, false, 2},
		"the name of the Secret, with the same credentials": {func(w *world) {
			other := credentials()
			other.Name = "other"
			if err := w.kube.Create(w.t.Context(), other); err != nil {
				w.t.Fatal(err)
			}
			edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.CredentialsSecretRef.Name = "other" })
		}, true, 2},
		"the address": {func(w *world) {
			edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.URL = w.elsewhere() })
		}, false, 2},
		"the rate limit": {func(w *world) {
			edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.RateLimit.RequestsPerSecond = 5 })
		}, true, 1},
		"the concurrency": {func(w *world) {
			edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.RateLimit.Concurrency = 5 })
		}, true, 1},
		"the interval": {func(w *world) {
			edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.Interval = &metav1.Duration{Duration: time.Hour} })
		}, true, 1},
		"the Marketplace is made anew": {func(w *world) {
			if err := w.kube.Delete(w.t.Context(), declared()); err != nil {
				w.t.Fatal(err)
			}
			w.registry.Forget(client.ObjectKeyFromObject(declared()))
			again := declared()
			again.UID, again.Spec.URL = "second", w.url
			if err := w.kube.Create(w.t.Context(), again); err != nil {
				w.t.Fatal(err)
			}
		}, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, declared(), credentials())
			first := w.connect()
			test.change(w)
			for range 3 {
				if kept := w.connect().Client == first.Client; kept != test.kept {
					t.Fatalf("the client is kept: %v", kept)
				}
				if !test.kept {
					first = w.connect() // the new one is kept from now on
					test.kept = true
				}
			}
			if w.secretsRead != test.reads {
				t.Errorf("the Secret was read %d times, want %d", w.secretsRead, test.reads)
			}
		})
	}
}

func TestAllObjectsShareTheClientOfTheirMarketplace(t *testing.T) {
	other := declared()
	other.Name, other.UID = "other", "other"
	w := begin(t, declared(), other, credentials())
	clients := make(chan *ordercloud.Client, 32)
	var group sync.WaitGroup
	for range cap(clients) {
		group.Go(func() {
			connection, err := w.registry.Connect(w.t.Context(), "shop", v1alpha1.MarketplaceReference{Name: "default"})
			if err != nil {
				t.Error(err)
				return
			}
			clients <- connection.Client
		})
	}
	group.Wait()
	close(clients)
	shared := w.connect().Client
	for each := range clients {
		if each != shared {
			t.Error("two clients of one Marketplace")
		}
	}
	if w.secretsRead != 1 {
		t.Errorf("the Secret was read %d times", w.secretsRead)
	}
	elsewhere, err := w.registry.Connect(t.Context(), "shop", v1alpha1.MarketplaceReference{Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if elsewhere.Client == shared {
		t.Error("two Marketplaces share a client, and so their limits")
	}
}

func TestWhyThereIsNoConnectionIsSaid(t *testing.T) {
	for name, test := range map[string]struct {
		secret          *corev1.Secret
		change          func(*v1alpha1.Marketplace)
		reference       string
		reason, message string
		stalled         bool
		retry           failure.Retry
	}{
		"no such Marketplace": {
			secret: credentials(), reference: "nowhere", reason: v1alpha1.ReasonMarketplaceNotFound, retry: failure.AtInterval,
			message: "Marketplace shop/nowhere does not exist: create it",
		},
		"no Secret": {
			reason: v1alpha1.ReasonMarketplaceNotReady, retry: failure.AtInterval,
			message: "Marketplace shop/default is not ready: Secret shop/ordercloud does not exist: create it with the keys clientID and clientSecret",
		},
		"an incomplete Secret": {
			secret: &corev1.Secret{ObjectMeta: credentials().ObjectMeta, Data: map[string][]byte{"clientID": []byte("x"), "clientSecret": []byte(" \n")}},
			reason: v1alpha1.ReasonMarketplaceNotReady, stalled: true, retry: failure.AtInterval,
			message: "Marketplace shop/default is not ready: Secret shop/ordercloud needs the keys clientID and clientSecret, both not empty",
		},
		"a host that is not allowed": {
			secret: credentials(), reason: v1alpha1.ReasonMarketplaceNotReady, stalled: true, retry: failure.AtInterval,
			change:  func(declared *v1alpha1.Marketplace) { declared.Spec.URL = "https://api.ordercloud.io.evil.example" },
			message: "Marketplace shop/default is not ready: the operator may not contact https://api.ordercloud.io.evil.example: its flag --allowed-endpoints does not list it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			marketplaceObject := declared()
			if test.change != nil {
				test.change(marketplaceObject)
			}
			objects := []client.Object{marketplaceObject}
			if test.secret != nil {
				objects = append(objects, test.secret)
			}
			w := begin(t, objects...)
			_, err := w.registry.Connect(t.Context(), "shop", v1alpha1.MarketplaceReference{Name: test.reference})
			problem := failure.As(err)
			if problem == nil {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(test.reason+": "+test.message, problem.Reason+": "+problem.Message); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if problem.Stalled != test.stalled || problem.Retry != test.retry {
				t.Errorf("stalled %v, retry %v", problem.Stalled, problem.Retry)
			}
			if strings.Contains(problem.Error()+problem.Message, clientSecret) {
				t.Error("the secret is told")
			}
		})
	}
}

func TestAMarketplaceOutsideTheWatchedNamespacesIsSaidToBe(t *testing.T) {
	w := begin(t, declared(), credentials())
	w.registry.Restrict([]string{"other", "shop"})
	w.connect()
	w.registry.Restrict([]string{"other"})
	connection, err := w.registry.Connect(t.Context(), "other", v1alpha1.MarketplaceReference{Namespace: "shop"})
	problem := failure.As(err)
	if problem == nil || connection != nil {
		t.Fatalf("got %v, %v", connection, err)
	}
	want := "Marketplace shop/default is in a namespace that the operator does not watch: its flag --watch-namespaces decides"
	if problem.Message != want || problem.Reason != v1alpha1.ReasonMarketplaceNotFound || !problem.Stalled {
		t.Errorf("got %+v", problem)
	}
	w.registry.Restrict(nil)
	w.connect()
}

func TestAHostThatIsNotAllowedNeverGetsTheCredentials(t *testing.T) {
	box, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	object := declared()
	object.Spec.URL = server.URL
	w := begin(t, object, credentials())
	if _, err := w.registry.Prove(t.Context(), object, false); failure.As(err) == nil {
		t.Errorf("got %v", err)
	}
	if w.secretsRead != 0 || box.Stats().Total != 0 {
		t.Errorf("%d reads of the Secret, %d calls", w.secretsRead, box.Stats().Total)
	}
}

func TestASecretThatIsMissingForAMomentIsFoundAgain(t *testing.T) {
	w := begin(t, declared(), credentials())
	first := w.connect().Client
	if err := w.kube.Delete(t.Context(), credentials()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.registry.Connect(t.Context(), "shop", v1alpha1.MarketplaceReference{}); failure.As(err) == nil {
		t.Errorf("got %v", err)
	}
	again := credentials()
	again.UID = "another"
	if err := w.kube.Create(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if w.connect().Client != first {
		t.Error("the same credentials cost a new token")
	}
}

func TestAnUnusableSecretIsReadOnceForAllObjects(t *testing.T) {
	incomplete := credentials()
	delete(incomplete.Data, "clientSecret")
	w := begin(t, declared(), incomplete)
	expect := func(reads int) {
		t.Helper()
		for range 3 {
			_, err := w.registry.Connect(t.Context(), "shop", v1alpha1.MarketplaceReference{})
			problem := failure.As(err)
			if problem == nil || !strings.HasSuffix(problem.Message, "needs the keys clientID and clientSecret, both not empty") {
				t.Fatalf("got %v", err)
			}
		}
		if w.secretsRead != reads {
			t.Errorf("the Secret was read %d times, want %d", w.secretsRead, reads)
		}
	}
	expect(1)
	edit(w, credentials(), func(secret *corev1.Secret) { secret.Data["clientID"] = []byte("another") })
	expect(2)
	edit(w, credentials(), func(secret *corev1.Secret) { secret.Data = credentials().Data })
	first := w.connect().Client
	edit(w, credentials(), func(secret *corev1.Secret) { delete(secret.Data, "clientID") })
	expect(4)
	edit(w, credentials(), func(secret *corev1.Secret) { secret.Data = credentials().Data })
	if w.connect().Client != first {
		t.Error("the same credentials cost a new token")
	}
}

func TestWhatMayPassByItselfIsAskedEachTime(t *testing.T) {
	for name, failing := range map[string]error{
		"the API server does not answer":               errors.New("connection refused"),
		"the Secret is gone, its metadata not noticed": apierrors.NewNotFound(corev1.Resource("secrets"), "ordercloud"),
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, declared(), credentials())
			w.failing = failing
			for range 2 {
				if _, err := w.registry.Connect(t.Context(), "shop", v1alpha1.MarketplaceReference{}); !errors.Is(err, failing) {
					t.Errorf("got %v", err)
				}
			}
			if w.secretsRead != 2 {
				t.Errorf("the Secret was read %d times", w.secretsRead)
			}
			w.failing = nil
			w.connect()
		})
	}
}

func TestAnIntervalIsTheMarketplacesOrTheDefault(t *testing.T) {
	for name, test := range map[string]struct {
		interval *metav1.Duration
		want     time.Duration
	}{
		"unset":    {nil, 10 * time.Minute},
		"zero":     {&metav1.Duration{}, 10 * time.Minute},
		"negative": {&metav1.Duration{Duration: -time.Hour}, 10 * time.Minute},
		"set":      {&metav1.Duration{Duration: time.Hour}, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			object := declared()
			object.Spec.Interval = test.interval
			w := begin(t, object, credentials())
			if got := w.connect().Interval; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
