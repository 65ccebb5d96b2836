// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane starts a real kube-apiserver and etcd on this machine,
// for tests, the demo and benchmarks. There is no scheduler and no kubelet:
// objects are stored, validated, defaulted, watched and authorized as in any
// cluster, and nothing else happens to them. Who needs namespaces that go away
// and a garbage collector asks for kube-controller-manager.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// SystemNamespace is where config/default installs the operator.
const SystemNamespace = "ordercloud-system"

// OperatorUser is the name under which the deployed operator talks to the API
// server. Ask for its kubeconfig to run the operator with the rights it has in
// a cluster, and no more.
const OperatorUser = serviceAccountPrefix + SystemNamespace + ":ordercloud-operator"

const (
	// startTimeout is generous: on two cores the API server starts while the
	// compiler keeps both of them busy.
	startTimeout = 90 * time.Second
	// startTimeoutVariable overrides startTimeout; envtest reads it.
	startTimeoutVariable = "KUBEBUILDER_CONTROLPLANE_START_TIMEOUT"
	// serviceAccountPrefix starts the user name of every service account.
	serviceAccountPrefix = "system:serviceaccount:"
)

// Options say what differs from a plain control plane with the project's kinds.
type Options struct {
	// Assets is the directory with kube-apiserver and etcd. Empty: found, or
	// built, by hack/envtest/assets.sh.
	Assets string
	// CRDDirectories hold the CustomResourceDefinitions to install. Nil: the
	// project's own, config/crd/bases. Empty but not nil: none.
	CRDDirectories []string
	// ControllerManager also runs kube-controller-manager, with the controllers
	// that empty and remove a deleted namespace, that collect objects whose
	// owners are gone, and that give the ClusterRoles view, edit and admin the rules
	// of those which they take in. It is found next to the API server, or else found, or
	// built, by hack/envtest/assets.sh. Kinds that are installed after Start come
	// to the garbage collector's attention within half a minute. As in any
	// cluster, a namespace stays for 5 seconds, and for some more each time that
	// a finalizer in it holds the removal up.
	ControllerManager bool
	// APIServerArguments are added to kube-apiserver's command line, or replace
	// what is there: {"v": {"4"}}.
	APIServerArguments map[string][]string
	// Progress receives what a person who waits should see, such as the progress
	// of the first build. Nil: standard error.
	Progress io.Writer
	// Output receives all that the processes print. Nil: only their last lines
	// are kept, to explain a failed start.
	Output io.Writer
}

// ControlPlane is a running kube-apiserver and etcd, and kube-controller-manager
// where it was asked for. Stop it; should this process be killed, they end by
// themselves within seconds.
type ControlPlane struct {
	// AdminConfig reaches the API server as a member of system:masters, without
	// a client-side rate limit worth mentioning.
	AdminConfig *rest.Config

	environment       *envtest.Environment
	controllerManager *controllerManager
	adminKubeconfig   []byte
	directory         string
	guard             *guard
	stopOnce          sync.Once
	stopError         error
}

// Start starts a control plane and waits until it answers and serves the
// project's kinds, and collects garbage if it is to. When it fails, nothing is left running or lying about.
// Cancelling ctx gives up a build of the binaries; a control plane that has
// started is ended by Stop alone.
func Start(ctx context.Context, options Options) (*ControlPlane, error) {
	if options.Progress == nil {
		options.Progress = os.Stderr
	}

	assets, err := findAssets(ctx, options)
	if err != nil {
		return nil, err
	}

	controllerManagerProgram := ""
	if options.ControllerManager {
		if controllerManagerProgram, err = findControllerManager(ctx, assets, options); err != nil {
			return nil, err
		}
	}

	crdDirectories := options.CRDDirectories
	if crdDirectories == nil {
		root, err := Repository()
		if err != nil {
			return nil, err
		}

		crdDirectories = []string{filepath.Join(root, "config", "crd", "bases")}
	}

	// One directory for all that the processes write: envtest's own temporary
	// directories outlive a failed start.
	directory, err := os.MkdirTemp("", "ordercloud-controlplane-")
	if err != nil {
		return nil, fmt.Errorf("create the control plane's data directory: %w", err)
	}

	plane := &ControlPlane{directory: directory}
	plane.environment = newEnvironment(directory, crdDirectories)

	if err := plane.start(ctx, assets, options); err != nil {
		return nil, errors.Join(err, plane.Stop())
	}
	if options.ControllerManager {
		if err := plane.startControllerManager(ctx, controllerManagerProgram, options); err != nil {
			return nil, errors.Join(err, plane.Stop())
		}
	}

	return plane, nil
}

// newEnvironment describes the control plane to envtest.
func newEnvironment(directory string, crdDirectories []string) *envtest.Environment {
	environment := &envtest.Environment{
		CRDDirectoryPaths:     crdDirectories,
		ErrorIfCRDPathMissing: true,
	}
	if os.Getenv(startTimeoutVariable) == "" {
		environment.ControlPlaneStartTimeout = startTimeout
	}

	server := environment.ControlPlane.GetAPIServer()
	server.CertDir = filepath.Join(directory, "certificates")
	// Otherwise the API server looks for the address of the default route, and
	// does not start on a machine that is offline.
	server.Configure().
		Set("advertise-address", "127.0.0.1").
		Set("endpoint-reconciler-type", "none")

	environment.ControlPlane.Etcd = &envtest.Etcd{DataDir: filepath.Join(directory, "data")}
	// Nothing here must survive a power cut, and waiting for the disk is most
	// of what a write costs.
	environment.ControlPlane.Etcd.Configure().Set("unsafe-no-fsync", "true")

	return environment
}

// prepare writes what the processes need to be there before they start.
func (plane *ControlPlane) prepare(assets string) error {
	server, etcd := plane.environment.ControlPlane.APIServer, plane.environment.ControlPlane.Etcd
	for _, directory := range []string{server.CertDir, etcd.DataDir} {
		if err := os.Mkdir(directory, 0o700); err != nil {
			return fmt.Errorf("create the control plane's data directory: %w", err)
		}
	}

	var err error
	if server.Path, err = launcher(plane.directory, filepath.Join(assets, "kube-apiserver")); err != nil {
		return err
	}
	if etcd.Path, err = launcher(plane.directory, filepath.Join(assets, "etcd")); err != nil {
		return err
	}
	plane.guard, err = startGuard(plane.directory)

	return err
}

// start runs the processes, and says why when they do not come up.
func (plane *ControlPlane) start(ctx context.Context, assets string, options Options) error {
	if err := plane.prepare(assets); err != nil {
		return err
	}

	server, etcd := plane.environment.ControlPlane.APIServer, plane.environment.ControlPlane.Etcd
	for name, values := range options.APIServerArguments {
		server.Configure().Set(name, values...)
	}

	last := &tail{limit: 40}
	output := io.Writer(last)
	if options.Output != nil {
		output = io.MultiWriter(options.Output, last)
	}

	server.Out, server.Err, etcd.Out, etcd.Err = output, output, output, output

	config, err := plane.environment.Start()
	// There are no webhooks, yet envtest makes a certificate for them, in a
	// temporary directory of its own choice.
	if unused := plane.environment.WebhookInstallOptions.LocalServingCertDir; unused != "" {
		_ = os.RemoveAll(unused)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("start the control plane: %w\nlast lines of kube-apiserver and etcd:\n%s", err, last)
	}

	plane.AdminConfig = config
	plane.adminKubeconfig, err = kubeconfig(config, "admin")

	return err
}

// Stop ends the processes and removes their data. It may be called more than
// once, and on a control plane that never came up.
func (plane *ControlPlane) Stop() error {
	plane.stopOnce.Do(func() {
		if plane.controllerManager != nil {
			plane.stopError = plane.controllerManager.stop()
		}

		if err := plane.environment.Stop(); err != nil {
			plane.stopError = errors.Join(plane.stopError, fmt.Errorf("stop the control plane: %w", err))
		}

		if err := os.RemoveAll(plane.directory); err != nil {
			plane.stopError = errors.Join(plane.stopError, fmt.Errorf("remove the control plane's data: %w", err))
		}

		if plane.guard != nil {
			plane.stopError = errors.Join(plane.stopError, plane.guard.dismiss())
		}
	})

	return plane.stopError
}

// AdminKubeconfig is a kubeconfig file's content for AdminConfig.
func (plane *ControlPlane) AdminKubeconfig() []byte {
	return plane.adminKubeconfig
}

// Config reaches the API server as user, who may do what RBAC allows and
// nothing more. A service account is in its groups without being told.
func (plane *ControlPlane) Config(user string, groups ...string) (*rest.Config, error) {
	groups = append(serviceAccountGroups(user), groups...)

	added, err := plane.environment.AddUser(envtest.User{Name: user, Groups: groups}, &rest.Config{
		QPS:   plane.AdminConfig.QPS,
		Burst: plane.AdminConfig.Burst,
	})
	if err != nil {
		return nil, fmt.Errorf("add user %s: %w", user, err)
	}

	return added.Config(), nil
}

// Kubeconfig is Config as a kubeconfig file's content, for another process.
func (plane *ControlPlane) Kubeconfig(user string, groups ...string) ([]byte, error) {
	config, err := plane.Config(user, groups...)
	if err != nil {
		return nil, err
	}

	return kubeconfig(config, user)
}

// serviceAccountGroups are the groups the API server gives a service account
// that comes with a token; these users come with a certificate.
func serviceAccountGroups(user string) []string {
	account, isServiceAccount := strings.CutPrefix(user, serviceAccountPrefix)
	if !isServiceAccount {
		return nil
	}

	namespace, _, _ := strings.Cut(account, ":")

	return []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace}
}

// kubeconfig writes config down as a kubeconfig file that needs no other file.
func kubeconfig(config *rest.Config, user string) ([]byte, error) {
	const name = "ordercloud-controlplane"

	content, err := clientcmd.Write(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{name: {
			Server:                   config.Host,
			CertificateAuthorityData: config.CAData,
		}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{user: {
			ClientCertificateData: config.CertData,
			ClientKeyData:         config.KeyData,
		}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: user}},
		CurrentContext: name,
	})
	if err != nil {
		return nil, fmt.Errorf("write the kubeconfig of %s: %w", user, err)
	}

	return content, nil
}
