// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"html"
	"iter"
	"strings"
)

// views are a text as it is, without its escapes, and what it holds in an encoding that
// leaves no letter as it was: of the text, of the unescaped one, and once more of what was
// decoded. They come by what was done to the text.
func views(text string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		name := "as it is"
		for {
			if !yield(name, text) || !decodedViews(name, text, true, yield) {
				return
			}
			plain := unescape(text)
			if plain == text {
				return
			}
			name, text = "unescaped, "+name, plain
		}
	}
}

// decodedViews yields what a text holds in an encoding, and what that holds.
func decodedViews(name, text string, again bool, yield func(string, string) bool) bool {
	for encoding, decode := range decoders {
		decoded := decode(text)
		if decoded == "" {
			continue
		}
		decoded, of := unescape(decoded), name+", "+encoding
		if !yield(of, decoded) || again && !decodedViews(of, decoded, false, yield) {
			return false
		}
	}
	return true
}

// decoders return what a text has in an encoding, and leave the rest out.
var decoders = map[string]func(string) string{
	"base64":           decodeBase64,
	"hexadecimal":      decodeHexadecimal,
	"hexadecimal dump": decodeDump,
}

// unescape undoes one layer of all escapes at once: those of JSON, of URLs and of HTML.
func unescape(text string) string {
	if !strings.ContainsAny(text, `\%&`) {
		return text
	}
	var plain strings.Builder
	plain.Grow(len(text))
	for {
		index := strings.IndexAny(text, `\%&`)
		if index < 0 {
			plain.WriteString(text)
			return plain.String()
		}
		plain.WriteString(text[:index])
		meant, length := unescapeOne(text[index:])
		plain.WriteString(meant)
		text = text[index+length:]
	}
}

// unescapeOne returns what a text begins with if that is an escape, and how long the escape
// is. Anything else means its first letter.
func unescapeOne(text string) (meant string, length int) {
	switch {
	case strings.HasPrefix(text, `\u00`) && len(text) >= 6 && isHexadecimal[text[4]] && isHexadecimal[text[5]]:
		return string(rune(byteOf(text[4], text[5]))), 6
	case text[0] == '\\' && len(text) > 1 && strings.IndexByte(`\"/`, text[1]) >= 0:
		return text[1:2], 2
	case text[0] == '%' && len(text) > 2 && isHexadecimal[text[1]] && isHexadecimal[text[2]]:
		return string([]byte{byteOf(text[1], text[2])}), 3
	case text[0] == '&':
		end := strings.IndexByte(text[:min(len(text), longestEntity)], ';')
		if meant := html.UnescapeString(text[:end+1]); meant != text[:end+1] {
			return meant, end + 1
		}
	}
	return text[:1], 1
}

// longestEntity is how long an entity of HTML may be.
const longestEntity = 12

var (
	isHexadecimal = letters("0123456789abcdefABCDEF")
	isBase64      = letters("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
	digits        = values("0123456789abcdef", "0123456789ABCDEF")
	sextets       = values("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
)

func letters(all string) *[256]bool {
	var are [256]bool
	for index := range len(all) {
		are[all[index]] = true
	}
	return &are
}

// values are what letters stand for: their places in one of the alphabets.
func values(alphabets ...string) *[256]byte {
	var are [256]byte
	for _, alphabet := range alphabets {
		for index := range len(alphabet) {
			are[alphabet[index]] = byte(index)
		}
	}
	return &are
}

func byteOf(high, low byte) byte { return digits[high]<<4 | digits[low] }

// nextRun returns where the next run of letters begins and ends, of which there are at least
// so many. The race detector would only slow it down: all that it reads is its own.
//
//go:norace
func nextRun(text string, from, least int, is *[256]bool) (begin, end int) {
	for begin = from; begin+least <= len(text); begin = end + 1 {
		for end = begin; end < len(text) && is[text[end]]; {
			end++
		}
		if end-begin >= least {
			return begin, end
		}
	}
	return len(text), len(text)
}

// decodeRuns decodes the runs of letters of which there are at least so many. A run may begin
// within a group of letters, which are decoded together.
func decodeRuns(text string, is *[256]bool, least, group int, appendRun func(decoded []byte, run string) []byte) string {
	var decoded []byte
	for begin, end := nextRun(text, 0, least, is); begin < len(text); begin, end = nextRun(text, end, least, is) {
		for offset := range group {
			decoded = append(appendRun(decoded, text[begin+offset:end]), '\n')
		}
	}
	return string(decoded)
}

func decodeBase64(text string) string { return decodeRuns(text, isBase64, part, 4, appendBase64) }

//go:norace
func appendBase64(decoded []byte, run string) []byte {
	for ; len(run) >= 4; run = run[4:] {
		group := uint32(sextets[run[0]])<<18 | uint32(sextets[run[1]])<<12 | uint32(sextets[run[2]])<<6 | uint32(sextets[run[3]])
		decoded = append(decoded, byte(group>>16), byte(group>>8), byte(group))
	}
	switch len(run) { // padding is no part of a run
	case 2:
		decoded = append(decoded, sextets[run[0]]<<2|sextets[run[1]]>>4)
	case 3:
		decoded = append(decoded, sextets[run[0]]<<2|sextets[run[1]]>>4, sextets[run[1]]<<4|sextets[run[2]]>>2)
	}
	return decoded
}

// leastDigits are how many digits there are at least of what is taken for hexadecimal.
const leastDigits = 16

func decodeHexadecimal(text string) string {
	return decodeRuns(text, isHexadecimal, leastDigits, 2, appendHexadecimal)
}

//go:norace
func appendHexadecimal(decoded []byte, run string) []byte {
	for ; len(run) >= 2; run = run[2:] {
		decoded = append(decoded, byteOf(run[0], run[1]))
	}
	return decoded
}

// decodeDump decodes the lines of dumps as hexdump -C and Go print them: an offset of eight
// digits, two spaces, and up to 16 bytes that stand apart.
func decodeDump(text string) string {
	var decoded []byte
	for {
		gap := strings.Index(text, "  ")
		if gap < 0 {
			return string(decoded)
		}
		if begin, end := nextRun(text[max(gap-8, 0):gap], 0, 8, isHexadecimal); end-begin < 8 {
			text = text[gap+1:]
			continue
		}
		text = text[gap+2:]
		for range 16 {
			if len(text) < 2 || !isHexadecimal[text[0]] || !isHexadecimal[text[1]] {
				break
			}
			decoded = append(decoded, byteOf(text[0], text[1]))
			text = strings.TrimPrefix(strings.TrimPrefix(text[2:], " "), " ")
		}
	}
}
