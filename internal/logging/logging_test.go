// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package logging_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/ordercloud-operator/ordercloud-operator/internal/logging"
)

// optionsOf reads the flags as main does.
func optionsOf(t *testing.T, out *bytes.Buffer, arguments ...string) zap.Options {
	t.Helper()
	var options zap.Options
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	options.BindFlags(flags)
	if err := flags.Parse(arguments); err != nil {
		t.Fatal(err)
	}
	options.DestWriter = out
	return options
}

func TestNoLineIsLeftOutHoweverManyAreAlike(t *testing.T) {
	const burst = 1000
	for _, arguments := range [][]string{nil, {"--zap-log-level=info"}, {"--zap-log-level=debug"}, {"--zap-devel"}} {
		var out bytes.Buffer
		logger := logging.New(optionsOf(t, &out, arguments...)).WithName("deletions").WithValues("marketplace", "shop/default")
		for range burst {
			logger.Info("Deleted")
		}
		if got := strings.Count(out.String(), "Deleted"); got != burst {
			t.Errorf("%q: %d of %d lines are there", arguments, got, burst)
		}
	}
}

func TestTheLogLevelIsTheOneThatIsAskedForUpToFive(t *testing.T) {
	for asked, want := range map[string]int{
		"error": -1, "info": 0, "debug": 1, "2": 2, "5": 5, "6": 5, "9": 5, "10": 5, "127": 5,
	} {
		var out bytes.Buffer
		logger := logging.New(optionsOf(t, &out, "--zap-log-level="+asked))
		got := -1
		for level := range 12 {
			out.Reset()
			logger.V(level).Info("told")
			if told := out.Len() > 0; told != logger.V(level).Enabled() {
				t.Errorf("%s: at %d a line is written: %v, enabled: %v", asked, level, told, !told)
			} else if told {
				got = level
			}
		}
		if got != want {
			t.Errorf("%s: the most verbose line is of level %d, want %d", asked, got, want)
		}
	}
}

func TestNoLogLevelPrintsASecretThatIsReadOrWritten(t *testing.T) {
	const secret = "s3cret-of-the-client"
	t.Cleanup(klog.ClearLogger)
	for level := range 13 {
		for name, sent := range map[string]string{"JSON": runtime.ContentTypeJSON, "protocol buffers": runtime.ContentTypeProtobuf} {
			t.Run(name+" at "+strconv.Itoa(level), func(t *testing.T) {
				var out bytes.Buffer
				options := optionsOf(t, &out)
				if level > 0 {
					options = optionsOf(t, &out, "--zap-log-level="+strconv.Itoa(level))
				}
				logging.SetUp(options)
				secrets := clientOf(t, sent, secret).CoreV1().Secrets("shop")
				written := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Data: map[string][]byte{"clientSecret": []byte(secret)}}
				inPass := logr.NewContext(t.Context(), logging.New(options)) // as controller-runtime has it in a pass
				for _, ctx := range []int{0, 1} {
					asking := t.Context()
					if ctx == 1 {
						asking = inPass
					}
					if _, err := secrets.Get(asking, "a", metav1.GetOptions{}); err != nil {
						t.Fatal(err)
					}
					if _, err := secrets.Update(asking, written, metav1.UpdateOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				klog.Background().Info("written at all")
				if !strings.Contains(out.String(), "written at all") {
					t.Error("klog writes elsewhere")
				}
				if told := decoded(out.String()); strings.Contains(told, secret) || strings.Contains(told, "czNjcmV0LW9mLXRoZS1jbGllbnQ") {
					t.Errorf("the log has the secret: %s", out.String())
				}
			})
		}
	}
}

// clientOf is a client of an API server that answers with a Secret.
func clientOf(t *testing.T, contentType, secret string) kubernetes.Interface {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Content-Type", runtime.ContentTypeJSON)
		_ = json.NewEncoder(writer).Encode(&corev1.Secret{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, Data: map[string][]byte{"clientSecret": []byte(secret)},
		})
	}))
	t.Cleanup(server.Close)
	made, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: contentType}})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// dumped is a line of a dump, as client-go writes bodies that are not text.
var dumped = regexp.MustCompile(`[0-9a-f]{8} {2}((?:[0-9a-f]{2} {1,2}){1,16})`)

// decoded is the log, and after it what the dumps in it stand for.
func decoded(log string) string {
	text := log
	for _, line := range dumped.FindAllStringSubmatch(log, -1) {
		content, err := hex.DecodeString(strings.ReplaceAll(line[1], " ", ""))
		if err == nil {
			text += string(content)
		}
	}
	return text
}
