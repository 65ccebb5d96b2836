// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"errors"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const namespace = "shop"

// world is a Kubernetes API, a sandbox of OrderCloud behind HTTP, and one run of
// the operator between them.
type world struct {
	t      *testing.T
	box    *sandbox.Sandbox
	server *httptest.Server
	// kube is the API as people use it; the operator's own writes are counted.
	kube     client.WithWatch
	recorder *events.FakeRecorder
	clock    *clocktesting.FakePassiveClock
	told     []string
	// began is how long the logbook was before.
	began int

	users   *lifecycle.Reconciler[*v1alpha1.BuyerUser]
	configs *lifecycle.Reconciler[*v1alpha1.ImpersonationConfig]

	lock sync.Mutex
	// writes are those of the operator since the last call of forget, in order.
	writes []string
	// dead: the operator's process has ended, and nothing it does has an effect.
	dead bool
	// dieAt is the number of the write at which the process ends, 0 is never.
	dieAt    int
	dieAfter bool
	// hook is called with every write of the operator before it takes effect.
	hook func(write string) error
	// looked, when set, is called once after OrderCloud has answered a look at an
	// object and before the operator sees the answer.
	looked func()
	// beforeLastLook, when set, is called once when the operator asks the API server
	// itself whether a write still stands: as if it had waited long for its turn.
	beforeLastLook func()
	// held, when set, holds every look at OrderCloud until it is closed.
	held chan struct{}
	// arrived counts what is held.
	arrived atomic.Int32
	// alter rewrites OrderCloud's answers: set it before the first pass.
	alter *strings.Replacer
	// lists are the selectors of the operator's lists since the last call of forget.
	lists []string
}

var errDied = errors.New("the process has ended")

func newScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return scheme
}

// begin opens a world with a Marketplace "default" that is ready to use.
func begin(t *testing.T) *world {
	t.Helper()
	box, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, box: box, recorder: events.NewFakeRecorder(1000), began: len(logged(0)),
		clock: clocktesting.NewFakePassiveClock(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)),
	}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0) // dropped connections are meant
	w.server.Start()
	t.Cleanup(w.server.Close)
	t.Cleanup(box.ClearFaults)
	t.Cleanup(w.expectNothingPrivate)

	clientID, clientSecret := box.Credentials()
	w.kube = fake.NewClientBuilder().WithScheme(newScheme(t)).
		WithStatusSubresource(&v1alpha1.BuyerUser{}, &v1alpha1.ImpersonationConfig{}, &v1alpha1.Marketplace{}).
		WithIndex(&v1alpha1.BuyerUser{}, lifecycle.PathIndex, lifecycle.IndexPath(external.BuyerUsers{})).
		WithIndex(&v1alpha1.BuyerUser{}, lifecycle.ExclusiveIndex, lifecycle.IndexExclusive(external.BuyerUsers{})).
		WithIndex(&v1alpha1.ImpersonationConfig{}, lifecycle.PathIndex, lifecycle.IndexPath(external.ImpersonationConfigs{})).
		WithIndex(&v1alpha1.ImpersonationConfig{}, lifecycle.ExclusiveIndex, lifecycle.IndexExclusive(external.ImpersonationConfigs{})).
		WithObjects(
			&corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ordercloud", UID: "secret"},
				Data:       map[string][]byte{"clientID": []byte(clientID), "clientSecret": []byte(clientSecret)},
			},
			&v1alpha1.Marketplace{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default", UID: "marketplace"},
				Spec: v1alpha1.MarketplaceSpec{
					URL: w.server.URL, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
					RateLimit: v1alpha1.RateLimit{RequestsPerSecond: 1000, Concurrency: 16},
				},
			}).
		Build()
	w.start()
	return w
}

// start is a new run of the operator: it remembers nothing.
func (w *world) start() { w.startWith() }

// startWith is a new run that may reach more than the sandbox.
func (w *world) startWith(urls ...string) {
	w.lock.Lock()
	w.dead, w.dieAt = false, 0
	w.lock.Unlock()
	operator := interceptor.NewClient(w.kube, interceptor.Funcs{
		Get:              w.interceptGet,
		List:             w.interceptList,
		Patch:            w.interceptPatch,
		SubResourcePatch: w.interceptStatus,
	})
	endpoints, err := marketplace.ParseEndpoints(append(urls, w.server.URL))
	if err != nil {
		w.t.Fatal(err)
	}
	registry := marketplace.NewRegistry(operator, operator, endpoints, "ordercloud-operator/test")
	w.users = &lifecycle.Reconciler[*v1alpha1.BuyerUser]{
		Client: operator, Live: live{operator, w}, Recorder: w.recorder, Marketplaces: registry, Clock: w.clock,
		Kind: external.BuyerUsers{Reader: operator, Secrets: operator},
	}
	w.configs = &lifecycle.Reconciler[*v1alpha1.ImpersonationConfig]{
		Client: operator, Live: live{operator, w}, Recorder: w.recorder, Marketplaces: registry, Clock: w.clock,
		Kind: external.ImpersonationConfigs{Reader: operator},
	}
}

// live is the API server itself, where Client may be a cache.
type live struct {
	client.Reader

	w *world
}

func (l live) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if happens := l.w.beforeLastLook; happens != nil {
		l.w.beforeLastLook = nil
		happens()
	}
	return l.Reader.Get(ctx, key, object, options...)
}

func (w *world) interceptGet(ctx context.Context, to client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if w.isDead() {
		return errDied
	}
	return to.Get(ctx, key, object, options...)
}

func (w *world) interceptList(ctx context.Context, to client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
	if w.isDead() {
		return errDied
	}
	asked := (&client.ListOptions{}).ApplyOptions(options)
	selector := "everything"
	if asked.FieldSelector != nil {
		selector = asked.FieldSelector.String()
	}
	w.lock.Lock()
	w.lists = append(w.lists, selector)
	w.lock.Unlock()
	return to.List(ctx, list, options...)
}

func (w *world) interceptPatch(ctx context.Context, to client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
	return w.write(ctx, "patch finalizers", func() error { return to.Patch(ctx, object, patch, options...) })
}

func (w *world) interceptStatus(ctx context.Context, to client.Client, name string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
	return w.write(ctx, "patch "+name, func() error { return to.SubResource(name).Patch(ctx, object, patch, options...) })
}

// write counts a write, lets it take effect unless the process ended before, and
// hides its outcome if the process ended after.
func (w *world) write(ctx context.Context, name string, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err // a real client sends nothing
	}
	w.lock.Lock()
	if w.dead {
		w.lock.Unlock()
		return errDied
	}
	w.writes = append(w.writes, name)
	dies := len(w.writes) == w.dieAt
	w.dead = dies
	hook := w.hook
	w.lock.Unlock()
	if dies && !w.dieAfter {
		return errDied
	}
	if hook != nil {
		if err := hook(name); err != nil {
			return err
		}
	}
	err := do()
	if dies {
		return errDied
	}
	return err
}

// serve passes requests on to the sandbox; a process that has ended sends none
// and gets no answer.
func (w *world) serve(writer http.ResponseWriter, request *http.Request) {
	if w.held != nil && request.Method == http.MethodGet {
		w.arrived.Add(1)
		<-w.held
	}
	answer := httptest.NewRecorder()
	do := func() error {
		w.box.ServeHTTP(answer, request)
		return nil
	}
	var err error
	switch {
	case request.Method != http.MethodGet && strings.HasPrefix(request.URL.Path, "/v1/"):
		// A request that has arrived is carried out though its client may leave.
		ctx := context.WithoutCancel(request.Context())
		err = w.write(ctx, request.Method+" "+strings.TrimPrefix(request.URL.Path, "/v1/"), do)
	case w.isDead():
		err = errDied
	default:
		err = do()
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if w.looked != nil && request.Method == http.MethodGet && strings.HasPrefix(request.URL.Path, "/v1/") && request.URL.Path != "/v1/me" {
		looked := w.looked
		w.looked = nil
		looked()
	}
	body := answer.Body.String()
	if w.alter != nil {
		body = w.alter.Replace(body)
	}
	maps.Copy(writer.Header(), answer.Header())
	writer.Header().Del("Content-Length")
	writer.WriteHeader(answer.Code)
	_, _ = io.WriteString(writer, body)
}

func (w *world) isDead() bool {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.dead
}

// untilTick is how long it is until all objects of the Marketplace fall due.
func (w *world) untilTick() time.Duration {
	key := client.ObjectKey{Namespace: namespace, Name: "default"}
	return marketplace.TicksOf(key, marketplace.DefaultInterval).Next(w.clock.Now(), marketplace.DefaultInterval, path.Dir(userPath))
}

func (w *world) pass(object client.Object) (ctrl.Result, error) {
	w.t.Helper()
	return w.passWith(w.t.Context(), object)
}

// passWith makes one pass and reads the resource again.
func (w *world) passWith(ctx context.Context, object client.Object) (ctrl.Result, error) {
	w.t.Helper()
	request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(object)}
	var result ctrl.Result
	var err error
	switch object.(type) {
	case *v1alpha1.BuyerUser:
		result, err = w.users.Reconcile(ctx, request)
	case *v1alpha1.ImpersonationConfig:
		result, err = w.configs.Reconcile(ctx, request)
	}
	w.read(object)
	return result, err
}
