// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// credential is what looks like one: a JSON Web Token, what follows the word Bearer or
// Basic, and the value of a parameter that is always a secret.
var credential = regexp.MustCompile(`(?i)\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}|` +
	`\b(?:bearer|basic)(?:\s|\+|%20)+[\w.~+/-]{16,}=*|` +
	`\b(?:client_?secret|access_?token|refresh_?token)(?:["'\\]*\s*:\s*["'\\]+|=|%3D|%22%3A%22)[^\s"'&,;<>{}\\]+`)

// beginningLimit is how much of a secret's beginning is hidden at the end of a text, which
// was perhaps cut on its way.
const beginningLimit = 6

// shortest is the length below which an encoded secret occurs in other text by chance.
const shortest = 6

func (p Private) withoutSecrets(text string) string {
	forms := p.forms
	if forms == nil {
		forms = formsOf(p.Secrets)
	}
	for _, form := range forms {
		text = replaceFolded(text, form)
	}
	for _, secret := range p.Secrets {
		if isOrdinary(secret) {
			text = replaceValues(text, secret)
		}
	}
	return credential.ReplaceAllString(text, Redacted)
}

// formsOf are the encodings of all secrets, the longest first, so that one which begins
// another does not leave the other's rest behind.
func formsOf(secrets []string) []string {
	var forms []string
	for _, secret := range secrets {
		if !isOrdinary(secret) {
			forms = append(forms, encodings(secret)...)
		}
	}
	slices.SortStableFunc(forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return slices.Compact(forms)
}

// isOrdinary is true of a secret that other text is likely to contain: to hide it in
// there would tell what it is.
func isOrdinary(secret string) bool { return len(secret) < 4 || vocabulary[strings.ToLower(secret)] }

// textEncodings are how a value is written into a text of a kind.
var textEncodings = []func(string) string{
	url.QueryEscape, url.PathEscape, html.EscapeString, jsonOf, jsonInASCII, Printable,
	percent, percentInDotNet, percentInJavaScript, htmlInDotNet, htmlInJavaScript.Replace, slashes.Replace,
}

// percent is how .NET's Uri.EscapeDataString writes into a URL.
func percent(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// percentInDotNet is how .NET's WebUtility.UrlEncode does.
func percentInDotNet(text string) string {
	return strings.NewReplacer("%21", "!", "%28", "(", "%29", ")", "%2A", "*").Replace(url.QueryEscape(text))
}

// percentInJavaScript is how encodeURIComponent does.
func percentInJavaScript(text string) string {
	return strings.NewReplacer("%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(percent(text))
}

// htmlInDotNet is how .NET writes into HTML: some letters beyond ASCII by their numbers.
func htmlInDotNet(text string) string {
	var written strings.Builder
	for _, letter := range strings.ReplaceAll(html.EscapeString(text), "&#34;", "&quot;") {
		if letter >= 160 && letter < 256 {
			fmt.Fprintf(&written, "&#%d;", letter)
		} else {
			written.WriteRune(letter)
		}
	}
	return written.String()
}

var (
	htmlInJavaScript = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")
	// slashes is how some write JSON.
	slashes = strings.NewReplacer("/", `\/`)
)

// encodings are the forms of a secret, in no order: as it is, written into URLs, JSON and
// HTML and those into each other, and as base64 and hexadecimal digits.
func encodings(secret string) []string {
	forms := []string{secret}
	for range 2 {
		for _, known := range slices.Clone(forms) {
			for _, encode := range textEncodings {
				if form := encode(known); !slices.Contains(forms, form) {
					forms = append(forms, form)
				}
			}
		}
	}
	digits := hex.EncodeToString([]byte(secret))
	forms = append(forms, digits, spaced(digits), spaced(strings.ToUpper(digits)))
	forms = append(forms, base64Of(secret)...)
	return slices.DeleteFunc(forms, func(form string) bool { return len(form) < min(shortest, len(secret)) })
}

// spaced are hexadecimal digits in pairs, as a dump has them.
func spaced(digits string) string {
	var pairs []string
	for index := 0; index < len(digits); index += 2 {
		pairs = append(pairs, digits[index:index+2])
	}
	return strings.Join(pairs, " ")
}

// base64Of are the letters that stand for a secret in base64, alone and within something
// larger, where it begins at any of three places of a group. The letters at both ends
// stand for its neighbours, too, and are left out.
func base64Of(secret string) []string {
	forms := []string{base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret))}
	for before := range 3 {
		padded := append(make([]byte, before), secret...)
		begin, end := (before*8+5)/6, len(padded)*8/6
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if inner := encoding.EncodeToString(padded)[begin:end]; len(inner) >= shortest {
				forms = append(forms, inner)
			}
		}
	}
	return forms
}

func jsonOf(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		return text
	}
	return string(encoded[1 : len(encoded)-1])
}

// jsonInASCII is how .NET, which OrderCloud runs on, writes JSON by default.
func jsonInASCII(text string) string {
	var written strings.Builder
	for _, letter := range text {
		switch {
		case letter == '\\':
			written.WriteString(`\\`)
		case letter < ' ' || letter > '~' || strings.ContainsRune("\"&'+<>`", letter):
			for _, unit := range utf16.Encode([]rune{letter}) {
				fmt.Fprintf(&written, `\u%04X`, unit)
			}
		default:
			written.WriteRune(letter)
		}
	}
	return written.String()
}

// replaceFolded hides a value in any case of ASCII letters, since hexadecimal digits have
// none of their own, and its beginning at the end of the text.
func replaceFolded(text, value string) string {
	if value == "" {
		return text
	}
	folded, needle := foldASCII(text), foldASCII(value)
	var written strings.Builder
	from := 0
	for {
		index := strings.Index(folded[from:], needle)
		if index < 0 {
			break
		}
		written.WriteString(text[from:from+index] + Redacted)
		from += index + len(needle)
	}
	rest := len(text) - beginningAtEnd(folded[from:], needle)
	written.WriteString(text[from:rest])
	if rest < len(text) {
		written.WriteString(Redacted)
	}
	return written.String()
}

// beginningAtEnd is how many bytes of the needle's beginning a text ends with, 0 if they
// are so few that it may be chance.
func beginningAtEnd(text, needle string) int {
	for length := min(len(text), len(needle)-1); length >= beginningLimit; length-- {
		if strings.HasSuffix(text, needle[:length]) {
			return length
		}
	}
	return 0
}

// foldASCII keeps every letter's place, as strings.ToLower does not.
func foldASCII(text string) string {
	folded := []byte(text)
	for index, letter := range folded {
		if letter >= 'A' && letter <= 'Z' {
			folded[index] = letter + 'a' - 'A'
		}
	}
	return string(folded)
}
