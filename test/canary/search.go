// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package canary has secrets of its own go through the operator, and looks for them
// wherever the operator writes to.
package canary

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"iter"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// part is how much of a secret must not be found: the operator or a host may cut it.
const part = 12

// Canaries are the secrets that were let go, by what they are. It is safe for use by many
// goroutines.
type Canaries struct {
	mutex  sync.Mutex
	values map[string]string
}

// Add lets a secret of at least 12 letters go. Of a token only the signature counts: the rest is not unlike other
// tokens.
func (c *Canaries) Add(kind, value string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.values == nil {
		c.values = map[string]string{}
	}
	if signature := value[strings.LastIndex(value, ".")+1:]; len(signature) >= part {
		value = signature
	}
	c.values[value] = kind
}

// Kinds are how many secrets of each kind were let go.
func (c *Canaries) Kinds() map[string]int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	kinds := map[string]int{}
	for _, kind := range c.values {
		kinds[kind]++
	}
	return kinds
}

// In returns what of the secrets a text has, however it is encoded: the kind of secret, and
// how it is written there.
func (c *Canaries) In(text string) []string {
	sought := c.pieces()
	found := map[string]bool{}
	for encoding, view := range views(text) {
		for index := range sought.places(view) {
			kind := sought.kinds[view[index:index+part]]
			found[fmt.Sprintf("%s, %s, after %q", kind, encoding, view[max(index-80, 0):index])] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// pieces are the beginnings and the ends of all secrets.
type pieces struct {
	kinds map[string]string
	// begins says with which two bytes there is a piece.
	begins [1 << 16]bool
}

func (c *Canaries) pieces() *pieces {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	sought := &pieces{kinds: map[string]string{}}
	for value, kind := range c.values {
		for _, piece := range []string{value[:part], value[len(value)-part:]} {
			sought.kinds[piece] = kind
			sought.begins[int(piece[0])<<8|int(piece[1])] = true
		}
	}
	return sought
}

// places are where a text has a piece.
func (p *pieces) places(text string) iter.Seq[int] {
	return func(yield func(int) bool) {
		for index := 0; index+part <= len(text); index++ {
			if !p.begins[int(text[index])<<8|int(text[index+1])] {
				continue
			}
			if _, ok := p.kinds[text[index:index+part]]; ok && !yield(index) {
				return
			}
		}
	}
}

// views are a text as it is, and what is in it when it is decoded, up to twice.
func views(text string) map[string]string {
	all := map[string]string{"as it is": text}
	for range 2 {
		for name, view := range maps.Clone(all) {
			for encoding, decode := range decoders {
				if decoded := decode(view); decoded != view && decoded != "" {
					all[strings.TrimPrefix(name+", "+encoding, "as it is, ")] = decoded
				}
			}
		}
	}
	return all
}

var (
	base64Run = regexp.MustCompile(`[A-Za-z0-9+/_-]{12,}`)
	hexRun    = regexp.MustCompile(`(?i)(?:[0-9a-f]{2}){8,}`)
	dumpLine  = regexp.MustCompile(`[0-9a-f]{8} {2}((?:[0-9a-f]{2} {1,2}){1,16})`)
	unicodes  = regexp.MustCompile(`\\+u00([0-9a-fA-F]{2})`)
)

// decoders return what a text has in an encoding, and leave the rest out or as it is.
var decoders = map[string]func(string) string{
	"URL": func(text string) string {
		return percent.ReplaceAllStringFunc(text, func(run string) string {
			decoded, err := url.PathUnescape(run)
			if err != nil {
				return run
			}
			return decoded
		})
	},
	"HTML": html.UnescapeString,
	"JSON": func(text string) string {
		text = unicodes.ReplaceAllStringFunc(text, func(run string) string {
			code, err := strconv.ParseUint(run[len(run)-2:], 16, 8)
			if err != nil {
				return run
			}
			return string(rune(code))
		})
		return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\/`, `/`).Replace(text)
	},
	"base64": func(text string) string {
		var decoded strings.Builder
		for _, run := range base64Run.FindAllString(text, -1) {
			run = strings.NewReplacer("-", "+", "_", "/").Replace(run)
			for begin := range 4 { // a run may begin within a group
				whole := run[min(begin, len(run)):]
				content, _ := base64.RawStdEncoding.DecodeString(whole[:len(whole)/4*4])
				decoded.Write(content)
				decoded.WriteByte('\n')
			}
		}
		return decoded.String()
	},
	"hexadecimal": func(text string) string {
		var decoded strings.Builder
		for _, run := range hexRun.FindAllString(text, -1) {
			content, _ := hex.DecodeString(run)
			decoded.Write(content)
			decoded.WriteByte('\n')
		}
		return decoded.String()
	},
	"hexadecimal dump": func(text string) string {
		var decoded strings.Builder
		for _, line := range dumpLine.FindAllStringSubmatch(text, -1) {
			content, _ := hex.DecodeString(strings.ReplaceAll(line[1], " ", ""))
			decoded.Write(content)
		}
		return decoded.String()
	},
}

var percent = regexp.MustCompile(`(?:%[0-9A-Fa-f]{2})+`)
