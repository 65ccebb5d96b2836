// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wording_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/ordercloud-operator/ordercloud-operator/internal/wording"
)

const (
	password = `p&s s"w<ö>rd\7+/`
	token    = "eyJhbGciOiJIUzI1NiJ9.eyJ1c3IiOiJvcGVyYXRvciJ9.c2lnbmF0dXJl-_x"
	key      = "0bQx7-Kd9~client-key"
)

func TestWhatCannotBePrintedBecomesASpace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"a sentence":                       {"The user has an open order.", "The user has an open order."},
		"letters of other languages":       {"Größe, 名前, имя, اسم", "Größe, 名前, имя, اسم"},
		"lines":                            {"one\r\ntwo\n\n\tthree", "one two three"},
		"NUL and bell":                     {"a\x00b\ac", "a b c"},
		"DEL and C1 controls":              {"a\x7fb\u0085c", "a b c"},
		"colours of a terminal":            {"\x1b[31;1mred\x1b[0m alert", "red alert"},
		"an escape sequence of eight bits": {"a\u009b2Jb", "a b"},
		"a title for the terminal's window": {"a\x1b]0;owned\ab\x1b]8;;http://evil.example\x1b\\c",
			"a b c"},
		"an escape sequence that is cut off": {"a\x1b[31", "a [31"},
		"marks that turn the writing":        {"user\u202egnp.exe\u202c \u2066x\u2069\u200f", "user gnp.exe x"},
		"letters without width":              {"ad\u200bmin\ufeff", "ad min"},
		"separators of lines":                {"a\u2028b\u2029c", "a b c"},
		"bytes that are no UTF-8":            {"a\xff\xfeb\xc3", "a b"},
		"only such":                          {"\x00\x1b[0m\xff", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := wording.Printable(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestATextIsCutBetweenTwoLetters(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		most int
		want string
	}{
		"short enough":                {"abc", 3, "abc"},
		"too long":                    {"abcd", 3, "abc…"},
		"a letter of two bytes":       {"aéb", 2, "a…"},
		"a letter of four bytes":      {"😀😀", 7, "😀…"},
		"nothing is left":             {"😀", 1, "…"},
		"a letter that just fits":     {"éé", 2, "é…"},
		"nothing that could be cut":   {"", 0, ""},
		"bytes that are no beginning": {"\x80\x80\x80", 2, "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := wording.Cut(test.text, test.most); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// encoders are how a host may repeat what it was sent.
var encoders = map[string]func(string) string{
	"as it is":             func(text string) string { return text },
	"as a query":           url.QueryEscape,
	"as a path":            url.PathEscape,
	"twice as a query":     func(text string) string { return url.QueryEscape(url.QueryEscape(text)) },
	"in JSON":              inJSON,
	"in JSON in JSON":      func(text string) string { return inJSON(inJSON(text)) },
	"in JSON in a query":   func(text string) string { return url.QueryEscape(inJSON(text)) },
	"in HTML":              html.EscapeString,
	"in base64":            func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) },
	"in base64 for URLs":   func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) },
	"in base64 after one":  func(text string) string { return base64.StdEncoding.EncodeToString([]byte("a" + text + "z")) },
	"in base64 after two":  func(text string) string { return base64.StdEncoding.EncodeToString([]byte("=\"" + text + "&z")) },
	"in hex":               func(text string) string { return hex.EncodeToString([]byte(text)) },
	"in capital hex":       func(text string) string { return strings.ToUpper(hex.EncodeToString([]byte(text))) },
	"with a capital":       func(text string) string { return strings.ToUpper(text[:1]) + text[1:] },
	"coloured in terminal": func(text string) string { return "\x1b[31m" + text + "\x1b[0m" },
}

func inJSON(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(encoded[1 : len(encoded)-1])
}

func TestASecretIsHiddenHoweverItIsEncoded(t *testing.T) {
	t.Parallel()
	private := wording.Private{Secrets: []string{password, token, key, "", password[:8]}}
	for name, encode := range encoders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, secret := range private.Secrets[:3] {
				for _, text := range []string{
					"Seen: " + encode(secret) + " here.", "x" + encode(secret) + "x", `{"Password":"` + encode(secret) + `"}`,
					encode(secret), encode(secret) + encode(secret),
				} {
					got := private.Redact(text)
					if left := remainder(got, encode(secret), 6); left != "" {
						t.Errorf("%q became %q, which has %q", text, got, left)
					}
				}
			}
		})
	}
}

// remainder is a part of the secret that a text still has, of so many bytes.
func remainder(text, secret string, length int) string {
	for index := 0; index+length <= len(secret); index++ {
		if part := secret[index : index+length]; strings.Contains(text, part) {
			return part
		}
	}
	return ""
}

func TestWhatLooksLikeACredentialIsHidden(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"a token of another":       {"Token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_ is old.", "Token (redacted) is old."},
		"a header":                 {"Authorization: Bearer 0123456789abcdef.ghi, Accept: x", "Authorization: (redacted), Accept: x"},
		"a basic header":           {"Authorization: Basic dXNlcjpwYXNzd29yZA== (bad)", "Authorization: (redacted) (bad)"},
		"a form":                   {"grant_type=client_credentials&client_secret=s3cr&scope=x", "grant_type=client_credentials&(redacted)&scope=x"},
		"JSON":                     {`{"access_token": "abc", "a": 1}`, `{"(redacted)", "a": 1}`},
		"JSON in JSON":             {`{\"refresh_token\":\"abc\",\"a\":1}`, `{\"(redacted)\",\"a\":1}`},
		"a sentence about one":     {"Bearer authentication is required; client_secret: is missing.", "Bearer authentication is required; client_secret: is missing."},
		"a token that was cut off": {"Token eyJhbGciOiJSUzI1NiJ9.eyJzd", "Token (redacted)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (wording.Private{}).Redact(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheBeginningOfASecretIsHiddenWhereATextWasCut(t *testing.T) {
	t.Parallel()
	private := wording.Private{Secrets: []string{key}}
	for length := 6; length < len(key); length++ {
		if got := private.Redact("Body: secret=" + key[:length]); got != "Body: secret=(redacted)" {
			t.Errorf("%d: got %q", length, got)
		}
	}
}

func TestASecretThatIsAnOrdinaryWordIsNotToldByItsGap(t *testing.T) {
	t.Parallel()
	const text = "The password does not meet the requirements."
	for _, secret := range []string{"password", "meet the", "The", "n", ""} {
		got := wording.Private{Secrets: []string{secret}}.Redact(text)
		if secret != "meet the" && got != text {
			t.Errorf("%q: got %q", secret, got)
		}
	}
	got := wording.Private{Secrets: []string{"password"}}.Redact(`The password "password" is weak, Password=password.`)
	if want := `The password "(redacted)" is weak, Password=(redacted).`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAPersonalValueIsHiddenAsAWhole(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ value, text, want string }{
		"a word in a sentence":                {"user", "The user has an open order.", "The user has an open order."},
		"a word as another value's beginning": {"user", "Username: username is taken", "Username: username is taken"},
		"a quoted word":                       {"user", `The user "user" exists.`, `The user "(redacted)" exists.`},
		"a word in single quotes":             {"user", `The user 'User' exists.`, `The user '(redacted)' exists.`},
		"a word after a colon":                {"user", "User: user, buyer: acme", "User: (redacted), buyer: acme"},
		"a word after a colon, at the end":    {"user", "taken: user", "taken: (redacted)"},
		"a word that says what is wrong":      {"is", "FirstName: is required", "FirstName: is required"},
		"a word after an equals sign":         {"user", "username=user&x=1", "username=(redacted)&x=1"},
		"a word in JSON":                      {"user", `{"Username":"user"}`, `{"Username":"(redacted)"}`},
		"a word in JSON in JSON":              {"user", `{\"Username\":\"user\"}`, `{\"Username\":\"(redacted)\"}`},
		"a word in a query":                   {"user", `%22Username%22%3A%22user%22`, `%22Username%22%3A%22(redacted)%22`},
		"a word in parentheses":               {"an", "An order (an) is open", "An order ((redacted)) is open"},
		"a short word":                        {"an", "cannot name an order", "cannot name an order"},
		"a name":                              {"Jane", "Jane exists, as JANE does.", "(redacted) exists, as (redacted) does."},
		"a name within a word":                {"Jan", "January is over, Jan", "January is over, (redacted)"},
		"a short name":                        {"Al", "AL cannot call al.", "(redacted) cannot call (redacted)."},
		"an e-mail address":                   {"jane@acme.example", "Email jane@acme.example.", "Email (redacted)."},
		"an e-mail address in a query":        {"jane@acme.example", "?q=jane%40acme.example&x", "?q=(redacted)&x"},
		"an e-mail address after a quote":     {"j@acme.example", "%22j%40acme.example%22", "%22(redacted)%22"},
		"one within a longer one":             {"ne@acme.example", "jane@acme.example", "jane@acme.example"},
		"a number":                            {"555-0100", "Phone 555-0100, 1555-0100", "Phone (redacted), 1555-0100"},
		"a full name over two lines":          {"Jane  Doe", "Mrs Jane\nDoe", "Mrs (redacted)"},
		"a name of other letters":             {"Bö", "Bö, BÖ, Böe", "(redacted), (redacted), Böe"},
		"a name in JSON of ASCII letters":     {"Bö", `"B\u00F6"`, `"(redacted)"`},
		"a value that is no pattern":          {"a.c+(", "abc+( a.c+(", "abc+( (redacted)"},
		"twice in a row":                      {"jane", "jane jane", "(redacted) (redacted)"},
		"one that is no UTF-8":                {"\xff", "a\xffb", "a b"},
		"nothing":                             {"", "as it is", "as it is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (wording.Private{Personal: []string{test.value}}).Redact(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheLongerOfTwoValuesIsHiddenFirst(t *testing.T) {
	t.Parallel()
	private := wording.Private{Personal: []string{"jane.doe", "jane.doe@acme.example"}, Secrets: []string{"long-key", "long-key-and-more"}}
	got := private.Redact("jane.doe is jane.doe@acme.example with long-key-and-more")
	if want := "(redacted) is (redacted) with (redacted)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestARequestsIDIsShortAndPrintable(t *testing.T) {
	t.Parallel()
	private := wording.Private{Secrets: []string{key}}
	for name, test := range map[string]struct{ text, want string }{
		"as OrderCloud's":    {"a1b2c3d4-0000-1111-2222-333344445555", "a1b2c3d4-0000-1111-2222-333344445555"},
		"long":               {strings.Repeat("x", 9000), strings.Repeat("x", 64)},
		"not printable":      {"a\x1b[31mb c\x00é\u202e", "abc"},
		"a secret":           {"id-" + key, "id-(redacted)"},
		"a secret, cut":      {strings.Repeat("x", 60) + key, strings.Repeat("x", 60) + "(red"},
		"nothing":            {"", ""},
		"an unknown token":   {"Bearer " + token, "(redacted)"},
		"a log line's forge": {"id\",\"level\":\"info", `id","level":"info`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := private.Identifier(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWhatJSONHoldsIsCleaned(t *testing.T) {
	t.Parallel()
	private := wording.Private{Secrets: []string{key}, Personal: []string{"jane@acme.example"}}
	for name, test := range map[string]struct{ text, want string }{
		"texts":               {`{"ObjectID":"` + key + `","List":["jane@acme.example",1.50,true,null]}`, `{"List":["(redacted)",1.50,true,null],"ObjectID":"(redacted)"}`},
		"the names of fields": {`{"` + key + `":1}`, `{"(redacted)":1}`},
		"control characters":  {`"a\u001b[31mb\u0000c"`, `"a b c"`},
		"long texts":          {`"` + strings.Repeat("x", 200) + `"`, `"` + strings.Repeat("x", 100) + `…"`},
		"no JSON":             {`{"a`, ``},
		"nothing":             {``, ``},
		"a number":            {`12345678901234567890`, `12345678901234567890`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := private.CleanJSON(json.RawMessage(test.text), 100); string(got) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func FuzzNothingPrivateIsLeft(f *testing.F) {
	f.Add("The secret is ", "s3cr3t-value", " here", 40)
	f.Add("\x1b[31m", "p\x1b[0mass", "\xff", 3)
	f.Add("(redac", "ted)(redacted)", "redacted)", 100)
	f.Fuzz(func(t *testing.T, before, secret, after string, most int) {
		if most < 0 || most > 1000 {
			return
		}
		got := wording.Private{Secrets: []string{secret}, Personal: []string{secret, after}}.Clean(before+secret+after, most)
		if len(got) > most+len("…") || !utf8.ValidString(got) {
			t.Errorf("%q has %d bytes", got, len(got))
		}
		if strings.ContainsFunc(got, func(letter rune) bool { return !unicode.IsPrint(letter) }) {
			t.Errorf("%q cannot be printed", got)
		}
		if len(secret) >= 12 && !strings.ContainsAny(secret, wording.Redacted) &&
			strings.Contains(strings.ReplaceAll(got, wording.Redacted, "\x00"), secret) {
			t.Errorf("%q has the secret %q", got, secret)
		}
	})
}

func TestASecretIsHiddenHoweverItsEchoWasEncoded(t *testing.T) {
	for name, test := range map[string]struct{ secret, echo string }{
		".NET in HTML":            {`Tr0ub"adour&3`, `value Tr0ub&quot;adour&amp;3 refused`},
		".NET in HTML, by number": {`Pässwort9x`, `value P&#228;sswort9x refused`},
		"JavaScript in HTML":      {`it's-Tr0ub`, `value it&#x27;s-Tr0ub refused`},
		".NET in a URL":           {`Tr0ub adour&3`, `value Tr0ub%20adour%263 refused`},
		".NET in a form":          {`Tr0ub adour(3)&`, `value Tr0ub+adour(3)%26 refused`},
		"JavaScript in a URL":     {`Tr0ub adour('3')`, `value Tr0ub%20adour('3') refused`},
		"JSON with its slashes":   {`Tr0ub/adour/3`, `value Tr0ub\/adour\/3 refused`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (wording.Private{Secrets: []string{test.secret}}).Redact(test.echo); got != "value "+wording.Redacted+" refused" {
				t.Errorf("got %q", got)
			}
		})
	}
}
